"""What the far side makes of a carried project, without uv."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.unpacked import unpacked
from tests.support.wheels import make_wheel

from parity.farside.project import project, projectfile, wheelhouse
from parity.portable.bundle import manifest
from parity.portable.bundle.folder import BundleFolder, open_folder
from parity.portable.errors import BundleDamaged, InstallFailed
from parity.portable.machine.versions import has_history, version_variables

GOOD: Any = {
    "format": "parity-project/1",
    "name": "app",
    "root": "app",
    "extras": [],
    "groups": [],
    "left_out_groups": ["dev"],
    "no_sources": ["dep", "near"],
    "indexes": ["corp"],
    "sync": [],
    "locked": {"dep": ["1.0"]},
    "absent": [
        {
            "name": "a-b", "version": "2.0", "requires": ["c==1 ; extra == 'x'"], "extras": ["x"],
            "requires_python": ">=3.10",
        },
        {"name": "c", "version": "1", "requires": [], "extras": [], "requires_python": ""},
    ],
    "build": [],
}  # fmt: skip


def bundle_with(folder: Path, document: dict[str, Any] | bytes) -> BundleFolder:
    wheel = make_wheel(folder, "dep", "1.0", {"dep.py": b""})
    place = unpacked(folder / "bundle", [wheel])
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = json.loads((place / manifest.NAME).read_text())
    for path, content in ((projectfile.DOCUMENT, data), ("project/tree/app/uv.lock", b"version = 1\n")):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
        found["files"].append(
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        )
    found["files"].sort(key=lambda each: each["path"])
    (place / manifest.NAME).write_bytes(manifest.encode(found))
    return open_folder(str(place))


def test_a_wheelhouse_has_pages_with_hashes_and_stubs_nobody_can_install(tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path, GOOD)
    place = tmp_path / "wheelhouse"
    wheelhouse.fill(str(place), bundle, projectfile.read_project(bundle))
    (package,) = bundle.manifest.document["packages"]
    page = (place / "simple" / "dep" / "index.html").read_text()
    assert f"../../files/dep-1.0-py3-none-any.whl#sha256={package['sha256']}" in page
    stub = place / "absent" / "a_b-2.0-py3-none-any.whl"
    with zipfile.ZipFile(stub) as archive:
        (name,) = archive.namelist()
        assert b"Requires-Dist: c==1 ; extra == 'x'\n" in archive.read(name)
    pages = [(place / "simple" / name / "index.html").read_text() for name in ("a-b", "c")]
    hashes = {page.partition("sha256=")[2][:64] for page in pages}
    assert len(hashes) == 2  # uv takes two files of one hash for one
    assert hashlib.sha256(stub.read_bytes()).hexdigest() not in hashes
    assert 'data-requires-python="&gt;=3.10"' in pages[0]


def test_the_wrapper_speaks_for_itself_in_any_folder(tmp_path: Path) -> None:
    place = tmp_path / "a shélf's"
    (place / "bin").mkdir(parents=True)
    fake = place / "bin" / "uv"
    fake.write_text('#!/bin/sh\nenv | grep ^UV_ | sort; env | grep ^PBR_; echo "$@"\n')
    fake.chmod(0o755)
    script = tmp_path / "uv"
    told = wheelhouse.environment(str(place), "/cache", "/usr/bin/python3", GOOD)
    script.write_text(wheelhouse.wrapper(str(place), told, version_variables("1.2+l")))
    done = subprocess.run(
        ["sh", script, "sync", "a b"],
        env={"PATH": "/usr/bin:/bin", "UV_NO_VERIFY_HASHES": "1", "UV_INDEX_URL": "https://x.invalid/"},
        check=True,
        capture_output=True,
    )
    lines = done.stdout.decode().splitlines()
    index = f"file://{tmp_path}/a%20sh%C3%A9lf%27s/simple"
    assert lines == [
        "UV_CACHE_DIR=/cache", f"UV_DEFAULT_INDEX={index}", "UV_DYNAMIC_VERSIONING_BYPASS=1.2+l",
        f"UV_INDEX=corp={index}", "UV_NO_GROUP=dev", "UV_NO_SOURCES_PACKAGE=dep near", "UV_OFFLINE=1",
        "UV_PYTHON=/usr/bin/python3", "UV_PYTHON_DOWNLOADS=never", "PBR_VERSION=1.2+l", "sync a b",
    ]  # fmt: skip
    mine = {"PATH": "/usr/bin:/bin", "PBR_VERSION": "3"}
    said = subprocess.run(["sh", script], env=mine, check=True, capture_output=True).stdout.decode()
    assert "PBR_VERSION=3\n" in said


def test_git_tells_versions_only_where_there_is_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "repository" / "inner"
    inner.mkdir(parents=True)
    assert not has_history(str(inner))
    (tmp_path / "repository" / ".git").mkdir()
    assert has_history(str(inner))
    assert has_history(str(tmp_path / "repository"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_history(str(inner))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "parity-project/2"},
        {"root": "../.."},
        {"locked": []},
        {"locked": {"dep": "1.0"}},
        {"absent": [{**GOOD["absent"][0], "name": "../../evil"}]},
        {"absent": [{"name": "a"}]},
        {"build": [{"name": "a", "version": "1", "wheel": "../x.whl", "sha256": "a" * 64}]},
        {"indexes": ["corp=https://x.invalid other"]},
        {"more": 1},
    ],
)
def test_a_strange_document_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BundleDamaged):
        projectfile.read_project(bundle_with(tmp_path, {**GOOD, **change}))


def test_what_is_no_document_or_no_project_is_refused(tmp_path: Path) -> None:
    for data in (b"{", b"[]", b"\xff"):
        (tmp_path / data.hex()).mkdir()
        with pytest.raises(BundleDamaged):
            projectfile.read_project(bundle_with(tmp_path / data.hex(), data))
    plain = open_folder(str(unpacked(tmp_path / "plain", [])))
    with pytest.raises(InstallFailed, match="carries no project"):
        projectfile.read_project(plain)


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        ("", "dep: 1.0 became nothing"),
        ('[[package]]\nname = "dep"\nversion = "1.1"\nsource = { registry = "/x" }\n', "1.0 became 1.1"),
        (
            '[[package]]\nname = "new"\nversion = "1"\nsource = { registry = "/x" }\n',
            "dep: 1.0 became nothing",
        ),
    ],
)
def test_other_versions_than_the_original_lock_are_refused(lock: str, told: str) -> None:
    with pytest.raises(InstallFailed, match=told):
        project._compare({"dep": ["1.0"]}, lock)


def test_the_same_versions_pass() -> None:
    own = '[[package]]\nname = "app"\nversion = "1"\nsource = { editable = "." }\n'
    dep = '[[package]]\nname = "dep"\nversion = "1.0"\nsource = { registry = "/x" }\n'
    project._compare({"dep": ["1.0"]}, own + "\n" + dep)


@pytest.mark.parametrize("lock", ["version = 99\n", "", 'version = "1"\n', "revision = 1\n[[package]]\n"])
def test_a_lock_of_an_unknown_version_is_not_read_as_one_that_is_known(lock: str) -> None:
    with pytest.raises(InstallFailed, match="this installer knows version 1"):
        project._demand_version(lock)


def test_a_newer_revision_of_the_known_version_passes() -> None:
    project._demand_version('version = 1\nrevision = 99\n\n[[package]]\nname = "a"\nversion = "2"\n')
