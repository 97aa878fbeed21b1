"""Folders of wheels beside an index: who names them, what their pages say, and what a lock keeps of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.sources import make_sdist
from tests.support.targets import requirements_file
from tests.unit.test_profile import GOOD
from tests.unit.test_router import ask, entry, project

from parity.errors import InputFileError, LockInvalid, ProfileError
from parity.guest.net import folders
from parity.guest.net.router import Router
from parity.model import Lock, LockedWheel, NamedIndex, Requirements
from parity.portable.wheelfolders import HOST, file_address, index_address
from parity.profile import load_profile
from parity.resolve import WhatToInstall, parse_lock, read_requirements, with_file_options, write_lock


def read(path: Path) -> WhatToInstall:
    return read_requirements(Requirements(files=(path,)), "profile", {})


def test_folders_are_named_by_paths_beside_the_file_and_by_file_addresses(tmp_path: Path) -> None:
    (tmp_path / "sub" / "wheels").mkdir(parents=True)
    (tmp_path / "my wheels").mkdir()
    address = (tmp_path / "my wheels").as_uri()
    requirements_file(tmp_path, f"-f wheels\n--find-links {address}\nidna\n", "sub/more.txt")
    profile = replace(load_profile("debian12-py311"), path=tmp_path / "sub" / "p.yaml")
    made = with_file_options(profile, read(requirements_file(tmp_path, "-r sub/more.txt\n")).options)
    assert [(one.name, one.path) for one in made.index.named] == [
        ("wheels", "wheels"),
        ("my-wheels", "my wheels"),
    ]
    assert made.index.named[0].folder == tmp_path / "sub" / "wheels"


def test_like_pip_a_folder_that_is_not_beside_the_file_may_be_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "wheels").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    found = read(requirements_file(tmp_path, "--find-links ./wheels\nidna\n", "sub/a.txt")).options
    assert [each.path for each in found.folders] == [tmp_path / "here" / "wheels"]


@pytest.mark.parametrize(
    ("line", "said", "remedy"),
    [
        ("--find-links ./nowhere", "no folder", "indexes"),
        ("--find-links page.html", "no folder", "folder that holds the files"),
        ("-f ftp://user:canary-1@h.example/torch.html", "h.example/torch.html", "PEP 503"),
        (
            "--no-index -f https://h.example/a.html -f https://h.example/b.html",
            "page of links",
            "format: flat",
        ),
        ("-f file://elsewhere/x", "file: address", "file:///"),
        ("--no-index", "--no-index", "--find-links"),
    ],
)
def test_what_is_no_folder_is_refused_with_what_to_write(
    tmp_path: Path, line: str, said: str, remedy: str
) -> None:
    (tmp_path / "page.html").write_text("<a href=x.whl>x</a>")
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputFileError) as caught:
        read(requirements_file(tmp_path, f"idna\n{line}\n"))
    assert said in caught.value.message
    assert remedy in caught.value.remedy
    assert "canary" not in str(caught.value)
    assert ":2" in caught.value.where


def test_a_page_of_links_is_an_index_and_alone_where_there_is_no_other(tmp_path: Path) -> None:
    page = "https://user:canary-1@h.example/torch.html"
    profile = replace(load_profile("debian12-py311"), path=tmp_path / "p.yaml")
    for more, packages in (("", ()), ("--no-index\n", ("*",))):
        options = read(requirements_file(tmp_path, f"{more}-f {page}\nidna\n")).options
        (named,) = with_file_options(profile, options).index.named
        assert (named.url, named.flat, named.packages) == ("https://h.example/torch.html", True, packages)
        assert named.login == ("user", "canary-1")


def test_without_an_index_everything_comes_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    options = read(requirements_file(tmp_path, "--no-index\n--find-links wheels\nidna\n")).options
    profile = replace(load_profile("debian12-py311"), path=tmp_path / "p.yaml")
    assert [one.packages for one in with_file_options(profile, options).index.named] == [("*",)]


def test_without_an_index_several_folders_together_have_everything(tmp_path: Path) -> None:
    """As with pip: whoever has the newest of a package gives it, and no index is asked for the rest."""
    names = {
        "base": ("alpha-1.0-py3-none-any.whl", "beta_two-2.0-py3-none-any.whl", "notes.txt"),
        "more": ("Beta_Two-10.0-py3-none-any.whl", "gamma-1.0.tar.gz", "alpha-0.9-py3-none-any.whl"),
        "last": ("beta_two-9.0-py3-none-any.whl", "gamma-1.0.tar.gz", "zeta-no-version.whl"),
    }
    for folder, files in names.items():
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).write_bytes(b"")
    lines = "--no-index\n-f base\n-f more\n-f last\nalpha\n"
    options = read(requirements_file(tmp_path, lines)).options
    profile = replace(load_profile("debian12-py311"), path=tmp_path / "p.yaml")
    assert {one.name: one.packages for one in with_file_options(profile, options).index.named} == {
        "base": ("*",),
        "more": ("beta-two", "gamma"),
        "last": (),
    }


def test_a_profile_names_a_folder_as_an_index_and_its_bindings_hold_for_the_same_folder_in_a_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "wheels").mkdir()
    path = tmp_path / "p.yaml"
    path.write_text(GOOD + "indexes: [{name: own, path: ./wheels, packages: [acme]}]\n")
    profile = load_profile(path, (tmp_path,))
    assert profile.index.named == (
        NamedIndex("own", index_address("own"), ("acme",), folder=tmp_path / "wheels", path="wheels"),
    )
    assert str(tmp_path) not in profile.document
    options = read(requirements_file(tmp_path, "-f wheels\nidna\n")).options
    assert with_file_options(profile, options).index.named == profile.index.named
    for bad in ("{name: own}", "{name: own, path: ./wheels, url: 'https://h.example/'}"):
        path.write_text(GOOD + f"indexes: [{bad}]\n")
        with pytest.raises(ProfileError) as caught:
            load_profile(path, (tmp_path,))
        assert "either a `path` or a `url`" in caught.value.problems[0].message
    path.write_text(GOOD + "indexes: [{name: own, path: ./none}]\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path, (tmp_path,))
    assert "there is no folder" in caught.value.problems[0].message


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `wheels` as the workshop has it."""
    monkeypatch.setattr(folders, "ROOT", str(tmp_path / "carried"))
    place = tmp_path / "carried" / "wheels"
    place.mkdir(parents=True)
    return place


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    for name, version in (("same", "1.0"), ("same", "2.0"), ("other", "9.0"), ("far", "1.0")):
        tiny_wheel(tmp_path / "index", name, version)
    with PackageIndex(tmp_path / "index") as served:
        yield served


