"""What is a user's lies in the user's folders, and tells nobody where those are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.users import another_user

from parity.profile import shipped_root

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("debian11")]

TARGET = "debian11-py39"


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own ones are closed whenever a session starts."""
    with tempfile.TemporaryDirectory(prefix="parity-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def project(folder: Path, index: PackageIndex, *lines: str) -> Path:
    """A folder with a requirements.txt of these lines."""
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("\n".join([f"--index-url {index.url}", *lines, ""]))
    return folder


def test_projects_with_one_shipped_target_have_locks_of_their_own(
    index: PackageIndex, elsewhere: Path
) -> None:
    """As another user than the one who owns parity's own files, and one folder below where one stands."""
    tiny_wheel(index.wheels, "alpha", "1.0")
    tiny_wheel(index.wheels, "alpha", "2.0")
    one = project(elsewhere / "one", index, "alpha==1.0")
    two = project(elsewhere / "two", index, "alpha")
    user, through = Parity.with_uv(elsewhere / "home"), another_user(elsewhere)
    own: dict[str, Any] = {"through": through, "env": {"HOME": str(elsewhere)}}
    before = sorted(shipped_root().joinpath("profiles").iterdir())

    first = user.run("build", TARGET, "-r", "requirements.txt", "--json", cwd=one, **own).bundle
    lock = Path(first["lock"])
    assert lock.parent == one
    kept = lock.read_bytes()
    second = user.run("build", TARGET, "-r", "two/requirements.txt", "--json", cwd=elsewhere, **own).bundle
    assert [each["version"] for each in second["packages"]] == ["2.0"]
    assert Path(second["lock"]).parent == two
    assert lock.read_bytes() == kept
    assert sorted(shipped_root().joinpath("profiles").iterdir()) == before

    told = user.run("build", TARGET, "-r", "requirements.txt", "--locked", cwd=one, **own)
    assert told.code == 0, told.stderr
    assert f"lock       {lock.name}\n" in told.stdout


def test_a_lock_lies_beside_a_profile_that_is_the_users(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    folder = project(tmp_path / "app", index, "alpha")
    (tmp_path / "fleet").mkdir()
    profile = write_profile(tmp_path / "fleet", "ours")
    done = parity.run("build", profile, "-r", folder / "requirements.txt", "-o", tmp_path / "out", "--json")
    assert Path(done.bundle["lock"]).parent == tmp_path / "fleet"


def test_a_folder_that_takes_no_lock_is_told_with_what_helps(index: PackageIndex, elsewhere: Path) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    folder = project(elsewhere / "one", index, "alpha")
    user, through = Parity.with_uv(elsewhere / "home"), another_user(elsewhere / "home")
    if not through:
        pytest.fail("only root can be another user")
    words = ("build", TARGET, "-r", "requirements.txt", "-o", elsewhere / "home", "--json")
    own: dict[str, Any] = {"cwd": folder, "through": through, "env": {"HOME": str(elsewhere / "home")}}
    error = user.run(*words, **own).error
    assert error["kind"] == "WriteFailed"
    assert "--lock" in error["remedy"]
    assert user.run(*words, "--lock", elsewhere / "home" / "pylock.toml", **own).code == 0
