"""Hostile repositories, and odd ones that are not: what leaves git's hands, and what runs meanwhile."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.attack.campaigns.repositories import attempt, laid_out
from tests.support.evil.scene import FILE, GITLINK
from tests.support.projects import git, private_git
from tests.support.repositories import GOOD, HOSTILE, PROGRAMS, Case, Scene
from tests.support.threads import answering

from parity.errors import HostileSource, SourceUnavailable
from parity.host.git import Git
from parity.host.gitaddress import checked, read_submodules
from parity.host.gitrun import GitBounds

_ALONE = ("name", "name-inside")  # many of a kind: git's own judge is not asked for each


def _id(case: Case) -> str:
    return f"{case.kind}: {case.name}"


@pytest.mark.parametrize("case", HOSTILE, ids=_id)
def test_a_hostile_repository_is_refused_and_writes_nothing(case: Case, tmp_path: Path) -> None:
    outcome = attempt(case, Scene(tmp_path), fetched=case.kind in _ALONE)
    assert outcome.right, outcome.ended


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in HOSTILE
        if case.kind.startswith(("dup", "submodule-", "link-")) and "bomb" not in case.kind
    ],
    ids=_id,
)
def test_parity_judges_a_tree_that_git_did_not_look_at(case: Case, tmp_path: Path) -> None:
    outcome = attempt(case, Scene(tmp_path), fetched=True)
    assert outcome.right, outcome.ended


@pytest.mark.parametrize("case", [*PROGRAMS, *GOOD], ids=_id)
def test_an_odd_repository_comes_byte_for_byte_and_runs_no_program(case: Case, tmp_path: Path) -> None:
    outcome = attempt(case, Scene(tmp_path), fetched=False)
    assert outcome.right, outcome.ended


def test_the_address_that_the_users_settings_say_holds(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    case = next(case for case in GOOD if "400" in case.name)
    url, commit = case.make(scene)
    served = url.rpartition("/")[0]
    scene.settings(f'[url "{served}/"]\n insteadOf = https://git.example.org/\n')
    assert laid_out(scene, "https://git.example.org/evil.git", commit) == case.expected


def test_the_users_credentials_reach_a_server_that_gives_files_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    case = next(case for case in GOOD if "into and out" in case.name)
    _, commit = case.make(scene)
    (scene.home / ".netrc").write_text("machine 127.0.0.1 login me password canary-78\n")
    with private_git(tmp_path / "served", "me", "canary-78") as address:
        assert laid_out(scene, f"{address}/evil.git", "main").keys() == (case.expected or {}).keys()
        (scene.home / ".netrc").unlink()
        with pytest.raises(SourceUnavailable, match="cannot be fetched"):
            laid_out(scene, f"{address}/inner.git", "main")
    helper = scene.home / "helper"
    helper.write_text("#!/bin/sh\necho username=me; echo password=canary-79\n")
    helper.chmod(0o700)
    scene.settings(f"[credential]\n helper = {helper}\n")
    with private_git(tmp_path / "served", "me", "canary-79") as address:
        assert laid_out(scene, f"{address}/evil.git", commit).keys() == (case.expected or {}).keys()


@contextmanager
def _recording(folder: Path) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """Serve files on this machine alone; the address, and the heads of all requests."""
    seen: list[Mapping[str, str]] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    with answering(server):
        yield f"http://127.0.0.1:{server.server_address[1]}", seen


def test_headers_of_the_users_do_not_follow_a_submodule_to_another_server(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.settings("[http]\n extraHeader = X-Token: canary-80\n")
    inner, outer = scene.repository("inner"), scene.repository("outer")
    pinned = inner.commit((FILE, "f", inner.blob("f")))
    git(inner.path, "update-server-info")
    with _recording(tmp_path / "served") as (other, there), _recording(tmp_path / "served") as (first, here):
        said = '[submodule "{0}"]\n path = {0}\n url = {1}\n'
        text = said.format("far", f"{other}/inner.git") + said.format("near", "../inner.git")
        rows = (FILE, ".gitmodules", outer.blob(text)), (GITLINK, "far", pinned), (GITLINK, "near", pinned)
        outer.commit(*rows)
        git(outer.path, "update-server-info")
        assert set(laid_out(scene, f"{first}/outer.git", "main")) == {".gitmodules", "far/f", "near/f"}
    assert here
    assert all(heads.get("X-Token") == "canary-80" for heads in here)
    assert there
    assert not any("X-Token" in heads for heads in there)


def test_a_hostile_tree_from_a_server_that_gives_files_alone_is_refused(tmp_path: Path) -> None:
    """git looks at no object that comes this way."""
    scene = Scene(tmp_path)
    next(case for case in HOSTILE if case.kind == "submodule-through-link").make(scene)
    with (
        private_git(tmp_path / "served", "me", "x") as address,
        pytest.raises(HostileSource, match="is refused"),
    ):
        laid_out(scene, f"{address.replace('//', '//me:x@')}/evil.git", "main")
    assert scene.strays() == []


def test_files_of_lfs_are_told_to_be_pointers(tmp_path: Path) -> None:
    scene, heard = Scene(tmp_path), list[str]()
    url, commit = next(case for case in GOOD if "LFS" in case.name).make(scene)
    with Git(tmp_path / "cache", {"HOME": str(scene.home)}, heard.append).checkout(url, commit):
        pass
    assert len(heard) == 1
    assert "1 file in Git LFS" in heard[0]
    assert "'big.bin'" in heard[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://host/org/dep.git",
        "https://me@host:8443/dep",
        "https://[::1]:8443/~me/a b.git",
        "ssh://git@host/org/dep.git",
        "git@host.example:org/dep.git",
        "git@host:dep.git",
        "git@ssh.dev.azure.com:v3/org/project/repo",
        "https://org@dev.azure.com/org/a%20project/_git/repo",
        "https://user%40corp:token@host/x",
        "file:///srv/ключ/dep.git",
    ],
)
def test_usual_addresses_are_taken(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize("address", ["../../other.example/x.git", "../../../x", "./../../../file:///root/x"])
def test_a_relative_submodule_stays_on_its_server(address: str) -> None:
    settings = f"submodule.x.path\nsub\0submodule.x.url\n{address}\0"
    with pytest.raises(SourceUnavailable, match="no address that can be fetched"):
        read_submodules("https://me:secret@host/dep.git", {"sub": "c"}, settings)


def _foreign(folder: Path, config: str) -> Path:
    """A checkout of somebody else's making, with settings of its own."""
    work = folder / "foreign"
    work.mkdir()
    (work / "a").write_text("a")
    for words in (["init", "-q"], ["add", "a"], ["commit", "-qm", "one"], ["tag", "v3.1"], ["rm", "-q", "a"]):
        git(work, *words)
    git(work, "commit", "-qm", "two")
    with (work / ".git" / "config").open("a") as file:
        file.write(config)
    return work


