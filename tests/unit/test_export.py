"""Images and environments made from bundles: canonical layers, sealed files, and what is refused of them."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.bundles import signing_key
from tests.support.signed import alpha, signed
from typer.testing import CliRunner

from parity.cli.app import app
from parity.errors import (
    EngineLost,
    HashMismatch,
    OptionConflict,
    RehearsalFailed,
    SystemPackagesFailed,
    WriteFailed,
)
from parity.export import moving, oci
from parity.export.base import base_layers, keep_layers, kept_layers
from parity.export.environment import demand_prefix
from parity.export.kept import KeptFiles
from parity.export.layer import EnvironmentLayer, Folder, LayerPlace
from parity.export.moving import RelocatedFile
from parity.export.sealed import Sealed, file_entry, write_sealed
from parity.export.spool import NewSpool, Spool, spooling
from parity.export.system_layer import system_layer
from parity.export.taking import TakenFile
from parity.farside.cli.main import main
from parity.model import BundleIdentity, word_fault
from parity.pack import STOCK_CHECK, loaders
from parity.portable.bundle import export, ustar
from parity.portable.bundle.envelope import ENVIRONMENT, IMAGE
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.bundle.reader import open_bundle
from parity.portable.errors import BundleDamaged, BundleUnreadable, SignatureInvalid
from parity.progress import Silent
from parity.sign import generate_key, make_checker, make_sealer

TARGET = {
    "os": {"id": "debian", "version": "12"},
    "libc": {"family": "glibc", "version": [2, 36]},
    "python": "3.11",
    "arch": "x86_64",
    "implementation": "cpython",
}
TOPS = {IMAGE: "parity-image/", ENVIRONMENT: "parity-environment/"}


def document(predicate: str) -> Any:
    image = {
        "name": "localhost/demo:1.0",
        "user": "65534:65534",
        "config": "1" * 64,
        "manifest": "2" * 64,
        "base": ["3" * 64],
        "on_site": None,
    }
    return {
        "format": export.FORMAT,
        "bundle": "4" * 64,
        "target": TARGET,
        "prefix": "/opt/demo",
        "packages": [{"name": "alpha", "version": "1.0"}],
        "image": image if predicate == IMAGE else None,
    }


def sealed(folder: Path, predicate: str = IMAGE, **more: Any) -> Sealed:
    identity = BundleIdentity("demo", "1.0", 1, "here")
    seal = make_sealer([signing_key()], identity, "0" * 64, predicate)
    (folder / "sender.pub").write_bytes(signing_key().public.pem)
    files = [*more.pop("body", ()), ("blobs/sha256/5", b"x" * 4000)]
    body = (chunk for name, data in files for chunk in file_entry(name, len(data), (data,)))
    tried = more.pop("tried", lambda: None)
    told: Any = {**document(predicate), **more}
    top = TOPS[predicate]
    return write_sealed(
        folder / "demo.tar", top, told, body, seal, tried=tried, reporter=Silent(), total=4000
    )


def verified(path: Path) -> export.VerifiedExport:
    with open_bundle(str(path)) as file:
        return export.verify_export(file, make_checker([signing_key().public]))


# --- the file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("predicate", TOPS)
def test_a_sealed_file_is_a_tar_that_both_sides_verify(
    tmp_path: Path, predicate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sealed(tmp_path, predicate)
    assert verified(made.path).document == document(predicate)
    with tarfile.open(made.path) as tar:
        top = TOPS[predicate]
        assert tar.getnames() == [top + "parity-envelope.json", top + "manifest.json", "blobs/sha256/5"]
    key = str(tmp_path / "sender.pub")
    assert main("", ["verify", str(made.path), "--key", key, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["vehicle"], told["prefix"]) == (
        True,
        export.VEHICLES[predicate],
        "/opt/demo",
    )
    near = CliRunner().invoke(app, ["verify", str(made.path), "--key", key, "--json"])
    assert json.loads(near.stdout)["payload_sha256"] == made.payload_sha256
    again = CliRunner().invoke(app, ["verify", str(made.path), "--key", key, "--rehearse"])
    assert isinstance(again.exception, OptionConflict)


@pytest.mark.parametrize("predicate", TOPS)
def test_any_byte_that_is_touched_is_seen(tmp_path: Path, predicate: str) -> None:
    made = sealed(tmp_path, predicate)
    good = made.path.read_bytes()
    places = [*range(0, HEAD_SIZE, 997), *range(HEAD_SIZE, len(good), 61), len(good) - 1]
    for place in places:
        made.path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises((BundleDamaged, SignatureInvalid)):
            verified(made.path)
    for other in (good[:-512], good + bytes(512), good[:HEAD_SIZE], good[:100], b""):
        made.path.write_bytes(other)
        with pytest.raises(BundleDamaged):
            verified(made.path)


@pytest.mark.parametrize("predicate", TOPS)
def test_the_lines_of_the_readme_check_it_with_openssl_alone(tmp_path: Path, predicate: str) -> None:
    made = sealed(tmp_path, predicate)
    words: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True}
    lines = f"BUNDLE={made.path} KEY=sender.pub\n{STOCK_CHECK}"
    assert "OK" in subprocess.run(["sh", "-c", lines], check=False, **words).stdout.splitlines()[-1]
    data = bytearray(made.path.read_bytes())
    data[-700] ^= 1
    made.path.write_bytes(data)
    done = subprocess.run(["sh", "-c", lines], check=False, **words)
    assert (done.returncode != 0, "payload: " in done.stdout) == (True, False)


def test_a_strangers_key_is_not_trusted(tmp_path: Path) -> None:
    made = sealed(tmp_path)
    with open_bundle(str(made.path)) as file, pytest.raises(SignatureInvalid):
        export.verify_export(file, make_checker([generate_key().public]))


def test_a_signed_manifest_of_another_vehicle_is_refused(tmp_path: Path) -> None:
    made = sealed(tmp_path, ENVIRONMENT, image=document(IMAGE)["image"])
    with pytest.raises(BundleDamaged, match="another vehicle"):
        verified(made.path)


@pytest.mark.parametrize(
    "hostile",
    [
        {"prefix": "/opt/$(x)"},
        {"prefix": "--help"},
        {"image": {**document(IMAGE)["image"], "name": "--privileged"}},
        {"image": {**document(IMAGE)["image"], "user": "0 --rm"}},
        {"image": {**document(IMAGE)["image"], "on_site": "-v=/:/host"}},
    ],
)
def test_a_signed_manifest_cannot_hold_words_that_a_command_would_obey(
    hostile: dict[str, Any],
) -> None:
    with pytest.raises(BundleDamaged, match="must be"):
        export.encode(cast("Any", {**document(IMAGE), **hostile}))


@pytest.mark.parametrize(("predicate", "remedy"), [(IMAGE, "load"), (ENVIRONMENT, "tar alone")])
def test_what_wants_a_bundle_says_what_this_is(
    tmp_path: Path, predicate: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sealed(tmp_path, predicate)
    key, place = str(tmp_path / "sender.pub"), str(tmp_path / "prefix")
    for words in (["install", str(made.path), "--key", key, "--prefix", place], ["inspect", str(made.path)]):
        assert main("", [*words, "--json"]) == BundleUnreadable.exit_code
        error = json.loads(capsys.readouterr().out)["error"]
        assert "no bundle" in error["message"]
        assert remedy in error["remedy"]
    assert not Path(place).exists()


def test_load_takes_images_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = str(tmp_path / "sender.pub")
    environment = sealed(tmp_path, ENVIRONMENT)
    bundle = signed(tmp_path / "bundle", alpha(tmp_path / "w", "1.0"))
    for path, said in ((environment.path, "no image"), (bundle.path, "this is a bundle")):
        assert main("", ["load", str(path), "--key", key, "--json"]) == BundleUnreadable.exit_code
        assert said in json.loads(capsys.readouterr().out)["error"]["message"]


# --- install.sh --load ------------------------------------------------------------------------------------


def unpacked(folder: Path, predicate: str = IMAGE) -> Path:
    """A sealed file under an image's name, and beside it the folder that tar takes out of it."""
    made = sealed(
        folder, predicate, body=[(TOPS[predicate] + name, data) for name, data in loaders().items()]
    )
    archive = made.path.rename(folder / "demo.image.tar")
    subprocess.run(["tar", "-xf", archive, "-C", folder, TOPS[predicate].rstrip("/")], check=True)
    return archive


