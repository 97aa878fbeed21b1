"""Projects read, described and locked on this machine; sources of every kind judged."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock
from tests.support.projects import DATA, git, make_repository
from tests.support.targets import DEBIAN11, inputs_for

from parity.errors import HostileSource, InputFileError, LockInvalid, NoWheel, ProfileError, SourceUnavailable
from parity.host.git import Git, guessed_version
from parity.host.gitaddress import Submodule, read_submodules
from parity.model import Lock, LockedWheel, Origin, ProjectPlan, SourcePackage
from parity.model.toml import parse
from parity.pipeline.sources.checkout import opened
from parity.profile import load_profile
from parity.project import describe, left_out, read_project, tree_digest, tree_files, tree_tar
from parity.resolve import locked_build, parse_lock, select_project, split_requirements, write_lock

GIT = Origin("git", "https://git.example/dep.git", commit="1" * 40, sha256="d" * 64, subdirectory="py")
BUILT = tuple(
    LockedWheel(name, "1.0", f"{name}-1.0-py3-none-any.whl", "", "a" * 64, 7, True, "built", origin)
    for name, origin in (
        ("dep", GIT),
        ("near", Origin("path", "../near", sha256="e" * 64)),
        ("packed", Origin("url", "https://files.example/packed-1.0.tar.gz", sha256="f" * 64)),
    )
)
LOCK = Lock(BUILT, "==3.9.*", "f" * 64, "uv 0.13.8")

PYPROJECT = """
[build-system]
requires = ["hatchling"]
[project]
name = "My.App"
version = "1"
dependencies = ["idna>=3", "gitdep", "pathdep ; python_version > '3'"]
[project.optional-dependencies]
Colour_Full = ["colorama"]
[dependency-groups]
dev = ["iniconfig", {include-group = "Docs"}]
docs = ["toml"]
[tool.uv.sources]
gitdep = { git = "https://git.example/gitdep.git", tag = "v1" }
pathdep = [{ path = "../pathdep" }]
idna = { index = "corp" }
member = { workspace = true }
[[tool.uv.index]]
name = "corp"
url = "https://corp.example/simple"
"""
UV_LOCK = """
version = 1
requires-python = ">=3.9"
[[package]]
name = "my-app"
version = "1"
source = { editable = "." }
[[package]]
name = "member"
version = "2"
source = { editable = "packages/member" }
[[package]]
name = "gitdep"
version = "1.0"
source = { git = "https://git.example/gitdep.git?tag=v1#1111111111111111111111111111111111111111" }
[[package]]
name = "pathdep"
source = { directory = "../pathdep" }
[[package]]
name = "idna"
version = "3.20"
source = { registry = "https://corp.example/simple" }
[[package]]
name = "click"
version = "8.5"
resolution-markers = [
    "python_full_version >= '3.12' and sys_platform == 'linux'",
    "python_full_version == '3.9.*'",
]
source = { registry = "https://corp.example/simple" }
dependencies = [
    { name = "colorama", marker = "sys_platform == 'win32'" },
    { name = "idna", version = "3.20", extra = ["all"] },
]
[package.optional-dependencies]
fast = [{ name = "speed", marker = "python_full_version < '3.10'" }]
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    for name in ("app/packages/member", "pathdep"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "app" / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "app" / "uv.lock").write_text(UV_LOCK)
    (tmp_path / "app" / "packages" / "member" / "pyproject.toml").write_text("[project]\nname='member'\n")
    (tmp_path / "pathdep" / "pyproject.toml").write_text("[project]\nname='pathdep'\n")
    return tmp_path / "app"


# --- the project ---------------------------------------------------------------------------------


def test_a_project_is_read_with_the_metadata_of_its_local_packages(app: Path) -> None:
    project = read_project(ProjectPlan(app, extras=("colour-full",)))
    assert (project.lock, project.root, project.name) == ("uv.lock", "app", "my-app")
    assert set(project.files) == {
        "app/pyproject.toml", "app/uv.lock", "app/packages/member/pyproject.toml", "pathdep/pyproject.toml",
    }  # fmt: skip
    assert project.requested() == {"my-app", "idna", "gitdep", "pathdep", "colorama"}
    assert read_project(ProjectPlan(app, groups=("docs",))).requested() >= {"toml"}