@contextmanager
def routing(index: PackageIndex, *packages: str) -> Iterator[Router]:
    said: Any = {
        "indexes": [entry("default", index.url), entry("wheels", index_address("wheels"), *packages)],
        "proxies": {},
        "ca": None,
    }
    with Router(said) as router:
        yield router


def test_a_folder_answers_like_an_index(folder: Path, index: PackageIndex) -> None:
    wheel = tiny_wheel(folder, "Acme_Core", "1.0", requires=["idna"])
    make_sdist(folder, "acme-tool", "2.0", "")
    (folder / "notes.txt").write_text("acme_core-9-py3-none-any.whl")
    with routing(index) as router:
        status, files = project(router, "acme-core")
        assert (status, list(files)) == (200, [wheel.name])
        assert hashlib.sha256(ask(files[wheel.name])[2]).hexdigest() == digest(wheel)
        assert b"Requires-Dist: idna" in ask(files[wheel.name] + ".metadata")[2]
        assert [name for name in project(router, "acme-tool")[1] if name.endswith(".tar.gz")]
        assert project(router, "notes") == (404, {})
        assert router.routes.report()["names"]["acme-core"] == "wheels"
        page = json.loads(router.page("acme-core"))
        assert page["files"][0]["hashes"] == {"sha256": digest(wheel)}


def test_what_both_have_is_offered_together_and_it_is_told_whether_it_is_the_same_project(
    folder: Path, index: PackageIndex, tmp_path: Path
) -> None:
    same = folder / "same-1.0-py3-none-any.whl"
    same.write_bytes((tmp_path / "index" / same.name).read_bytes())
    tiny_wheel(folder, "other", "1.0")
    with routing(index) as router:
        assert sorted(project(router, "same")[1]) == [same.name, "same-2.0-py3-none-any.whl"]
        assert sorted(project(router, "other")[1]) == [
            "other-1.0-py3-none-any.whl",
            "other-9.0-py3-none-any.whl",
        ]
        report = router.routes.report()
    assert report["mixed"] == {"other": "wheels"}
    assert report["confused"] == {}
    with routing(index, "other") as router:
        assert list(project(router, "other")[1]) == ["other-1.0-py3-none-any.whl"]
        assert router.routes.report()["mixed"] == {}


@pytest.mark.parametrize(
    "path",
    [
        "wheels/../../secret",
        "wheels/x/../secret",
        "%2e%2e/secret/x",
        "wheels/-/.hidden",
        "none/acme/",
        "wheels",
    ],
)
def test_nothing_but_a_folders_own_files_is_given(folder: Path, path: str) -> None:
    (folder.parent.parent / "secret").write_text("secret")
    assert folders.open_address("GET", f"http://{HOST}/{path}").status == 404


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def locked(**changed: Any) -> Lock:
    wheel = LockedWheel(
        "acme", "1.0", "acme-1.0-py3-none-any.whl",
        file_address("own", "a" * 64, "acme-1.0-py3-none-any.whl"), "a" * 64, 5, True, "own",
        path="../wheels/acme-1.0-py3-none-any.whl",
    )  # fmt: skip
    return Lock((replace(wheel, **changed),), "==3.9.*", "b" * 64, "uv 1")


def test_a_lock_names_the_files_place_and_is_read_back() -> None:
    text = write_lock(locked())
    assert 'path = "../wheels/acme-1.0-py3-none-any.whl"' in text
    assert parse_lock(text, "x") == locked()
    assert locked().wheels[0].download.url.startswith(f"http://{HOST}/own/")


@pytest.mark.parametrize(
    "path", ["/srv/acme-1.0-py3-none-any.whl", "wheels/other.whl", "a\\acme-1.0-py3-none-any.whl", "a\n/x"]
)
def test_a_lock_with_another_kind_of_path_is_refused(path: str) -> None:
    with pytest.raises(LockInvalid):
        parse_lock(write_lock(locked(path=path)), "x")