def install_sh(folder: Path, *words: str) -> dict[str, Any]:
    """What `sh install.sh WORDS --json` says; it must be refused."""
    command = ["sh", str(folder / "install.sh"), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode, done.stdout
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    assert error["exit_code"] == done.returncode
    return error


def test_an_image_brings_what_verifies_it_before_it_is_loaded(tmp_path: Path) -> None:
    archive = unpacked(tmp_path)
    place, key = tmp_path / "parity-image", str(tmp_path / "sender.pub")
    # With or without a podman on this machine: none takes this for an image, and by then it was verified.
    for words in (["--load", "podman"], ["--load", "podman", str(archive)], ["load", "--with", "podman"]):
        assert install_sh(place, *words, "--key", key)["kind"] == "InstallFailed"
    # Docker where none is named.
    assert "docker" in install_sh(place, "--load", "--key", key)["message"]
    (tmp_path / "other.pub").write_bytes(generate_key().public.pem)
    other = str(tmp_path / "other.pub")
    assert install_sh(place, "--load", "podman", "--key", other)["kind"] == "SignatureInvalid"
    data = bytearray(archive.read_bytes())
    data[-2000] ^= 1
    archive.write_bytes(data)
    assert install_sh(place, "--load", "podman", "--key", key)["kind"] == "BundleDamaged"


def test_load_finds_the_one_image_beside_its_folder(tmp_path: Path) -> None:
    archive = unpacked(tmp_path)
    key = str(tmp_path / "sender.pub")
    (tmp_path / "second.image.tar").write_bytes(archive.read_bytes())
    said = install_sh(tmp_path / "parity-image", "--load", "podman", "--key", key)
    assert "2 images lie beside" in said["message"]
    for each in tmp_path.glob("*.image.tar"):
        each.unlink()
    said = install_sh(tmp_path / "parity-image", "--load", "podman", "--key", key)
    assert ("no image was named" in said["message"], "*.image.tar" in said["remedy"]) == (True, True)


def test_the_installer_of_one_vehicle_refuses_the_words_of_another(tmp_path: Path) -> None:
    unpacked(tmp_path)
    for word in ("/opt/app", "app"):
        said = install_sh(tmp_path / "parity-image", word)
        assert ("no bundle" in said["message"], "--load docker" in said["remedy"]) == (True, True)
    bundle = signed(tmp_path / "bundle", alpha(tmp_path / "w", "1.0")).unpack(tmp_path / "unpacked")
    said = install_sh(bundle, "--load", "docker")
    assert ("no image" in said["message"], "install.sh PREFIX" in said["remedy"]) == (True, True)


# --- the environment's files ----------------------------------------------------------------------------


def member(name: str, data: bytes | None = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data or b""), 0o644
    if data is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o700
    for key, value in more.items():
        setattr(info, key, value)
    return info, data or b""


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> list[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return [buffer.getvalue()]


@pytest.fixture
def new(tmp_path: Path) -> Iterator[NewSpool]:
    with spooling(tmp_path) as made:
        yield made


PLACE = LayerPlace("/opt/app", "opt/app/", above=True)


def layer(
    new: NewSpool, *members: tuple[tarfile.TarInfo, bytes], place: LayerPlace = PLACE
) -> EnvironmentLayer:
    """The same files, without the folder above them, all of their bytes there."""
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}
    made = EnvironmentLayer(place, new())
    made.above([Folder("/opt", 0o755, 0, 0)])
    made.begin(
        [
            TakenFile(
                info.name.partition("/")[2],
                kinds.get(info.type, "other"),
                info.mode,
                len(data),
                info.linkname,
            )
            for info, data in members
        ]
    )
    for _, data in members:
        made.feed(data)
    return made


def whole(made: EnvironmentLayer) -> bytes:
    return b"".join(made.end(whole=True).chunks())


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


SOUND = (
    member("app/bin", None),
    member("app/bin/tool", b"#!/opt/app/bin/python\n", mode=0o750, uid=1000, mtime=99, uname="me"),
    link("app/bin/python", "/usr/bin/python3.11"),
    link("app/lib64", "lib"),
    member("app/lib", None),
    member("app/lib/é.py", b"x = 1\n", mtime=5),
    member("app/lib/" + "long" * 40 + ".py", b""),
)


def test_the_same_files_give_the_same_layer_whoever_has_them(new: NewSpool) -> None:
    made = whole(layer(new, *SOUND))
    others = [member(info.name, None if info.isdir() else data, mode=0o700) for info, data in SOUND[:2]]
    assert whole(layer(new, *others, *SOUND[2:])) == made
    assert len(made) == layer(new, *SOUND).stream.promised() + len(ustar.END)
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        found = {each.name: each for each in tar}
        assert list(found)[:3] == ["opt", "opt/app", "opt/app/bin"]
        assert "opt/app/lib/é.py" in found
        assert {(each.uid, each.gid, each.mtime, each.uname) for each in found.values()} == {(0, 0, 0, "")}
        assert found["opt/app/bin/tool"].mode == 0o755
        assert found["opt/app/bin/python"].linkname == "/usr/bin/python3.11"
        content = tar.extractfile("opt/app/lib/é.py")
        assert content is not None
        assert content.read() == b"x = 1\n"


@pytest.mark.parametrize(
    "bad",
    [
        member("app/lib/.wh.other", b""),
        link("app/lib/out", "/etc/passwd"),
        link("app/lib/out", "../../../etc"),
        member("app/lib/device", type=tarfile.CHRTYPE),
        member("app/lib/pipe", type=tarfile.FIFOTYPE),
    ],
    ids=lambda one: str(one[0].name),
)
def test_what_no_environment_may_hold_is_refused(new: NewSpool, bad: Any) -> None:
    with pytest.raises(HashMismatch) as refused:
        layer(new, bad)
    assert "without the package that brings it" in refused.value.remedy


PLAIN = ["opt/app", "/", "/opt/../etc", "/opt/a b", "/opt/app/", "/opt/$(x)"]
ENGINES = ["/proc/x", "/etc/hosts", "/etc/hostname/app", "/etc/resolv.conf"]


@pytest.mark.parametrize("prefix", PLAIN + ENGINES)
def test_a_prefix_is_a_plain_absolute_path_that_no_engine_hides(prefix: str) -> None:
    with pytest.raises(OptionConflict):
        demand_prefix(prefix)


def test_a_prefix_beside_what_engines_bring_is_taken() -> None:
    for prefix in ("/etc/hosts.d", "/etc/hostnames", "/etc/app", "/srv/etc/hosts"):
        demand_prefix(prefix)


# --- the base and the documents ---------------------------------------------------------------------------


def test_what_its_trial_refuses_is_not_written_though_it_was_being_written(tmp_path: Path) -> None:
    def tried() -> None:
        assert any(each.stat().st_size > 4000 for each in tmp_path.iterdir())
        raise RehearsalFailed("it does not run")

    with pytest.raises(RehearsalFailed):
        sealed(tmp_path, tried=tried)
    assert [each.name for each in tmp_path.iterdir()] == ["sender.pub"]


def kept(new: NewSpool, files: KeptFiles, *layers: bytes) -> list[str]:
    """Keep layers; gives their digests."""
    spooled = [new().add([each]) for each in layers]
    for each in spooled:
        files.keep(each)
    return [f"sha256:{each.sha256}" for each in spooled]


def test_layers_are_read_where_an_earlier_export_kept_them(new: NewSpool, tmp_path: Path) -> None:
    files = KeptFiles(tmp_path / "cache", ".tar")
    digests = kept(new, files, b"one", b"two" * 1_000_000)
    found = kept_layers(files, digests, new)
    assert found is not None
    assert [b"".join(found[each].chunks()) for each in digests] == [b"one", b"two" * 1_000_000]
    assert kept_layers(files, [*digests, "sha256:" + "0" * 64], new) is None
    assert kept_layers(KeptFiles(), digests, new) is None


@pytest.mark.parametrize("damage", [b"", b"tw", b"two+", b"TWO"])
def test_a_layer_that_is_another_now_is_saved_again(new: NewSpool, tmp_path: Path, damage: bytes) -> None:
    files = KeptFiles(tmp_path, ".tar")
    digests = kept(new, files, b"one", b"two")
    path = tmp_path / f"{digests[1].removeprefix('sha256:')}.tar"
    path.write_bytes(damage)
    assert kept_layers(files, digests, new) is None
    assert not path.exists()
    assert kept_layers(files, digests[:1], new) is not None


def test_what_is_kept_already_is_not_written_again(new: NewSpool, tmp_path: Path) -> None:
    files = KeptFiles(tmp_path, ".tar")
    kept(new, files, b"one")
    (path,) = tmp_path.iterdir()
    first = path.stat().st_ino
    kept(new, files, b"one")
    assert path.stat().st_ino == first
    path.write_bytes(b"o")
    kept(new, files, b"one")
    assert path.read_bytes() == b"one"


def test_what_is_no_file_is_no_kept_layer(new: NewSpool, tmp_path: Path) -> None:
    files = KeptFiles(tmp_path, ".tar")
    os.mkfifo(tmp_path / ("1" * 64 + ".tar"))
    (tmp_path / ("2" * 64 + ".tar")).mkdir()
    for digit in "12":
        assert files.find(digit * 64, new) is None


@pytest.mark.parametrize("change", [b"", b"tw", b"TWO", b"two+"])
def test_a_layer_that_changes_while_it_is_read_is_in_no_export(
    new: NewSpool, tmp_path: Path, change: bytes
) -> None:
    files = KeptFiles(tmp_path, ".tar")
    [digest] = kept(new, files, b"two")
    found = kept_layers(files, [digest], new)
    path = tmp_path / f"{digest.removeprefix('sha256:')}.tar"
    path.write_bytes(change)
    assert found is not None
    if change == b"two+":  # what the digest is of is still there
        assert b"".join(found[digest].chunks()) == b"two"
        return
    with pytest.raises(HashMismatch) as caught:
        list(found[digest].chunks())
    assert caught.value.where == str(path)


def test_a_layer_that_cannot_be_read_to_its_end_is_saved_again(
    new: NewSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = KeptFiles(tmp_path, ".tar")
    digests = kept(new, files, b"two")

    def broken(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pread", broken)
    assert kept_layers(files, digests, new) is None
    assert not list(tmp_path.glob("*.tar"))


def test_pruning_takes_what_a_killed_run_left_and_passes_by_what_is_not_ours(
    new: NewSpool, tmp_path: Path
) -> None:
    files = KeptFiles(tmp_path, ".tar")
    [digest] = kept(new, files, b"two")
    (tmp_path / f".{digest.removeprefix('sha256:')}.tar.{'0' * 16}.tmp").write_bytes(b"tw")
    (tmp_path / ("2" * 64 + ".tar")).mkdir()
    assert files.prune(0) == (1, 3)
    assert [each.name for each in tmp_path.iterdir()] == ["2" * 64 + ".tar"]


def test_where_layers_cannot_be_kept_it_is_told_which_place_does_not_let_us(
    new: NewSpool, tmp_path: Path
) -> None:
    (tmp_path / "layers").write_text("no folder")
    blob = new().add([b"one"])
    assert str(tmp_path / "layers") in keep_layers(KeptFiles(tmp_path / "layers", ".tar"), [blob])
    assert keep_layers(KeptFiles(tmp_path / "others", ".tar"), [blob, blob]) == ""


def test_layers_of_no_use_are_pruned_and_no_other_file(new: NewSpool, tmp_path: Path) -> None:
    files = KeptFiles(tmp_path, ".tar")
    old, used, young = kept(new, files, b"old", b"used", b"young")
    (tmp_path / "mine.tar").write_bytes(b"x")
    for each in (old, used):
        os.utime(tmp_path / f"{each.removeprefix('sha256:')}.tar", (1, 1))
    os.utime(tmp_path / "mine.tar", (1, 1))
    assert files.find(used.removeprefix("sha256:"), new) is not None
    assert files.prune(30) == (1, 3)
    assert kept_layers(files, [used, young], new) is not None
    assert kept_layers(files, [old], new) is None
    assert (tmp_path / "mine.tar").exists()
    assert files.prune(0)[0] == 2
    assert KeptFiles(tmp_path / "none").prune(0) == KeptFiles().prune(0) == (0, 0)


def test_layers_are_found_by_what_they_are_plain_or_packed(new: NewSpool) -> None:
    one, two = b"first layer" * 100, b"second layer" * 100
    digests = ["sha256:" + hashlib.sha256(each).hexdigest() for each in (one, two)]
    saved = archive(
        member("a/layer.tar", one), member("blobs/sha256/x", gzip.compress(two)), member("b", b"c")
    )
    found = base_layers(saved, digests, new)
    assert [b"".join(found[each].chunks()) for each in digests] == [one, two]
    with pytest.raises(HashMismatch, match="did not save the layer"):
        base_layers(archive(member("a/layer.tar", one)), digests, new)
    with pytest.raises(EngineLost):
        base_layers([b"nonsense" * 100], digests, new)


def test_a_layer_of_system_packages_keeps_owners_and_rights_and_drops_what_is_of_one_moment(
    new: NewSpool,
) -> None:
    (whole,) = archive(
        member("var", None),
        member("var/log", None),
        member("var/log/dpkg.log", b"now"),
        member("usr/bin/su", b"x", mode=0o4755, mtime=77),
        member("usr/bin/second", type=tarfile.LNKTYPE, linkname="usr/bin/su"),
        member("var/lib/mail", b"x", uid=8, gid=12, uname="mail"),
        member("usr/lib/__pycache__/a.pyc", b"time"),
        member("etc/.wh.gone", b""),
        link("usr/lib/a.so", "a.so.1"),
    )
    spool = new()
    spool.add((b"before" * 100,))
    layer = system_layer(spool.add((whole,)), new)
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer.chunks()))) as tar:
        found = {each.name: each for each in tar}
    names = ["etc/.wh.gone", "usr/bin/su", "usr/lib/a.so", "var", "var/lib/mail", "usr/bin/second"]
    assert list(found) == names
    assert found["usr/bin/su"].mode == 0o4755
    assert (found["var/lib/mail"].uid, found["var/lib/mail"].gid, found["var/lib/mail"].uname) == (8, 12, "")
    assert {each.mtime for each in found.values()} == {0}
    assert found["usr/bin/second"].linkname == "usr/bin/su"