def test_the_group_for_development_travels_only_when_it_is_asked_for(app: Path) -> None:
    """Others that the project names as its default do: it says that they belong to it."""
    path = app / "pyproject.toml"
    for said, groups in (("", ()), ('["dev", "docs"]', ("docs",)), ('"all"', ("docs",))):
        table = f"[tool.uv]\ndefault-groups = {said}\n" if said else ""
        path.write_text(PYPROJECT.replace("[tool.uv.sources]", f"{table}[tool.uv.sources]"))
        project = read_project(ProjectPlan(app))
        assert project.groups == groups
        assert describe(project, [], [])["left_out_groups"] == ["dev"]
        assert read_project(ProjectPlan(app, groups=("dev",))).groups == ("dev",)


def test_which_lock_counts(app: Path) -> None:
    (app / "pylock.toml").write_text("lock-version = '1.0'\ncreated-by = 'pip'\npackages = []\n")
    assert read_project(ProjectPlan(app)).lock == "uv.lock"
    assert read_project(ProjectPlan(app, lock="pylock.toml")).lock == "pylock.toml"
    (app / "uv.lock").unlink()
    assert read_project(ProjectPlan(app)).lock == "pylock.toml"
    (app / "pylock.toml").unlink()
    assert read_project(ProjectPlan(app)).lock == "none"
    with pytest.raises(InputFileError, match=r"no uv\.lock"):
        read_project(ProjectPlan(app, lock="uv.lock"))


def test_its_digest_changes_with_what_is_resolved(app: Path) -> None:
    before = read_project(ProjectPlan(app)).digest()
    assert read_project(ProjectPlan(app, extras=("colour-full",))).digest() != before
    (app.parent / "pathdep" / "pyproject.toml").write_text("[project]\nname='pathdep'\nversion='2'\n")
    assert read_project(ProjectPlan(app)).digest() != before


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (ProjectPlan(Path(), extras=("color",)), "no extra 'color'"),
        (ProjectPlan(Path(), groups=("tests",)), "no dependency group 'tests'"),
    ],
)
def test_extras_and_groups_must_exist(app: Path, plan: ProjectPlan, words: str) -> None:
    with pytest.raises(InputFileError, match=words) as caught:
        read_project(replace(plan, folder=app))
    assert "colour-full" in caught.value.remedy or "docs" in caught.value.remedy


def test_a_requirement_that_names_its_source_cannot_be_replaced_on_the_far_side(app: Path) -> None:
    assert read_project(ProjectPlan(app)).is_workable
    path = app / "pyproject.toml"
    path.write_text(path.read_text().replace('"idna>=3"', '"idna @ https://files.example/idna.whl"'))
    assert read_project(ProjectPlan(app)).direct == ("idna @ https://files.example/idna.whl",)
    assert not read_project(ProjectPlan(app)).is_workable


def test_a_workspace_with_other_sources_cannot_be_led_on_the_far_side(app: Path) -> None:
    """uv has no member of a workspace any more once it leaves another source out (measured, 0.13.8)."""
    lock = app / "uv.lock"
    lock.write_text(
        lock.read_text().replace('{ name = "colorama",', '{ name = "member" }, { name = "colorama",')
    )
    assert "member" in read_project(ProjectPlan(app)).hindrance
    path = app / "pyproject.toml"
    path.write_text(path.read_text().replace("git =", "index =").replace("path =", "index ="))
    assert read_project(ProjectPlan(app)).is_workable
    member = app / "packages" / "member" / "pyproject.toml"
    member.write_text(
        "[project]\nname='member'\n[tool.uv.sources]\nother = { git = 'https://git.example/o' }\n"
    )
    assert read_project(ProjectPlan(app)).replaced == {"other"}
    assert not read_project(ProjectPlan(app)).is_workable


