"""A profile's other files: what is found on this machine, and what is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.bundles import IDENTITY, PROFILE_SHA256, TARGET, signing_key
from tests.support.recorder import Recorder

from parity.errors import HashMismatch, InputFileError, Problem, ProfileError
from parity.model import BundleFile, OtherFile
from parity.other_files import downloads, files_on_disk
from parity.pack import build_manifest, write_bundle
from parity.pack.othertexts import other_files_text
from parity.profile import load_profile
from parity.profile.build import canonical_document
from parity.profile.load import load_effective
from parity.sign import make_sealer

HEAD = """\
target: {os: {id: debian, version: "11"}, libc: glibc 2.31, python: "3.9", arch: x86_64}
image: debian:11
files:
"""
NOUGHTS = "0" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models" / "deep").mkdir(parents=True)
    (tmp_path / "models" / "b.onnx").write_bytes(b"bb")
    (tmp_path / "models" / "deep" / ".hidden").write_bytes(b"")
    (tmp_path / "tool.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "tool.sh").chmod(0o755)
    (tmp_path / "a b").write_bytes(b"")
    return tmp_path


def found(*entries: OtherFile) -> tuple[BundleFile, ...]:
    return files_on_disk(entries, Recorder())


def content(file: BundleFile) -> bytes:
    assert file.open is not None
    return b"".join(file.open())


# --- in the profile ---------------------------------------------------------------------------------------


def read(folder: Path, lines: str) -> tuple[OtherFile, ...]:
    (folder / "p.yaml").write_text(HEAD + lines)
    return load_profile(folder / "p.yaml", (folder,)).other_files


def problems(folder: Path, lines: str) -> tuple[Problem, ...]:
    with pytest.raises(ProfileError) as caught:
        read(folder, lines)
    return caught.value.problems


def test_entries_are_read_with_their_places(folder: Path) -> None:
    one, two, three = read(
        folder,
        f"- {{path: models, to: data/models}}\n- {{path: tool.sh, executable: false}}\n"
        f"- {{url: 'https://x.invalid/ext/py%74hon.vsix?os=linux', sha256: '{NOUGHTS}'}}\n",
    )
    assert (one.place, one.path) == ("data/models", folder / "models")
    assert (two.place, two.executable) == ("tool.sh", False)
    assert three.place == "python.vsix"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("- {to: x}", "either a `path` or a `url`"),
        (
            f"- {{path: tool.sh, url: 'https://x.invalid/y', sha256: '{NOUGHTS}'}}",
            "either a `path` or a `url`",
        ),
        ("- {url: 'https://x.invalid/y'}", "needs the `sha256`"),
        ("- {path: gone}", "there is no file or folder"),
        (f"- {{path: {'x' * 300}, to: x}}", "there is no file or folder"),
        ("- {path: 'a b'}", "give a `to`"),
        (f"- {{url: 'https://x.invalid/', sha256: '{NOUGHTS}'}}", "give a `to`"),
        (f"- {{path: models, sha256: '{NOUGHTS}'}}", "is a folder"),
        ("- {path: models, executable: true}", "is a folder"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(folder: Path, lines: str, message: str) -> None:
    (problem,) = problems(folder, "- {path: tool.sh, to: first}\n" + lines + "\n")
    assert (problem.line, problem.path) == (5, "files[1]")
    assert message in problem.message


@pytest.mark.parametrize(("first", "second"), [("a/b", "a/b"), ("a", "a/b"), ("a/b", "a")])
def test_two_entries_at_one_place_are_refused(folder: Path, first: str, second: str) -> None:
    (problem,) = problems(folder, f"- {{path: tool.sh, to: {first}}}\n- {{path: models, to: {second}}}\n")
    assert "files[0]" in problem.message
    read(folder, "- {path: tool.sh, to: a/b}\n- {path: models, to: a/bc}\n")


def test_what_travels_of_an_entry_names_no_folder_and_no_query(folder: Path) -> None:
    (folder / "p.yaml").write_text(
        HEAD
        + f"- {{path: ./models/deep/}}\n- {{url: 'https://x.invalid/v?token=abc', sha256: '{NOUGHTS}'}}\n"
    )
    effective = load_effective(folder / "p.yaml", (folder,))
    text = canonical_document(effective.name, effective.layer)
    assert '{"path":"deep"}' in text
    assert "token" not in text


# --- on disk ----------------------------------------------------------------------------------------------


def test_a_folder_is_all_its_files_in_order(folder: Path) -> None:
    files = found(
        OtherFile(folder / "tool.sh"),
        OtherFile(folder / "models", to="m"),
        OtherFile(url="https://x.invalid"),
    )
    assert [(file.path, content(file), file.executable) for file in files] == [
        ("files/tool.sh", b"#!/bin/sh\n", True),
        ("files/m/b.onnx", b"bb", False),
        ("files/m/deep/.hidden", b"", False),
    ]
    assert files[1].sha256 == hashlib.sha256(b"bb").hexdigest()
    assert not found(OtherFile(folder / "tool.sh", executable=False))[0].executable


def test_a_file_that_is_not_the_one_the_profile_names_is_refused(folder: Path) -> None:
    right = hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    assert found(OtherFile(folder / "tool.sh", sha256=right))[0].sha256 == right
    with pytest.raises(HashMismatch) as caught:
        found(OtherFile(folder / "tool.sh", sha256=NOUGHTS))
    assert caught.value.where == str(folder / "tool.sh")


def test_what_no_bundle_carries_is_named_all_at_once(folder: Path) -> None:
    (folder / "models" / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "models" / "pipe")
    (folder / "models" / "gr\u00fc\u00df").write_bytes(b"")
    with pytest.raises(InputFileError) as caught:
        found(OtherFile(folder / "models"))
    told = "\n".join([caught.value.message, *caught.value.details])
    assert "gr\u00fc\u00df: a bundle holds names of printable ASCII" in told
    assert "link: is a link" in told
    assert "pipe: is neither a file nor a folder" in told


def test_a_link_that_the_profile_names_itself_is_followed(folder: Path) -> None:
    (folder / "current").symlink_to(folder / "models")
    assert "files/current/b.onnx" in [file.path for file in found(OtherFile(folder / "current"))]


def test_an_empty_folder_and_one_that_is_gone_are_refused(folder: Path) -> None:
    (folder / "nothing" / "below").mkdir(parents=True)
    with pytest.raises(InputFileError, match="there is no file in this folder"):
        found(OtherFile(folder / "nothing"))
    with pytest.raises(InputFileError, match="No such file"):
        found(OtherFile(folder / "gone"))


@pytest.mark.parametrize("now", [b"#!/bin/sx\n", b"#!/bin/sh\n!", b"#!"])
def test_a_file_that_changes_while_the_bundle_is_made_is_refused(folder: Path, now: bytes) -> None:
    files = found(OtherFile(folder / "tool.sh"))
    manifest = build_manifest(
        target=TARGET, implementation="cpython", installer="pip", uv=None, wheels=(), imports=(), allow=(),
        files=files,
    )  # fmt: skip
    (folder / "tool.sh").write_bytes(now)
    seal = make_sealer([signing_key()], IDENTITY, PROFILE_SHA256)
    with pytest.raises(HashMismatch, match="changed while the bundle was made"):
        write_bundle(folder / "out", IDENTITY, manifest, files, iter(()), seal)
    assert list((folder / "out").iterdir()) == []


# --- addresses and texts ----------------------------------------------------------------------------------


def test_addresses_are_fetched_under_names_of_their_own() -> None:
    one = OtherFile(url="https://x.invalid/m.bin?sig=1", sha256=NOUGHTS, to="a/m")
    wanted = downloads([one, replace(one, to="b/m"), OtherFile(Path("x"))])
    assert len({each.filename for each in wanted}) == 2
    assert wanted[0].url.endswith("?sig=1")
    assert not any("/" in each.filename for each in wanted)


def test_the_receivers_readme_names_them_and_installs_extensions() -> None:
    def file(path: str) -> BundleFile:
        return BundleFile(path, 1, NOUGHTS, None)

    text = other_files_text([file("files/x.conf"), file("files/ext/go lang.VSIX"), file("README.txt")])
    assert "  PREFIX/current/files/x.conf\n" in text
    assert """code --install-extension "$PREFIX"/current/'files/ext/go lang.VSIX'\n""" in text
    assert "README" not in text
    assert other_files_text([file("README.txt")]) == ""
    many = other_files_text([file(f"files/{number:02}") for number in range(25)])
    assert "and 5 more" in many
    assert "code --install-extension" not in many
