"""Reading bundles: what the near and the far side trust, and what they refuse."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bundles import (
    IDENTITY,
    MadeBundle,
    file_size_limit,
    forged_bundle,
    make_bundle,
    manifest_of,
    payload_body,
    signing_key,
    stock_check,
    stock_check_script,
)

from parity.portable.bundle import manifest as listing
from parity.portable.bundle import ustar
from parity.portable.bundle.reader import (
    member_bytes,
    member_chunks,
    open_bundle,
    read_unverified,
    verify_bundle,
)
from parity.portable.bundle.unpack import unpack_bundle
from parity.portable.errors import (
    BundleDamaged,
    BundleUnreadable,
    FarsideError,
    InstallFailed,
    PrefixInUse,
)
from parity.sign import generate_key, make_checker, save_key

PARTS = st.text("abcXYZ019._-+ ", min_size=1, max_size=60)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join).filter(ustar.is_safe_path)
RESERVED = {"manifest.json", "parity-envelope.json", "wheels"}
FILE_SETS = st.dictionaries(PATHS, st.binary(max_size=2000), max_size=6).filter(
    lambda files: not ustar.colliding(files) and not any(path.split("/")[0] in RESERVED for path in files)
)
NAMES = st.from_regex(r"[a-z]{1,8}-[0-9]\.[0-9]-py3-none-[a-z0-9_]{3,180}\.whl", fullmatch=True)
WHEEL_SETS = st.dictionaries(NAMES, st.binary(max_size=3000), max_size=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def verify(data: bytes) -> None:
    verify_bundle(io.BytesIO(data), make_checker([signing_key().public]))


# --- the good case ------------------------------------------------------------------------------------


def test_a_fresh_bundle_is_verified_and_says_who_signed_what(made: MadeBundle) -> None:
    heard: list[int] = []
    with open_bundle(str(made.path)) as file:
        bundle = verify_bundle(file, made.check, heard.append)
    assert bundle.signers == (made.key.public.fingerprint,)
    assert bundle.statement.payload.sha256 == made.built.payload_sha256
    assert (bundle.statement.product, bundle.statement.serial) == (IDENTITY.product, IDENTITY.serial)
    assert heard == sorted(heard)
    assert heard[-1] == made.built.size - 65536


def test_a_bundle_unpacks_to_what_went_in(made: MadeBundle, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with open_bundle(str(made.path)) as file:
        unpack_bundle(file, made.check, str(folder))
    assert tree(folder) == made.files
    assert folder.stat().st_mode & 0o777 == 0o700


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILE_SETS, WHEEL_SETS)
def test_any_set_of_files_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], wheels: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    made = make_bundle(folder, files, wheels)
    with open_bundle(str(made.path)) as file:
        unpack_bundle(file, made.check, str(folder / "out"))
    assert tree(folder / "out") == made.files
    with tarfile.open(made.path) as tar:
        assert tar.getnames() == [
            f"parity-bundle/{path}"
            for path in (
                "parity-envelope.json",
                "manifest.json",
                *sorted(set(made.files) - {"manifest.json"}, key=str.encode),
            )
        ]


def test_single_files_can_be_read_and_are_hashed_again(made: MadeBundle, tmp_path: Path) -> None:
    with open_bundle(str(made.path)) as file:
        bundle = verify_bundle(file, made.check)
        assert member_bytes(file, bundle.manifest, "proof.json") == made.files["proof.json"]
        for member in bundle.manifest.members:
            assert b"".join(member_chunks(file, member)) == made.files[member.path]
        with pytest.raises(BundleDamaged, match=re.escape("no nothing.json")):
            member_bytes(file, bundle.manifest, "nothing.json")
    data = bytearray(made.path.read_bytes())
    data[bundle.manifest.members[0].offset] ^= 1  # altered after it was verified
    with pytest.raises(BundleDamaged, match=re.escape(bundle.manifest.members[0].path)):
        list(member_chunks(io.BytesIO(data), bundle.manifest.members[0]))


def test_inspecting_needs_no_key(made: MadeBundle) -> None:
    with open_bundle(str(made.path)) as file:
        bundle = read_unverified(file)
    assert bundle.manifest.document["target"]["os"] == {"id": "debian", "version": "11"}
    assert [one.keyid for one in bundle.envelope.signatures] == [made.key.public.fingerprint]


# --- other tools ----------------------------------------------------------------------------------------


def test_plain_tar_unpacks_the_same_files(made: MadeBundle, tmp_path: Path) -> None:
    subprocess.run(["tar", "xf", made.path, "-C", tmp_path], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["parity-bundle"]
    found = tree(tmp_path / "parity-bundle")
    assert set(found.pop("parity-envelope.json")[-100:]) == {ord(" ")}
    assert found == made.files
    listed = subprocess.run(["tar", "tf", made.path], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == [
        "parity-bundle/parity-envelope.json",
        "parity-bundle/manifest.json",
        *sorted(f"parity-bundle/{path}" for path in found.keys() - {"manifest.json"}),
    ]
    assert listed.stderr == ""


def test_stock_tools_check_a_bundle(made: MadeBundle, tmp_path: Path) -> None:
    public = save_key(tmp_path / "key", made.key)
    done = stock_check(tmp_path / "good", made.path, public)
    assert done.returncode == 0
    assert done.stdout == f"Verified OK\npayload: {made.built.payload_sha256} OK\n"
    assert made.files["README.txt"].decode().count("openssl dgst -sha256 -verify") == 1

    other = save_key(tmp_path / "other", generate_key())
    assert stock_check(tmp_path / "stranger", made.path, other).returncode != 0
    altered = tmp_path / "altered"
    altered.write_bytes(made.path.read_bytes() + b"\0")
    done = stock_check(tmp_path / "bad", altered, public)
    assert done.returncode != 0
    assert "payload:" not in done.stdout


def test_the_readme_holds_the_very_lines_that_were_tried(made: MadeBundle) -> None:
    readme = made.files["README.txt"].decode()
    for line in stock_check_script("", "").splitlines()[2:]:
        assert line in readme


# --- what a signer's fault, or a traitor, could put under a right signature ------------------------------


def forged(change: Any) -> bytes:
    """A rightly signed bundle whose manifest was changed; its payload fits the files that were listed."""
    data, _ = manifest_of({"a": b"1", "b/c": b"22"}, {})
    document = json.loads(data)
    changed = change(document)
    document = document if changed is None else changed
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    return forged_bundle(body, payload_body({"a": b"1", "b/c": b"22"}))


def set_path(path: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["files"][0]["path"] = path

    return change


def test_the_forgers_tool_makes_good_bundles_when_it_changes_nothing() -> None:
    verify(forged(lambda document: None))


@pytest.mark.parametrize(
    "change",
    [
        *(
            set_path(p)
            for p in ("../a", "/a", "a\\b", "b", "a\0", "ä", "", "manifest.json/x", "parity-envelope.json")
        ),
        lambda document: document["files"].reverse(),
        lambda document: document["files"].append(document["files"][-1]),
        lambda document: document["files"].pop(),
        lambda document: document["files"][0].update(size=2),
        lambda document: document["files"][0].update(size=-1),
        lambda document: document["files"][0].update(size=True),
        lambda document: document["files"][0].update(sha256="0" * 64),
        lambda document: document["files"][0].update(mode=0o777),
        lambda document: document.update(format="parity-bundle/1"),
        lambda document: document.update(format="parity-bundle/3"),
        lambda document: document.update(format=["parity-bundle/2"]),
        lambda document: document.update(installer="uv"),
        lambda document: document.update(uv="tools/none.whl"),
        lambda document: document.update(extra=1),
        lambda document: document["target"]["libc"].update(version=[2]),
        lambda document: document["target"].update(arch="\x1b[2Jx86_64"),
        lambda document: document["packages"].append(
            {
                "name": "a",
                "version": "1",
                "wheel": "a",
                "sha256": "0" * 64,
                "size": 1,
                "requested": True,
                "origin": {"kind": "index", "index": "default", "address": ""},
            }
        ),
        lambda document: [],
    ],
)
def test_a_manifest_that_lies_is_refused_though_it_is_signed(change: Any) -> None:
    data = forged(change)
    with pytest.raises(BundleDamaged):
        verify(data)


def swap_headers(body: bytes) -> bytes:
    return body.replace(b"0000644", b"0000755", 1)


@pytest.mark.parametrize(
    "change",
    [
        swap_headers,
        lambda body: body + bytes(512),
        lambda body: body[:-512],
        lambda body: body[:-1] + b"x",
        lambda body: body[:1100] + b"x" + body[1101:],
        lambda body: body[1024:2048] + body[:1024] + body[2048:],
    ],
)
def test_an_archive_that_differs_from_its_manifest_is_refused_though_it_is_signed(change: Any) -> None:
    data, _ = manifest_of({"a": b"1", "b/c": b"22"}, {})
    body = change(payload_body({"a": b"1", "b/c": b"22"}))
    with pytest.raises(BundleDamaged):
        verify(forged_bundle(data, body))


def test_a_manifest_beyond_its_limit_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleDamaged, match="too large"):
        verify(forged_bundle(bytes(listing.LIMIT + 1), b""))


# --- files and folders ------------------------------------------------------------------------------------


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", "a\0b"):
        with pytest.raises(BundleUnreadable), open_bundle(str(path)):
            pass


def test_an_empty_file_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with open_bundle(str(path)) as file, pytest.raises(BundleDamaged):
        read_unverified(file)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_already_is_left_alone(made: MadeBundle, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "there"
    if kind == "file":
        folder.write_text("mine")
    elif kind == "folder":
        folder.mkdir()
        (folder / "mine").write_text("mine")
    else:
        folder.symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    with open_bundle(str(made.path)) as file, pytest.raises(PrefixInUse):
        unpack_bundle(file, made.check, str(folder))
    assert tree(tmp_path) == before
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_written_leaves_nothing(made: MadeBundle, tmp_path: Path) -> None:
    with open_bundle(str(made.path)) as file, pytest.raises(InstallFailed, match="No such file"):
        unpack_bundle(file, made.check, str(tmp_path / "no" / "parent"))
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_turns_out_bad_at_its_end_leaves_nothing(made: MadeBundle, tmp_path: Path) -> None:
    data = made.path.read_bytes()[:-1] + b"x"
    with pytest.raises(FarsideError):
        unpack_bundle(io.BytesIO(data), made.check, str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", [0, 10, 600, 1200])
def test_a_full_disk_leaves_nothing_unpacked(made: MadeBundle, tmp_path: Path, limit: int) -> None:
    with open_bundle(str(made.path)) as file, file_size_limit(limit), pytest.raises(InstallFailed):
        unpack_bundle(file, made.check, str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []


def test_memory_stays_flat_while_a_large_bundle_is_verified(tmp_path: Path) -> None:
    made = make_bundle(tmp_path, {"large": bytes(96 * 1024 * 1024)}, {})
    public = save_key(tmp_path / "key", made.key)
    script = (
        "import resource, sys\n"
        "from parity.portable.bundle.openssl import openssl_checker\n"
        "from parity.portable.bundle.reader import open_bundle, verify_bundle\n"
        "check = openssl_checker([sys.argv[2]])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with open_bundle(sys.argv[1]) as file:\n"
        "    verify_bundle(file, check)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, made.path, public], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 16 * 1024  # KiB