def test_credentials_in_what_would_travel_are_refused(app: Path) -> None:
    path = app / "pyproject.toml"
    path.write_text(path.read_text().replace("https://git.example", "https://me:hunter2@git.example"))
    with pytest.raises(InputFileError, match="user or password") as caught:
        read_project(ProjectPlan(app))
    assert caught.value.where.endswith("pyproject.toml:14")
    assert "hunter2" not in str(caught.value.details) + caught.value.message


def test_what_the_far_side_is_told(app: Path) -> None:
    project = read_project(ProjectPlan(app, extras=("Colour_Full",), groups=("docs",)))
    assert project.replaced == {"gitdep", "pathdep"}
    carried = [
        LockedWheel(name, version, f"{name}-{version}-py3-none-any.whl", "", "a" * 64, 1, True)
        for name, version in (("my-app", "1"), ("gitdep", "1.0"), ("pathdep", "0.3"), ("idna", "3.20"))
    ]
    told = describe(project, carried, [])
    assert told["locked"] == {"gitdep": ["1.0"], "pathdep": ["0.3"], "idna": ["3.20"], "click": ["8.5"]}
    assert told["indexes"] == ["corp"]
    assert told["left_out_groups"] == ["dev"]
    assert told["sync"] == ["--extra", "Colour_Full", "--group", "docs"]
    assert told["absent"] == [
        {
            "name": "click",
            "version": "8.5",
            "extras": ["fast"],
            "requires_python": ">=3.9",
            "requires": [
                "colorama ; sys_platform == 'win32'",
                "idna[all]==3.20",
                "speed ; (python_full_version < '3.10') and extra == 'fast'",
            ],
        }
    ]


def test_a_profile_names_a_project(tmp_path: Path, app: Path) -> None:
    path = tmp_path / "p.yaml"
    base = "extends: debian11-py39\ninstall:\n  requirements: []\n  project:\n"
    path.write_text(base + "    path: app\n    extras: [colour-full]\n    groups: []\n")
    profile = load_profile(path)
    assert profile.project == ProjectPlan(app, ("colour-full",), ())
    assert str(tmp_path) not in profile.document
    assert json.loads(profile.document)["install"]["project"]["path"] == "app"
    path.write_text(base + "    path: pathdepp\n    lock: uv\n    extra: [a]\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    found = {(problem.path, problem.suggestion) for problem in caught.value.problems}
    assert ("install.project.extra", "extras") in found
    assert {where for where, _ in found} >= {"install.project.path", "install.project.lock"}
    assert {problem.line for problem in caught.value.problems} == {5, 6, 7}


# --- trees ---------------------------------------------------------------------------------------


def test_a_tree_is_its_names_modes_and_contents_and_nothing_else(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in (
        "src/a.py",
        ".git/config",
        ".venv/x",
        "env/pyvenv.cfg",
        "env/y",
        "dist/old.whl",
        "src/dist/z",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    (tree / "src" / "__pycache__").mkdir()
    (tree / "src" / "__pycache__" / "a.pyc").write_text("cache")
    (tree / "run").symlink_to("src/a.py")
    assert [path.relative_to(tree).as_posix() for path in tree_files(tree)] == [
        "run",
        "src/a.py",
        "src/dist/z",
    ]
    digest = tree_digest(tree)
    os.utime(tree / "src" / "a.py", (1, 1))
    (tree / ".git" / "config").write_text("changed")
    assert tree_digest(tree) == digest
    (tree / "src" / "a.py").chmod(0o755)
    assert tree_digest(tree) != digest
    with tarfile.open(fileobj=BytesIO(b"".join(tree_tar(tree, "source")))) as archive:
        members = {member.name: (member.mode, member.uid, member.mtime) for member in archive}
    assert members == {
        "source/run": (0o777, 0, 0), "source/src/a.py": (0o755, 0, 0), "source/src/dist/z": (0o644, 0, 0),
    }  # fmt: skip


def test_a_link_that_leads_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "pkg").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tree / "f").write_text("f")
    targets = {"LICENSE": "../secret", "pkg/up": "../f", "pkg/out": "../../secret", "pkg/x": "../pkg/../../y"}
    for name, target in {**targets, "absolute": str(tmp_path / "secret")}.items():
        (tree / name).symlink_to(target)
    assert left_out(tree) == ["LICENSE", "pkg/out", "pkg/x"]
    data = b"".join(tree_tar(tree, "source"))
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        members = {member.name: member.linkname for member in archive}
    assert members == {
        "source/absolute": str(tmp_path / "secret"), "source/f": "", "source/pkg/up": "../f",
    }  # fmt: skip
    assert b"secret" not in data.replace(str(tmp_path / "secret").encode(), b"")


def test_a_projects_files_travel_and_are_no_links_to_others(app: Path) -> None:
    member = app / "packages" / "member" / "pyproject.toml"
    member.unlink()
    member.symlink_to("../../pyproject.toml")
    assert read_project(ProjectPlan(app)).files["app/packages/member/pyproject.toml"] == PYPROJECT
    secret = app.parent.parent / "secret"
    secret.write_text("[secret]\n")
    member.unlink()
    member.symlink_to(secret)
    with pytest.raises(InputFileError, match="leads out of the project") as caught:
        read_project(ProjectPlan(app))
    assert caught.value.where == str(member)


@pytest.mark.parametrize("inside", ["..", "/etc", "a/../..", "../other", "a\0b"])
def test_a_subdirectory_lies_in_its_source(inside: str, tmp_path: Path) -> None:
    nothing: Any = None  # neither the store nor git is asked
    source = SourcePackage("demo", "", "path", ".", subdirectory=inside)
    with (
        pytest.raises(HostileSource, match="outside of the source"),
        opened(source, tmp_path, nothing, nothing),
    ):
        pass


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("x @ git+https://host/x.git", False),
        ("x @ git+ssh://git@host/x.git@v1", False),
        ("x @ git+git@host:x.git", False),
        ("x @ https://host/x-1.0.tar.gz", False),
        ("x @ git+file:///srv/x.git", True),
        ("x @ git+/srv/x.git", True),
        ("x @ git+ext::sh", True),
    ],
)
def test_which_requirements_lead_to_this_machine(line: str, local: bool) -> None:
    _, (direct,) = split_requirements([line], "w", DEBIAN11.markers)
    assert direct.is_local == local


