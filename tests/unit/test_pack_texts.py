"""The manifest, and the texts for people and installers that do not know parity."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock
from packaging.utils import canonicalize_name
from tests.support.bundles import (
    TARGET,
    WHEELS,
    lock_of,
    locked,
    make_bundle,
    texts_of,
)

from parity.model import ImportResult
from parity.model.toml import parse as parse_toml
from parity.pack import (
    build_manifest,
    file_of_bytes,
    oldest_pip,
    pip_note,
    pylock_toml,
    readme_txt,
    requirements_txt,
    wheel_files,
)
from parity.pack.draft import farside_files
from parity.portable.bundle.manifest import parse
from parity.portable.errors import BundleDamaged, NothingInstalled


def some_manifest(**changes: Any) -> bytes:
    stored = [locked(name, data) for name, data in WHEELS.items()]
    plain: dict[str, Any] = {
        "target": TARGET,
        "implementation": "cpython",
        "installer": "pip",
        "uv": None,
        "wheels": stored,
        "imports": (),
        "allow": (),
        "files": wheel_files(stored),
    }
    return build_manifest(**{**plain, **changes})


def test_a_manifest_says_what_the_far_side_needs() -> None:
    results = [
        ImportResult("beta", "beta.core", requested=True),
        ImportResult("alpha", "alpha", requested=True),
        ImportResult("alpha", "alpha._c", requested=True, error="no libGL.so.1"),
        ImportResult("dependency", "dependency", requested=False),
    ]
    document = parse(
        some_manifest(imports=results, allow=["b:x", "a:x", "a:x"], stand_in=("i", "f"))
    ).document
    assert document["imports"] == [
        {"module": "alpha", "package": "alpha"},
        {"module": "beta.core", "package": "beta"},
    ]
    assert document["allow"] == ["a:x", "b:x"]
    assert document["stand_in"] == {"image": "i", "for": "f"}
    assert document["target"]["libc"] == {"family": "glibc", "version": [2, 31]}
    assert [one["version"] for one in document["packages"]] == ["1.0", "2.5.1+local.1"]


def test_a_manifest_is_canonical_json_and_one_newline() -> None:
    data = some_manifest()
    again = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert data == again


def test_the_order_of_what_is_given_does_not_matter() -> None:
    stored = [locked(name, data) for name, data in WHEELS.items()]
    assert some_manifest(wheels=stored[::-1]) == some_manifest()


@pytest.mark.parametrize(
    "changes",
    [
        {"files": []},
        {"files": [file_of_bytes("../a", b"")], "wheels": []},
        {"files": [file_of_bytes("ä", b"")], "wheels": []},
        {"installer": "uv"},
        {"uv": "tools/uv.whl"},
    ],
)
def test_a_manifest_that_no_reader_accepts_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(BundleDamaged):
        some_manifest(**changes)


def test_the_lock_is_a_valid_pylock_with_relative_paths() -> None:
    lock = lock_of(WHEELS)
    pylock = Pylock.from_dict(parse_toml(pylock_toml(lock)))
    assert pylock.created_by == "uv 0.13.8"
    assert str(pylock.requires_python) == "==3.9.*"
    for package, expected in zip(pylock.packages, lock.wheels, strict=True):
        assert package.name == canonicalize_name(expected.name)
        assert str(package.version) == expected.version
        assert package.wheels is not None
        (wheel,) = package.wheels
        assert (wheel.name, wheel.path) == (expected.filename, f"wheels/{expected.filename}")
        assert (wheel.size, wheel.hashes) == (expected.size, {"sha256": expected.sha256})
    assert "index.invalid" not in pylock_toml(lock)


def test_a_lock_without_sizes_is_valid_too() -> None:
    lock = lock_of(WHEELS)
    sizeless = dataclasses.replace(
        lock, wheels=tuple(dataclasses.replace(one, size=None) for one in lock.wheels)
    )
    assert Pylock.from_dict(parse_toml(pylock_toml(sizeless))).packages[0].wheels is not None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_stand_in_the_lock(text: str) -> None:
    lock = dataclasses.replace(lock_of({}), created_by=text)
    assert parse_toml(pylock_toml(lock))["created-by"] == text


def wheel_of(name: str, version: str) -> tuple[str, bytes]:
    """A real, minimal wheel."""
    info, buffer = f"{name}-{version}.dist-info", io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two real wheels, unpacked with tar."""
    folder = tmp_path_factory.mktemp("unpacked")
    wheels = dict([wheel_of("alpha", "1.0"), wheel_of("beta_lib", "2.0+x.1")])
    here = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    lock = dataclasses.replace(lock_of(wheels), requires_python=here)
    files = {**texts_of(wheels), "pylock.toml": pylock_toml(lock).encode()}
    made = make_bundle(folder / "dist", files, wheels)
    subprocess.run(["tar", "xf", made.path, "-C", folder], check=True)
    return folder / "parity-bundle"