@pytest.mark.parametrize(
    "config",
    [
        "[core]\n fsmonitor = touch {canary}; false\n",
        "[core]\n hooksPath = {folder}/hooks\n",
        "[core]\n pager = touch {canary}\n[pager]\n describe = touch {canary}\n",
        "[alias]\n describe = !touch {canary}\n",
        "[diff]\n external = touch {canary}\n",
    ],
)
def test_a_foreign_folders_settings_run_nothing(config: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    work = _foreign(tmp_path, config.format(canary=canary, folder=tmp_path))
    assert Git(tmp_path / "cache", {"HOME": str(tmp_path)}).described(work).startswith("3.2.dev1+g")
    assert not canary.exists()


@pytest.mark.parametrize("url", ["ext::touch {canary}", "file://{folder}/foreign", "{folder}/foreign"])
def test_a_foreign_folder_fetches_nothing_that_it_lacks(url: str, tmp_path: Path) -> None:
    """A partial clone asks its origin for what it lacks, by a command of its own settings."""
    canary = tmp_path / "canary"
    origin = url.format(canary=canary, folder=tmp_path)
    config = "[core]\n repositoryformatversion = 1\n[extensions]\n partialClone = origin\n"
    config += '[protocol]\n allow = always\n[protocol "ext"]\n allow = always\n'
    config += f'[remote "origin"]\n url = {origin}\n promisor = true\n uploadpack = touch {canary};\n'
    work = _foreign(tmp_path, config)
    parent = git(work, "rev-parse", "HEAD~1")
    (work / ".git" / "objects" / parent[:2] / parent[2:]).unlink()
    assert Git(tmp_path / "cache", {"HOME": str(tmp_path)}).described(work) == ""
    assert not canary.exists()


def test_a_repository_without_a_checkout_inside_a_folder_is_none(tmp_path: Path) -> None:
    work = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "--bare", str(work)], check=True, env={"PATH": os.environ["PATH"]})
    assert Git(tmp_path / "cache", {"HOME": str(tmp_path)}).described(work) == ""