@pytest.mark.parametrize(
    "address", ["https://[bad/x.zip", "https://h:99999/x.zip", "https:///x.zip", "https://h:x/x"]
)
def test_an_address_without_a_server_is_told(address: str) -> None:
    with pytest.raises(InputFileError, match="neither git's nor an archive's") as caught:
        split_requirements([f"x @ {address}"], "w", DEBIAN11.markers)
    assert caught.value.where == "w"


@pytest.mark.parametrize("address", ["file://server/share/x", "file://[x/y", "file:///a%00b", "file:"])
def test_a_file_address_names_a_file_of_this_machine(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="names no file of this machine"):
        split_requirements([f"x @ {address}"], "w", DEBIAN11.markers, (), tmp_path)


@pytest.mark.parametrize("line", ["x @ file:///srv/x", "x @ ./x", "x @ /srv/x"])
def test_a_package_names_no_path_of_this_machine(line: str) -> None:
    with pytest.raises(InputFileError):
        split_requirements([line], "w", DEBIAN11.markers)


# --- git -----------------------------------------------------------------------------------------


def test_git_gives_the_files_of_one_commit_without_its_history(tmp_path: Path) -> None:
    commit = make_repository(DATA / "gitdep", tmp_path / "dep.git", "v1.2.3")
    url, ours = (tmp_path / "dep.git").as_uri(), Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    assert ours.resolve(url, "v1.2.3") == ours.resolve(url, "main") == ours.resolve(url, "") == commit
    with ours.checkout(url, commit) as folder:
        assert tree_digest(folder) == tree_digest(DATA / "gitdep")
        assert not (folder / ".git").exists()
    assert not folder.exists()
    assert ours.described_commit(url, commit) == "1.2.3"
    with pytest.raises(SourceUnavailable, match="no nonsense in"):
        ours.resolve(url, "nonsense")
    with (
        pytest.raises(SourceUnavailable, match=r"does not have the commit|cannot be fetched"),
        ours.checkout(url, "0" * 40),
    ):
        pass


