"""An unpacked bundle is verified as the file that it came from: signature, every byte, nothing besides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.bundles import MadeBundle, make_bundle, signing_key
from tests.support.cli import Parity
from tests.support.recorder import Recorder

from parity.pack.singlefile import single_file
from parity.pipeline.rehearsal.verify import verify
from parity.portable.errors import BundleDamaged, BundleUnreadable, SignatureInvalid
from parity.sign import generate_key, make_checker, save_key


@pytest.fixture
def made(tmp_path: Path) -> MadeBundle:
    return make_bundle(tmp_path / "made")


@pytest.fixture
def folder(made: MadeBundle, tmp_path: Path) -> Path:
    (tmp_path / "guard").mkdir()
    subprocess.run(["tar", "-xf", made.path, "-C", tmp_path / "guard"], check=True)
    return tmp_path / "guard" / "parity-bundle"


def test_a_folder_is_verified_as_its_file_is(made: MadeBundle, folder: Path) -> None:
    heard = Recorder()
    assert verify(folder, made.check, heard) == verify(made.path, made.check, Recorder())
    size = made.path.stat().st_size
    assert heard.lines[-1] == f"advance {size}/{size}"


def change(path: str) -> Callable[[Path], None]:
    def altered(folder: Path) -> None:
        data = bytearray((folder / path).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / path).write_bytes(data)

    return altered


def linked(folder: Path) -> None:
    shutil.move(folder / "proof.json", folder.parent / "elsewhere")
    (folder / "proof.json").symlink_to(folder.parent / "elsewhere")


def linked_folder(folder: Path) -> None:
    shutil.move(folder / "wheels", folder.parent / "elsewhere")
    (folder / "wheels").symlink_to(folder.parent / "elsewhere")


def filed(folder: Path) -> None:
    shutil.rmtree(folder / "wheels")
    (folder / "wheels").write_bytes(b"")


def linked_manifest(folder: Path) -> None:
    shutil.move(folder / "manifest.json", folder.parent / "elsewhere")
    (folder / "manifest.json").symlink_to(folder.parent / "elsewhere")


def piped(folder: Path) -> None:
    (folder / "proof.json").unlink()
    os.mkfifo(folder / "proof.json")


def added(folder: Path) -> None:
    with (folder / "proof.json").open("ab") as file:
        file.write(b" ")


def beside(folder: Path) -> None:
    (folder / "wheels" / "one-more-1.0-py3-none-any.whl").write_bytes(b"")


BAD: dict[str, Callable[[Path], None]] = {
    **{f"changed {path}": change(path) for path in (
        "parity-envelope.json", "manifest.json", "proof.json", "wheels/alpha-1.0-py3-none-any.whl"
    )},
    "longer": added,
    "shorter": lambda folder: os.truncate(folder / "proof.json", 3),
    "missing": lambda folder: (folder / "proof.json").unlink(),
    "a link": linked,
    "a linked folder": linked_folder,
    "a file for a folder": filed,
    "a linked manifest": linked_manifest,
    "a pipe": piped,
    "a file more": beside,
    "a folder more": lambda folder: (folder / "more").mkdir(),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_folder_that_is_not_what_was_signed_is_refused(made: MadeBundle, folder: Path, what: str) -> None:
    BAD[what](folder)
    with pytest.raises((BundleDamaged, SignatureInvalid)):
        verify(folder, made.check, Recorder())


def test_who_signed_counts_as_for_a_file(made: MadeBundle, folder: Path) -> None:
    with pytest.raises(SignatureInvalid):
        verify(folder, make_checker([generate_key().public]), Recorder())
    (folder / "parity-envelope.json").unlink()
    with pytest.raises(SignatureInvalid, match="no signature"):
        verify(folder, made.check, Recorder())


def test_a_folder_that_is_no_bundle_says_so(made: MadeBundle, folder: Path) -> None:
    with pytest.raises(BundleUnreadable, match="folder above an unpacked one"):
        verify(folder.parent, made.check, Recorder())
    with pytest.raises(BundleUnreadable, match=r"no manifest\.json in"):
        verify(folder.parent.parent, made.check, Recorder())


def test_both_sides_commands_take_a_folder(made: MadeBundle, folder: Path, tmp_path: Path) -> None:
    public = save_key(tmp_path / "k.key", signing_key())
    (tmp_path / "home").mkdir()
    near = Parity(tmp_path / "home").run("verify", folder, "--key", public, "--json").document
    assert (near["verified"], near["payload_sha256"]) == (True, made.built.payload_sha256)
    said = Parity(tmp_path / "home").run("verify", ".", "--key", public, cwd=folder).stdout
    assert "install.sh PREFIX" in said
    assert "tar xf" not in said
    (tmp_path / "farside.py").write_text(single_file())
    far = [sys.executable, str(tmp_path / "farside.py"), "verify", str(folder), "--key", str(public)]
    done = subprocess.run(far, check=False, capture_output=True, text=True)
    assert (done.returncode, "every byte as signed" in done.stdout) == (0, True), done.stderr
    beside(folder)
    done = subprocess.run(far, check=False, capture_output=True, text=True)
    assert done.returncode == BundleDamaged.exit_code
    assert "one-more" in done.stderr


def test_a_damaged_folder_is_unpacked_again_and_not_the_bundle_carried_again(
    made: MadeBundle, folder: Path
) -> None:
    readme = folder / "README.txt"
    for altered in (b"other bytes", readme.read_bytes() + b"x", b""):
        readme.write_bytes(altered)
        with pytest.raises(BundleDamaged) as caught:
            verify(folder, made.check, Recorder())
        assert caught.value.remedy == "unpack the bundle again, into an empty folder"
    shutil.rmtree(folder)
    subprocess.run(["tar", "-xf", made.path, "-C", folder.parent], check=True)
    verify(folder, made.check, Recorder())
