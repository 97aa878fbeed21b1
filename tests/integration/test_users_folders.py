"""What is a user's lies in the user's folders, and tells nobody where those are."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.sources import write_tree
from tests.support.users import another_user

from parity.profile import shipped_root

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("debian11")]

TARGET = "debian11-py39"
BACKEND = """
import base64, hashlib, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, info, rows = "mine-1.0-py3-none-any.whl", "mine-1.0.dist-info/", []
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        def add(path, text):
            wheel.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append("%s,sha256=%s,%d" % (path, digest, len(text)))
        add("mine.py", "")
        add(info + "METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n")
        add(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\n"
            "Tag: py3-none-any\\nRoot-Is-Purelib: true\\n")
        add(info + "RECORD", "\\n".join(rows + [info + "RECORD,,", ""]))
    return name
"""
PYPROJECT = """
[project]
name = "mine"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


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


@pytest.mark.long
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


def checkout(folder: Path, index: PackageIndex, elsewhere: Path) -> Path:
    """One project's checkout: sources of its own, and wheels inside, beside and far from it.

    `full @ file://…` says another folder in each, which is the same place of the project.
    """
    tiny_wheel(folder / "wheels", "inside")
    tiny_wheel(folder / "beside", "next-door")
    lines = [
        "alpha",
        "./lib",
        "wheels/inside-1.0-py3-none-any.whl",
        "../beside/next_door-1.0-py3-none-any.whl",
    ]
    lines += [f"far @ file://{elsewhere}/far-1.0-py3-none-any.whl", f"full @ file://{folder}/app/full"]
    # What people write beside it, and what is carried as they wrote it.
    lines += [
        "# as on http://jane:canary-password@example.org/a?token=canary",
        f"# from {folder}/app and /srv/canary/x",
    ]
    lines += ["-c limits.txt"]
    app = project(folder / "app", index, *lines)
    (app / "limits.txt").write_text("alpha<3  # so said operations\n")
    (folder / "wheels").rename(app / "wheels")
    (app / "deploy").mkdir()
    write_tree(app / "lib", {"pyproject.toml": PYPROJECT, "backend.py": BACKEND})
    full = PYPROJECT.replace("mine", "full")
    write_tree(app / "full", {"pyproject.toml": full, "backend.py": BACKEND.replace("mine", "full")})
    return app


@pytest.mark.parametrize("whose", ["shipped", pytest.param("own", marks=pytest.mark.long)])
def test_two_checkouts_of_a_project_give_one_payload_that_names_no_folder(
    parity: Parity, index: PackageIndex, tmp_path: Path, whose: str
) -> None:
    tiny_wheel(index.wheels, "alpha")
    tiny_wheel(tmp_path / "canary-shop", "far")
    hers = checkout(tmp_path / "canary-alice", index, tmp_path / "canary-shop")
    his = checkout(tmp_path / "canary-work" / "deep" / "canary-bob", index, tmp_path / "canary-shop")
    told = []
    for app in (hers, his):
        # `full @ file://…` says another folder in each: it is the same place of the project.
        profile = TARGET if whose == "shipped" else write_profile(app / "deploy", "ours")
        if app == his:
            for lock in hers.rglob("pylock*.toml"):
                (app / lock.relative_to(hers)).write_bytes(lock.read_bytes())
        words = ["--locked"] if app == his else []
        words += ["-r", "requirements.txt", "--json", "--bundle-version", "1", "--serial", "1"]
        told.append(parity.run("build", profile, *words, cwd=app).bundle)
    assert told[0]["payload_sha256"] == told[1]["payload_sha256"]
    assert {each["name"] for each in told[0]["packages"]} == {
        "alpha",
        "mine",
        "inside",
        "next-door",
        "far",
        "full",
    }

    bundle = hers / told[0]["bundle"]
    media = tmp_path / "media"
    media.mkdir()
    subprocess.run(["tar", "xf", bundle, "-C", media], check=True)
    shown = parity.run("inspect", bundle, "--json").document
    assert [(each["kind"], each["name"]) for each in shown["asked"]] == [
        ("requirements", "requirements.txt"),
        ("constraints", "limits.txt"),
    ]
    assert "\nalpha\n./lib\n" in shown["asked"][0]["text"]
    assert "# as on http://***@example.org/a?***\n# from ${PROJECT_ROOT} and x\n" in shown["asked"][0]["text"]
    assert shown["asked"][1]["text"] == "alpha<3  # so said operations\n"
    origins = {each["name"]: each["origin"] for each in shown["packages"]}
    assert origins["alpha"] == {"kind": "index", "index": "", "address": index.url}
    assert origins["mine"] == {"kind": "path", "index": "", "address": "lib"}
    inside = [path for path in media.rglob("*") if path.is_file()]
    inside.append(Path(told[0]["lock"]))
    assert [path for path in inside if b"canary" in path.read_bytes()] == []
    assert b"canary" not in bundle.read_bytes()