def test_git_says_no_secret_and_takes_no_option(tmp_path: Path) -> None:
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    with pytest.raises(SourceUnavailable) as caught:
        ours.resolve("https://me:hunter2@127.0.0.1:9/dep.git", "main")
    told = [caught.value.message, caught.value.where, *caught.value.details]
    assert not any("hunter2" in line for line in told)
    for address in ("--upload-pack=touch /tmp/x", "ext::sh -c touch", "-x@host:path"):
        with pytest.raises(SourceUnavailable, match="no address"):
            ours.resolve(address, "main")


def _repository(folder: Path, name: str, files: dict[str, str], **submodules: tuple[str, str]) -> str:
    """A bare repository of these files, with submodules: path → (address, commit); gives its commit."""
    work = folder / f"{name}.work"
    work.mkdir(parents=True)
    git(work, "init", "--quiet", "--initial-branch=main")
    for path, text in files.items():
        (work / path).write_text(text)
    for path, (address, commit) in submodules.items():
        git(work, "config", "--file", ".gitmodules", f"submodule.a b.{path}.path", path)
        git(work, "config", "--file", ".gitmodules", f"submodule.a b.{path}.url", address)
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        (work / path).mkdir()
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "All of it")
    git(work, "clone", "--quiet", "--bare", ".", str(folder / f"{name}.git"))
    return git(work, "rev-parse", "HEAD")


def test_submodules_come_along_at_their_pinned_commits(tmp_path: Path) -> None:
    inner = _repository(tmp_path / "more", "inner", {"inner.txt": "deep"})
    outer = _repository(tmp_path, "outer", {"outer.txt": "x"}, sub=("../more/inner.git", inner))
    (tmp_path / "outer.work" / "outer.txt").write_text("a later commit, which nobody pinned")
    git(tmp_path / "outer.work", "commit", "--all", "--quiet", "--message", "Later")
    git(tmp_path / "outer.work", "push", "--quiet", str(tmp_path / "outer.git"), "main")
    whole = (tmp_path / "outer.git").as_uri()
    commit = _repository(tmp_path, "dep", {"dep.txt": "y"}, one=(whole, outer), two=("./../outer.git", outer))
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    with ours.checkout((tmp_path / "dep.git").as_uri(), commit) as folder:
        files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.txt")}
        assert not list(folder.rglob(".git"))
    assert files == {
        "dep.txt": "y",
        **{f"{name}/outer.txt": "x" for name in ("one", "two")},
        **{f"{name}/sub/inner.txt": "deep" for name in ("one", "two")},
    }


def test_a_submodule_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    gone = ("../gone.git", "0" * 39 + "1")
    commit = _repository(tmp_path, "dep", {"dep.txt": "y"}, sub=gone)
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    with (
        pytest.raises(SourceUnavailable, match=r"gone\.git cannot be fetched"),
        ours.checkout((tmp_path / "dep.git").as_uri(), commit),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "address", "joined"),
    [
        ("https://host/org/dep.git", "../other.git", "https://host/org/other.git"),
        ("https://host/org/dep.git/", "../../else/./x", "https://host/else/./x"),
        ("https://host/org/dep", "./inside", "https://host/org/dep/inside"),
        ("git@host:org/dep.git", "../other.git", "git@host:org/other.git"),
        ("git@host:dep.git", "../other.git", "git@host:other.git"),
        ("https://host/org/dep.git", "ssh://git@other/x", "ssh://git@other/x"),
        ("file:///srv/dep.git", "file:///srv/x.git", "file:///srv/x.git"),
    ],
)
def test_where_a_submodule_is(url: str, address: str, joined: str) -> None:
    settings = f"submodule.x.path\nsub\0submodule.x.url\n{address}\0core.bare\nfalse\0"
    assert read_submodules(url, {"sub": "c"}, settings) == [Submodule("sub", joined, "c")]