@pytest.mark.parametrize("place", [".git/HEAD", ".git/config", ".git/refs/tags/v9"])
def test_a_foreign_folder_that_keeps_git_waiting_is_left(place: str, tmp_path: Path) -> None:
    work, warned = _foreign(tmp_path, ""), []  # type: tuple[Path, list[str]]
    (work / place).unlink(missing_ok=True)
    os.mkfifo(work / place)
    environment = {"HOME": str(tmp_path)}
    theirs = Git(tmp_path / "cache", environment, warned.append, GitBounds(described=1))
    assert theirs.described(work) == ""
    assert "took longer than 1 seconds" in warned[0]


@pytest.mark.two_users
def test_it_is_told_that_another_users_tags_are_not_read(tmp_path: Path) -> None:
    work, warned = _foreign(tmp_path, ""), []  # type: tuple[Path, list[str]]
    os.chown(work, 12345, 12345)
    assert Git(tmp_path / "cache", {"HOME": str(tmp_path)}, warned.append).described(work) == ""
    assert "belongs to another user" in warned[0]


def test_what_a_server_says_is_printable(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    url, _ = next(case for case in GOOD if "400" in case.name).make(scene)
    (tmp_path / "served" / "evil.git" / "packed-refs").write_text("\x1b[2Jcanary\n")
    with pytest.raises(SourceUnavailable) as caught:
        Git(tmp_path / "cache", {"HOME": str(scene.home)}).resolve(url, "main")
    said = "".join([caught.value.message, *caught.value.details])
    assert said.isprintable()
    assert "canary" in said


def test_a_fetch_without_an_end_is_ended_and_swept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    bare = scene.repository()
    commit = bare.commit(*((FILE, f"f{number}", bare.blob(os.urandom(40_000))) for number in range(10)))
    cache, home = tmp_path / "cache", {"HOME": str(scene.home)}
    short = Git(cache, home, bounds=GitBounds(fetched=102_400))  # of 400,000
    with pytest.raises(SourceUnavailable, match="cannot be fetched"), short.checkout(bare.url, commit):
        pass
    left = list((tmp_path / "cache" / "git").glob("*/objects/pack/tmp_*"))
    assert all(path.stat().st_size <= 102_400 for path in left)
    for path in left:
        os.utime(path, (1, 1))
    with Git(cache, home).checkout(bare.url, commit) as folder:
        assert len(list(folder.iterdir())) == 10
    assert left
    assert not any(path.exists() for path in left)


def test_a_server_that_never_ends_its_names_is_left(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    url, commit = next(case for case in GOOD if "400" in case.name).make(scene)
    packed = "".join(f"{commit} refs/heads/n{number}\n" for number in range(3000))
    bare = tmp_path / "served" / "evil.git"
    (bare / "packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted\n" + packed)
    cache, home = tmp_path / "cache", {"HOME": str(scene.home)}
    ours = Git(cache, home, bounds=GitBounds(names=1000))
    assert ours.resolve(url, "main") == commit
    with pytest.raises(SourceUnavailable, match="there is no"):
        ours.resolve(url, "n")
    with pytest.raises(HostileSource, match="names"):
        Git(cache, home, bounds=GitBounds(names=0)).resolve(url, "main")


def test_the_first_digits_of_a_commit_name_it(tmp_path: Path) -> None:
    """What `pip install git+…@1a2b3c4` takes, wherever in the history it is."""
    work = tmp_path / "work"
    work.mkdir()
    for words in (["init", "-q"], ["commit", "-qm", "one", "--allow-empty"]):
        git(work, *words)
    first = git(work, "rev-parse", "HEAD").strip()
    git(work, "commit", "-qm", "two", "--allow-empty")
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    assert ours.resolve(work.as_uri(), first[:9]) == first
    for nothing in ("0" * 9, first[:6]):
        with pytest.raises(SourceUnavailable, match="there is no"):
            ours.resolve(work.as_uri(), nothing)


def test_a_repository_that_names_by_sha256_is_laid_out(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a").write_text("content")
    for words in (["init", "-q", "--object-format=sha256"], ["add", "a"], ["commit", "-qm", "one"]):
        git(work, *words)
    ours = Git(tmp_path / "cache", {"HOME": str(tmp_path)})
    commit = ours.resolve(work.as_uri(), "")
    with ours.checkout(work.as_uri(), commit) as folder:
        assert (len(commit), (folder / "a").read_text()) == (64, "content")