REQUIREMENTS = ["--no-index", "--find-links", "wheels", "--require-hashes", "-r", "requirements.txt"]
PYLOCK = ["--no-index", "-r", "pylock.toml"]


def pip_install(folder: Path, into: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "--target", str(into), *arguments]
    environment = {"PIP_CONFIG_FILE": "/dev/null", "HOME": str(into), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [REQUIREMENTS, PYLOCK], ids=["requirements", "pylock"])
def test_pip_installs_from_the_texts_alone(unpacked: Path, tmp_path: Path, arguments: list[str]) -> None:
    done = pip_install(unpacked, tmp_path / "site", arguments)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "site").glob("*.py")} == {"alpha.py", "beta_lib.py"}
    assert " ".join(arguments) in (unpacked / "README.txt").read_text()


@pytest.mark.parametrize("arguments", [REQUIREMENTS, PYLOCK], ids=["requirements", "pylock"])
def test_pip_refuses_a_tampered_wheel(unpacked: Path, tmp_path: Path, arguments: list[str]) -> None:
    shutil.copytree(unpacked, tmp_path / "copy")
    with next((tmp_path / "copy" / "wheels").glob("alpha*")).open("ab") as wheel:
        wheel.write(b"x")
    done = pip_install(tmp_path / "copy", tmp_path / "site", arguments)
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_the_readme_is_plain_ascii_for_any_terminal(installer: Any) -> None:
    text = readme_txt(lock_of(WHEELS), TARGET, installer)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 110
    for words in (
        "debian 11, x86_64, glibc 2.31, Python 3.9",
        "2, listed",
        "sh install.sh PREFIX",
        "another way",
    ):
        assert words in text


def test_the_readme_says_that_the_real_image_was_not_tried() -> None:
    text = readme_txt(lock_of(WHEELS), TARGET, "uv", stand_in=("debian11-py39", "images/rhel9-py39\x1b"))
    assert "BEWARE        the test ran in debian11-py39" in text
    assert "stood in for images/rhel9-py39\\x1b" in text
    assert "BEWARE" not in readme_txt(lock_of(WHEELS), TARGET, "uv")


def test_the_words_of_the_readme_work_where_it_lies(tmp_path: Path) -> None:
    text = readme_txt(lock_of(WHEELS), TARGET, "uv")
    lines = [line.strip().split("      ")[0] for line in text.splitlines() if "--prefix PREFIX" in line]
    assert [line.split()[2] for line in lines] == ["installed", "rollback", "uninstall"]
    files = {f"{file.path}": b"".join(file.open()) for file in farside_files() if file.open}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line.replace("PREFIX", "none")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == NothingInstalled.exit_code, done.stderr


def test_requirements_name_every_wheel_with_its_hash() -> None:
    lines = [line for line in requirements_txt(lock_of(WHEELS)).splitlines() if line[0] != "#"]
    assert lines == [
        f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in lock_of(WHEELS).wheels
    ]


OLD_PIP = "the target's own pip 18.1 would refuse 1 of the wheels (beta.whl): use sh install.sh"


def test_users_of_an_old_pip_are_told_in_both_texts() -> None:
    lock = lock_of(WHEELS)
    assert f"\n# Beware: {OLD_PIP}.\n" in requirements_txt(lock, "glibc", OLD_PIP)
    text = readme_txt(lock, TARGET, "uv", pip_note=OLD_PIP)
    assert f"\nBeware: {OLD_PIP}.\n" in text
    assert "Or with pip (20.3 or later)" in text
    assert "Beware" not in readme_txt(lock, TARGET, "uv") + requirements_txt(lock)


@pytest.mark.parametrize(
    ("names", "libc", "pip"),
    [
        (["a-1-py3-none-any.whl", "b-1-cp36-abi3-manylinux1_x86_64.whl"], "glibc", "9.0.3"),
        (["a-1-cp39-cp39-manylinux2010_x86_64.manylinux_2_12_x86_64.whl"], "glibc", "19.0"),
        (["a-1-cp39-cp39-manylinux2014_x86_64.whl", "b-1-cp39-cp39-manylinux1_x86_64.whl"], "glibc", "19.3"),
        (["a-1-cp39-cp39-manylinux_2_17_x86_64.whl"], "glibc", "20.3"),
        (["a-1-cp39-cp39-manylinux_2_17_x86_64.musllinux_1_2_x86_64.whl"], "musl", "21.2"),
        ([], "glibc", "9.0.3"),
    ],
)
def test_the_oldest_pip_that_takes_every_wheel(names: list[str], libc: str, pip: str) -> None:
    assert oldest_pip([locked(name, b"").locked for name in names], libc) == pip


def test_the_note_names_a_few_of_many_wheels() -> None:
    note = pip_note("9.0.3", [f"w{number}.whl" for number in range(5)], "19.3")
    assert "pip 9.0.3 would refuse 5 of the wheels (w0.whl, w1.whl, w2.whl, and 2 more)" in note
    assert note.endswith("use sh install.sh, or bring pip to 19.3 or later first")
    assert pip_note("9.0.3", [], "9.0.3") == ""