def test_no_submodule_leads_to_this_machines_own_files() -> None:
    settings = "submodule.x.path\nsub\0submodule.x.url\n{}\0"
    with pytest.raises(HostileSource, match="leads to this machine's own files"):
        read_submodules("https://host/dep.git", {"sub": "c"}, settings.format("file:///root/secret.git"))
    for address in ("", "../../x.git", "../../../file:///root/x", "../../other.example/x.git"):
        with pytest.raises(SourceUnavailable, match="no address that can be fetched"):
            read_submodules("https://host/dep.git", {"sub": "c"}, settings.format(address))
    left_out = settings.format("https://host/x") + "submodule.x.update\nnone\0"
    assert read_submodules("https://host/dep.git", {"sub": "c"}, left_out) == []


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("v1.2.3-0-gabc1234", "1.2.3"),
        ("release/2.0rc1-0-gabc1234", "2.0rc1"),
        ("pkg-v1.9-12-gabc1234", "1.10.dev12+gabc1234"),
        ("1.0rc1-3-gabc1234", "1.0rc2.dev3+gabc1234"),
        ("nightly-2-gabc1234", ""),
        ("", ""),
    ],
)
def test_the_version_that_tags_tell(described: str, version: str) -> None:
    assert guessed_version(described) == version


def test_an_own_checkout_tells_its_version(tmp_path: Path) -> None:
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    work = tmp_path / "work"
    work.mkdir()
    assert ours.described(work) == ""
    (work / "a").write_text("a")
    for words in (["init", "-q"], ["add", "a"], ["commit", "-qm", "one"], ["tag", "v3.1"]):
        git(work, *words)
    assert ours.described(work) == "3.1"


# --- locks ---------------------------------------------------------------------------------------


def test_built_wheels_are_locked_with_their_origin_and_read_back() -> None:
    text = write_lock(LOCK)
    assert parse_lock(text, "x") == LOCK
    packages = Pylock.from_dict(parse(text)).packages
    assert packages[0].vcs is not None
    assert packages[0].vcs.commit_id == "1" * 40
    assert packages[1].directory is not None
    assert packages[2].archive is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('wheel = "dep-1.0-py3-none-any.whl"', 'wheel = "../dep-1.0-py3-none-any.whl"'),
        ('wheel = "dep-1.0-py3-none-any.whl"', 'wheel = "other-1.0-py3-none-any.whl"'),
        (f'sha256 = "{"a" * 64}"', 'sha256 = "A"'),
        ("size = 7", "size = -1"),
        ('origin = { kind = "git"', 'origin = { kind = "svn"'),
        ("[packages.tool.parity]", "[packages.tool.other]"),
    ],
)
def test_a_built_wheel_without_a_sound_entry_is_refused(old: str, new: str) -> None:
    with pytest.raises(LockInvalid):
        parse_lock(write_lock(LOCK).replace(old, new), "x")


def test_the_build_must_give_what_the_lock_says() -> None:
    source = SourcePackage("dep", "1.0", "git", "https://git.example/dep.git", requested=True)
    wheel = locked_build(source, "dep-1.0-py3-none-any.whl", "a" * 64, 7, GIT)
    assert wheel == BUILT[0]
    for filename in ("dep-1.1-py3-none-any.whl", "other-1.0-py3-none-any.whl", "dep.whl"):
        with pytest.raises(LockInvalid):
            locked_build(source, filename, "a" * 64, 7, GIT)


PYLOCK = f"""
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "app"
directory = {{ path = ".", editable = true }}
[[packages]]
name = "dep"
version = "1.0"
vcs = {{ type = "git", url = "https://git.example/dep.git", commit-id = "{"1" * 40}", subdirectory = "py" }}
[[packages]]
name = "direct"
version = "2.0"
[packages.archive]
url = "https://u:p@files.example/direct-2.0-py3-none-any.whl?t=1"
hashes = {{ sha256 = "{"b" * 64}" }}
[[packages]]
name = "packed"
version = "1.0"
archive = {{ url = "https://files.example/packed-1.0.tar.gz", hashes = {{ sha256 = "{"c" * 64}" }} }}
[[packages]]
name = "windows"
version = "1.0"
marker = "sys_platform == 'win32'"
vcs = {{ type = "git", url = "https://git.example/w.git", commit-id = "{"1" * 40}" }}
[[packages]]
name = "wheel-a"
version = "1.0"
marker = "'extra' in extras and 'group' in dependency_groups"
index = "https://index.example/simple"
[[packages.wheels]]
url = "https://index.example/wheel_a-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{"d" * 64}" }}
"""


