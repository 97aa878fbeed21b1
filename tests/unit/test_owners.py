"""Root installs only where nobody else can change what it installs. With two users for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.signed import Signed, successive
from tests.support.wheels import make_wheel

from parity.farside.install import existing, owners
from parity.farside.install import prefix as prefixes
from parity.farside.install.install import Request, install
from parity.farside.install.releases import installed, rollback
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.errors import EnvironmentUnfit, FarsideError, PrefixInUse

OTHER = 1234
pytestmark = pytest.mark.two_users


def silent(_line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Signed]:
    return successive(tmp_path_factory.mktemp("bundles"), {serial: {} for serial in (1, 2)})


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can get into, root's own."""
    path = Path(tempfile.mkdtemp(prefix="owners-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def as_other(*command: str | Path, uid: int = OTHER) -> str:
    """What a command prints that somebody else runs."""
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def put(bundle: Signed, **where: Any) -> Any:
    request = Request(str(bundle.path), check=openssl_checker([str(bundle.public)]), imports=False, **where)
    return install(request, silent)


# --- a prefix ---------------------------------------------------------------------------------------------


def theirs(path: Path) -> Path:
    """Another user's folder on the way."""
    path.mkdir()
    os.chown(path, OTHER, OTHER)
    return path / "app"


def anybodys(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o777)
    return path / "app"


def a_groups(path: Path) -> Path:
    path.mkdir()
    os.chown(path, 0, 54321)  # nobody knows who is in it
    path.chmod(0o2775)
    return path / "deep" / "app"


def behind_a_link(path: Path) -> Path:
    theirs(path)
    (path.parent / "link").symlink_to(path)
    return path.parent / "link" / "app"


def behind_their_link(path: Path) -> Path:
    """In a folder like /tmp: the link is another's, the folder that it leads to is root's."""
    path.mkdir()
    path.chmod(0o1777)
    (path.parent / "good").mkdir()
    as_other("ln", "-s", path.parent / "good", path / "app")
    return path / "app"


def theirs_in_tmp(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o1777)
    as_other("mkdir", path / "app")
    return path / "app"


def mark_is_theirs(path: Path) -> Path:
    path.mkdir()
    (path / ".parity-prefix").touch()
    os.chown(path / ".parity-prefix", OTHER, OTHER)
    return path


def releases_are_theirs(path: Path) -> Path:
    mark_is_theirs(path)
    os.chown(path / ".parity-prefix", 0, 0)
    (path / "releases").mkdir()
    os.chown(path / "releases", OTHER, OTHER)
    return path


def by_acl(path: Path) -> Path:
    path.mkdir()
    entries = [(1, 7, -1), (2, 7, OTHER), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    raw = b"\2\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + (who & 0xFFFFFFFF).to_bytes(4, "little")
        for tag, rights, who in entries
    )
    os.setxattr(path, "system.posix_acl_access", raw)
    return path / "app"


def shared_as_tmp(path: Path) -> Path:
    """The prefix itself is a folder like /tmp: anybody may put a `releases` into it first."""
    path.mkdir()
    path.chmod(0o1777)
    return path


def releases_as_tmp(path: Path) -> Path:
    mark_is_theirs(path)
    os.chown(path / ".parity-prefix", 0, 0)
    (path / "releases").mkdir()
    (path / "releases").chmod(0o1777)
    return path


MAKERS: list[Callable[[Path], Path]] = [
    theirs,
    anybodys,
    a_groups,
    behind_a_link,
    behind_their_link,
    theirs_in_tmp,
    mark_is_theirs,
    releases_are_theirs,
    by_acl,
    shared_as_tmp,
    releases_as_tmp,
]


def seen(path: Path) -> list[str]:
    return sorted(f"{each} {each.lstat()[:6]}" for each in path.rglob("*"))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("dry_run", [False, True])
def test_root_writes_nothing_where_somebody_else_may_write(
    bundles: list[Signed], place: Path, make: Callable[[Path], Path], dry_run: bool
) -> None:
    prefix = make(place / "on the way")
    before = seen(place)
    with pytest.raises(PrefixInUse, match="could be exchanged") as caught:
        put(bundles[0], prefix=str(prefix), dry_run=dry_run)
    assert "on the way" in caught.value.message or "good" in caught.value.message
    assert seen(place) == before


def test_root_installs_where_only_root_may_write(bundles: list[Signed], place: Path) -> None:
    """As /tmp is, as /usr/local is on Debian, as `umask 002` makes folders, through a link of root's own."""
    (place / "tmp").mkdir()
    (place / "tmp").chmod(0o1777)
    (place / "local").mkdir()
    os.chown(place / "local", 0, 50)  # staff
    (place / "local").chmod(0o2775)
    (place / "umask").mkdir()
    (place / "umask").chmod(0o775)
    (place / "link").symlink_to("umask")
    for name in ("tmp", "local", "umask", "link"):
        assert put(bundles[0], prefix=str(place / name / f"app-{name}"))["switched"]
    assert owners.check_way("/usr/local/app") == []


def test_root_goes_back_to_no_release_of_somebody_elses(bundles: list[Signed], place: Path) -> None:
    for bundle in bundles:
        put(bundle, prefix=str(place / "app"))
    old = next(row["path"] for row in installed(str(place / "app"))["releases"] if not row["current"])
    os.chown(old, OTHER, OTHER)
    with pytest.raises(PrefixInUse, match="belongs to the user"):
        rollback(str(place / "app"), "", False, silent)
    assert len(installed(str(place / "app"))["releases"]) == 2


def test_who_is_not_root_goes_on_and_is_warned(bundles: list[Signed], place: Path) -> None:
    """A container's user, whose volume everybody may write to; a group's folder is no reason to speak."""
    (place / "volume").mkdir()
    (place / "volume").chmod(0o777)
    (place / "group").mkdir()
    os.chown(place / "group", 0, OTHER)
    (place / "group").chmod(0o2775)
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from parity.farside.install.owners import check_way; print(check_way(sys.argv[1]))\n"
    )
    source = place / "code"
    shutil.copytree(Path(owners.__file__).parents[2], source / "parity")
    for each in source.rglob("*"):
        each.chmod(0o755)
    source.chmod(0o755)
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable

    def ask(path: Path) -> str:
        return as_other(python, "-B", "-c", code, path, source)

    assert "written to by everybody" in ask(place / "volume" / "app")
    assert ask(place / "group" / "app").strip() == "[]"
    assert ask(Path("/tmp/not there yet/app")).strip() == "[]"


def test_a_folder_that_somebody_makes_in_the_last_moment_is_not_taken_over(
    bundles: list[Signed], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder like /tmp, between the look at it and the making of the prefix."""
    place.chmod(0o1777)
    look = prefixes.check_place

    def late(path: str, is_there: bool = False) -> list[str]:
        found = look(path, is_there)
        if not os.path.lexists(path):
            as_other("mkdir", path)
        return found

    monkeypatch.setattr(prefixes, "check_place", late)
    with pytest.raises(PrefixInUse, match="could be exchanged"):
        put(bundles[0], prefix=str(place / "app"))
    assert os.listdir(place / "app") == []


@pytest.mark.parametrize("into", [False, True])
def test_a_bundle_that_its_owner_changes_after_the_look_at_it_is_not_installed(
    bundles: list[Signed], venv: Path, place: Path, into: bool
) -> None:
    folder = bundles[0].unpack(place / "unpacked")
    wheel = next((folder / "wheels").glob("beta*"))
    evil = make_wheel(place, "beta", "2.1", {"beta.py": b"evil = 1\n"})
    for each in (folder, *folder.rglob("*")):
        os.chown(each, OTHER, OTHER)

    def say(line: str) -> None:
        if line.startswith("files:"):
            as_other("cp", evil, wheel)

    where: dict[str, Any] = {"into": str(venv)} if into else {"prefix": str(place / "app")}
    check = openssl_checker([str(bundles[0].public)])
    install(Request(str(folder), check=check, imports=False, **where), say)
    assert evil.read_bytes() == wheel.read_bytes()
    (module,) = (venv if into else place / "app" / "current").glob("lib/python3*/site-packages/beta.py")
    assert module.read_bytes() == b""
    assert not list(place.glob("**/.work-*"))


# --- an environment ---------------------------------------------------------------------------------------


@pytest.fixture
def venv(place: Path) -> Path:
    (place / "srv").mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "srv" / "env"], check=True)
    return place / "srv" / "env"


def refused(bundle: Signed, venv: Path) -> FarsideError:
    with pytest.raises(FarsideError) as caught:
        put(bundle, into=str(venv))
    return caught.value


@pytest.mark.parametrize("what", ["", "bin", "lib/python*/site-packages"])
def test_root_runs_nothing_from_an_environment_to_which_anybody_may_add(
    bundles: list[Signed], venv: Path, what: str
) -> None:
    """The bit that keeps /tmp's files apart keeps nobody from adding one, a `.pth` say."""
    for each in venv.glob(what) if what else [venv]:
        each.chmod(0o1777)
    error = refused(bundles[0], venv)
    assert isinstance(error, EnvironmentUnfit)
    assert "written to by everybody" in error.message


@pytest.mark.parametrize("what", ["", "bin", "bin/python", "pyvenv.cfg", "lib/python*/site-packages"])
def test_root_runs_nothing_from_an_environment_that_is_somebody_elses(
    bundles: list[Signed], venv: Path, what: str
) -> None:
    for each in venv.glob(what) if what else [venv]:
        os.chown(each, OTHER, OTHER, follow_symlinks=False)
    before = seen(venv.parent)
    error = refused(bundles[0], venv)
    assert isinstance(error, EnvironmentUnfit)
    assert "belongs to the user" in error.message
    assert seen(venv.parent) == before


def test_a_work_folder_that_somebody_else_made_before_is_not_taken_over(
    bundles: list[Signed], venv: Path
) -> None:
    venv.parent.chmod(0o1777)
    work = venv.parent / ".env.parity-work"
    as_other("mkdir", work)
    (work / "lock").touch()
    error = refused(bundles[0], venv)
    assert isinstance(error, EnvironmentUnfit)
    assert "was not made by us" in error.message
    assert work.stat().st_uid == OTHER
    assert os.listdir(work) == ["lock"]


def test_a_work_folder_that_somebody_exchanges_in_the_last_moment_is_not_taken_over(
    bundles: list[Signed], venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.parent.chmod(0o1777)
    work = venv.parent / ".env.parity-work"
    real = prefixes.take_lock

    def late(mark: str, *words: Any) -> int:
        found = real(mark, *words)
        shutil.rmtree(work)
        as_other("mkdir", work)
        return found

    monkeypatch.setattr(existing, "take_lock", late)
    error = refused(bundles[0], venv)
    assert isinstance(error, EnvironmentUnfit)
    assert "was not made by us" in error.message
    assert os.listdir(work) == []


def test_a_prefix_that_somebody_hides_during_the_look_at_it_is_not_taken_over(
    bundles: list[Signed], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.chmod(0o1777)
    real = prefixes.take_lock

    def late(mark: str, *words: Any) -> int:
        as_other("mkdir", place / "app")
        found = real(mark, *words)
        as_other("mv", place / "app", place / "hidden")
        return found

    monkeypatch.setattr(prefixes, "take_lock", late)
    monkeypatch.setattr(prefixes, "_make_folders", lambda _missing: None)
    with pytest.raises(PrefixInUse, match="taken away"):
        put(bundles[0], prefix=str(place / "app"))
    assert os.listdir(place / "hidden") == [prefixes.MARK]


def test_what_somebody_else_left_is_not_brought_back_as_the_environment(
    bundles: list[Signed], venv: Path
) -> None:
    venv.parent.chmod(0o1777)
    shutil.rmtree(venv)
    as_other("mkdir", "-p", venv.parent / ".env.parity-work" / "old" / "bin")
    assert isinstance(refused(bundles[0], venv), EnvironmentUnfit)
    assert not venv.exists()


def test_root_renews_its_own_environment(bundles: list[Signed], venv: Path) -> None:
    assert put(bundles[0], into=str(venv))["switched"]
    assert sorted(os.listdir(venv.parent)) == ["env"]