@pytest.mark.parametrize(
    "bad",
    [
        member("dev2/null", type=tarfile.CHRTYPE),
        member("usr/bin/ping", b"x", pax_headers={"SCHILY.xattr.security.capability": "raw"}),
        member("../out", b"x"),
    ],
    ids=lambda one: str(one[0].name),
)
def test_what_a_layer_of_system_packages_cannot_hold_is_refused(new: NewSpool, bad: Any) -> None:
    with pytest.raises(SystemPackagesFailed, match="cannot hold"):
        system_layer(new().add(archive(bad)), new)


def test_the_documents_of_an_image_name_each_other() -> None:
    plan = oci.ImagePlan(
        name="localhost/demo:1.0",
        platform="linux/arm64/v8",
        environment=("LANG=C.UTF-8", "PATH=/bin"),
        prefix="/opt/demo",
        user="65534:65534",
        entrypoint=("serve", "--all"),
        labels={"org.opencontainers.image.title": "demo"},
    )
    layers = [
        oci.ImageLayer("sha256:" + "1" * 64, 10, "base"),
        oci.ImageLayer("sha256:" + "2" * 64, 20, "own"),
    ]
    told = oci.describe(plan, layers)
    config, manifest, index = (json.loads(each) for each in (told.config, told.manifest, told.index))
    assert index["manifests"][0]["digest"] == "sha256:" + hashlib.sha256(told.manifest).hexdigest()
    assert manifest["config"]["digest"] == "sha256:" + hashlib.sha256(told.config).hexdigest()
    assert [each["digest"] for each in manifest["layers"]] == config["rootfs"]["diff_ids"]
    assert config["variant"] == "v8"
    assert config["config"] == {
        "Entrypoint": ["serve", "--all"],
        "Env": ["LANG=C.UTF-8", "PATH=/opt/demo/bin:/bin", "VIRTUAL_ENV=/opt/demo"],
        "Labels": {"org.opencontainers.image.title": "demo"},
        "User": "65534:65534",
        "WorkingDir": "/",
    }
    (docker,) = json.loads(told.docker)
    assert docker["RepoTags"] == ["localhost/demo:1.0"]
    assert told == oci.describe(plan, layers)