def test_a_projects_lock_is_wheels_and_sources() -> None:
    selection = select_project(PYLOCK, inputs_for(), {"dep"}, ("extra",), ("group",))
    assert [(wheel.name, wheel.url) for wheel in selection.wheels] == [
        ("direct", "https://files.example/direct-2.0-py3-none-any.whl"),
        ("wheel-a", "https://index.example/wheel_a-1.0-py3-none-any.whl"),
    ]
    assert [(one.name, one.kind, one.requested) for one in selection.sources] == [
        ("app", "path", False), ("dep", "git", True), ("packed", "url", False),
    ]  # fmt: skip
    assert (selection.sources[1].commit, selection.sources[1].subdirectory) == ("1" * 40, "py")
    assert [wheel.name for wheel in select_project(PYLOCK, inputs_for(), ()).wheels] == ["direct"]


def test_what_cannot_be_carried_is_said() -> None:
    with pytest.raises(LockInvalid, match="only git"):
        select_project(PYLOCK.replace('type = "git"', 'type = "hg"'), inputs_for(), ())
    with pytest.raises(LockInvalid, match="no sha256"):
        select_project(PYLOCK.replace(f'sha256 = "{"c" * 64}"', 'md5 = "c"'), inputs_for(), ())
    foreign = PYLOCK.replace("wheel_a-1.0-py3-none-any", "wheel_a-1.0-cp39-cp39-win_amd64")
    with pytest.raises(NoWheel, match="wheel-a"):
        select_project(foreign, inputs_for(), (), ("extra",), ("group",))


def test_requirements_are_sorted_by_where_they_come_from() -> None:
    lines = [
        "six",
        "toml; extra == 'x'",
        "gone; python_version < '3'",
        "dep[a,b] @ git+https://git.example/d",
    ]
    plain, direct = split_requirements(lines, "here", DEBIAN11.markers, ["x"])
    assert [line.text for line in plain] == ["six", "toml"]
    assert [(one.name, one.extras) for one in direct] == [("dep", ("a", "b"))]
    with pytest.raises(InputFileError, match="not a requirement"):
        split_requirements(["???"], "here", DEBIAN11.markers)


SOURCE_ONLY = """lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "both"
version = "1.0"
sdist = { url = "https://index.example/both-1.0.tar.gz", hashes = { sha256 = "DIGEST" } }
wheels = [{ url = "https://index.example/both-1.0-py3-none-any.whl", hashes = { sha256 = "DIGEST" } }]
[[packages]]
name = "lonely"
version = "2.0"
sdist = { url = "https://index.example/lonely-2.0.tar.gz", hashes = { sha256 = "DIGEST" } }
[[packages]]
name = "other"
version = "3.0"
sdist = { url = "https://index.example/other-3.0.tar.gz", hashes = { sha256 = "DIGEST" } }
wheels = [{ url = "https://index.example/other-3.0-cp39-cp39-win32.whl", hashes = { sha256 = "DIGEST" } }]
""".replace("DIGEST", "d" * 64)


def test_what_a_projects_lock_has_as_a_source_only_is_named_at_once_and_built_with_auto() -> None:
    with pytest.raises(NoWheel, match=r"of lonely 2\.0; other 3\.0") as caught:
        select_project(SOURCE_ONLY, inputs_for(), {"lonely"})
    assert "--build-from-source auto" in caught.value.remedy
    found = select_project(SOURCE_ONLY, replace(inputs_for(), auto=True), {"lonely"})
    assert [wheel.name for wheel in found.wheels] == ["both"]
    assert [(one.name, one.kind, one.requested) for one in found.sources] == [
        ("lonely", "sdist", True),
        ("other", "sdist", False),
    ]