# --- moving an environment ----------------------------------------------------------------------------------


@pytest.fixture
def lying(tmp_path: Path) -> Path:
    """An environment that was made for /opt/app and lies elsewhere."""
    place = tmp_path / "elsewhere" / "app"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "tool").write_text("#!/opt/app/bin/python\nprint('/opt/app2', '/opt/app')\n")
    (place / "bin" / "tool").chmod(0o755)
    (place / "pyvenv.cfg").write_text("home = /usr/bin\ncommand = python -m venv /opt/app\n")
    (place / "bin" / "alone").write_text("not /opt/app in the list\n")
    (place / moving.SCRIPT).write_bytes(
        moving.script([RelocatedFile("bin/tool"), RelocatedFile("pyvenv.cfg"), RelocatedFile("bin/gone")])
    )
    (place / moving.MARK).write_text("/opt/app\n")
    return place


def relocated(place: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(place / moving.SCRIPT)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_the_script_makes_it_work_where_it_lies_each_time_it_is_moved(lying: Path) -> None:
    assert relocated(lying).returncode == 0
    assert (lying / "bin" / "tool").read_text() == f"#!{lying}/bin/python\nprint('/opt/app2', '{lying}')\n"
    assert (lying / "bin" / "tool").stat().st_mode & 0o777 == 0o755
    assert (lying / "pyvenv.cfg").read_text() == f"home = /usr/bin\ncommand = python -m venv {lying}\n"
    assert "/opt/app" in (lying / "bin" / "alone").read_text()
    assert "already" in relocated(lying).stdout
    there = lying.parent / "a.pp+2"
    lying.rename(there)
    assert relocated(there).returncode == 0
    assert (there / "bin" / "tool").read_text().startswith(f"#!{there}/bin/python\n")
    back = lying.parent / "xapp"
    there.rename(back)
    assert relocated(back).returncode == 0
    assert (back / "bin" / "tool").read_text().startswith(f"#!{back}/bin/python\n")


def test_programs_that_begin_as_scripts_are_right_after_a_move(new: NewSpool, tmp_path: Path) -> None:
    """An archive of modules (PEP 441), a script of more than a MiB, one in a folder of `bin`."""
    archived, large = b"PK\x03\x04\0/opt/app/bin\n\0\xff", b"# /opt/app/bin of a large script\n" * 50_000
    two = b"#!/bin/sh\n'''exec' /opt/app/bin/python \"$0\" \"$@\"\n"
    brought = {
        "bin/archive": b"#!/opt/app/bin/python\n" + archived,
        "bin/large": b"#!/opt/app/bin/python\n" + large,
        "bin/two": two + archived,
        "bin/deep/one": b"#!/opt/app/bin/python\nprint(1)\n",
        "bin/native": b"\x7fELF\0/opt/app/bin\n",
    }
    files = (member(f"app/{path}", data, mode=0o755) for path, data in sorted(brought.items()))
    made = layer(new, *files, place=LayerPlace("/opt/app", "it/"))
    made.add(moving.SCRIPT, moving.script(made.naming(b"/opt/app")), 0o755)
    made.add(moving.MARK, b"/opt/app\n")
    with tarfile.open(fileobj=io.BytesIO(whole(made))) as tar:
        tar.extractall(tmp_path, filter="data")
    place = tmp_path / "it"
    done = relocated(place)
    assert done.returncode == 0, done.stderr
    at = bytes(place)
    first = b"#!" + at + b"/bin/python\n"
    assert {path: (place / path).read_bytes() for path in brought} == {
        "bin/archive": first + archived,
        "bin/large": first + large,
        "bin/two": two.replace(b"/opt/app", at) + archived,
        "bin/deep/one": first + b"print(1)\n",
        "bin/native": brought["bin/native"],
    }
    assert all((place / path).stat().st_mode & 0o777 == 0o755 for path in brought)


def test_a_move_that_was_cut_off_is_gone_on_with(lying: Path) -> None:
    """The new path ends as the old one: a second pass must not take it for that."""
    there = lying.parent / "srv" / "opt" / "app"
    there.parent.mkdir(parents=True)
    lying.rename(there)
    text = "#!/opt/app/bin/python\n/opt/app\n'/opt/app:/opt/app:/opt/app' /var/opt/app/x file:///opt/app/y\n"
    (there / "bin" / "tool").write_text(text)
    for _ in range(2):
        assert relocated(there).returncode == 0
        at = str(there)
        assert (there / "bin" / "tool").read_text() == (
            f"#!{at}/bin/python\n{at}\n'{at}:{at}:{at}' /var/opt/app/x file://{at}/y\n"
        )
        (there / moving.MARK).write_text("/opt/app\n")  # it was killed before it was through


def test_a_path_that_scripts_cannot_name_is_refused_and_nothing_is_changed(lying: Path) -> None:
    for name in ("with space", "quote'", "x" * 120, "a|b&c"):
        there = lying.parent / name
        lying.rename(there)
        done = relocated(there)
        assert done.returncode == 1
        assert "what to do" in done.stderr
        assert (there / "bin" / "tool").read_text().startswith("#!/opt/app/bin/python\n")
        there.rename(lying)


def test_a_link_in_the_place_of_a_script_is_not_followed(lying: Path) -> None:
    victim = lying.parent / "victim"
    victim.write_text("/opt/app\n")
    (lying / "bin" / "tool").unlink()
    (lying / "bin" / "tool").symlink_to(victim)
    assert relocated(lying).returncode == 0
    assert victim.read_text() == "/opt/app\n"


@pytest.mark.parametrize("name", ["sha256:abc", "sha256:1"])
def test_an_image_is_not_called_as_engines_write_digests(name: str) -> None:
    """Docker loads it, says nothing, and leaves it without a name."""
    assert word_fault("name", name)
    assert not word_fault("name", f"localhost/{name}")


@pytest.mark.parametrize("words", [" ", "''", "'' web", "'web", "web \0", "web \udcff"])
def test_an_entry_point_is_a_command(tmp_path: Path, words: str) -> None:
    command = ["export", "image", str(tmp_path / "none.parity.tar"), "--entrypoint", words]
    done = CliRunner().invoke(app, command, env={"PARITY_HOME": str(tmp_path)})
    assert isinstance(done.exception, OptionConflict), done.output
    assert "--entrypoint is no command" in str(done.exception)


def test_a_full_disk_is_told_once_not_again_when_the_spool_is_closed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    spool.file = open("/dev/full", "r+b")  # noqa: SIM115 - the spool closes it
    with pytest.raises(WriteFailed, match="No space left"):
        spool.append(b"x")
    spool.close()
