"""A whole uv project carried across: git, path, extra and group; then worked with and no network."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.hosts import NOBODY, Host, host
from tests.support.projects import ProjectTree, make_project, newest_pip_for_39, private_git, spoil, uv

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

SAYS = "from git from path xn--bcher-kva"
CHECKOUT = "/apps/a chéckout"
UV = f"{CHECKOUT}/.parity/uv"


@dataclass(frozen=True)
class Carried:
    """The example's bundle, unpacked in a folder that hosts get as /media, and what it was made from."""

    tree: ProjectTree
    media: Path
    bundle: Path
    lock: Path
    profile: Path
    digest_before: str

    @property
    def unpacked(self) -> Path:
        return self.media / "bundle"


def project_profile(folder: Path, name: str, path: str, **plan: object) -> Path:
    install = {"requirements": [], "files": [], "project": {"path": path, **plan}}
    return write_profile(folder, name, install=install)


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory, parity: Parity, debian11: PinnedImage) -> Carried:
    folder = tmp_path_factory.mktemp("project")
    tree = make_project(folder / "near")
    before = tree.digest()
    profile = project_profile(folder, "example", "near/app", extras=["colour"], groups=["dev"])
    made = parity.build(profile, folder / "dist").bundle
    media = folder / "media"
    (media / "bundle").mkdir(parents=True)
    subprocess.run(["tar", "xf", made["bundle"], "-C", media / "bundle", "--strip-components=1"], check=True)
    shutil.copytree(tree.app, media / "app")  # a checkout of the project alone, without ../pathdep
    shutil.copy(newest_pip_for_39(), media)
    return Carried(tree, media, Path(made["bundle"]), folder / "dist" / "pylock.toml", profile, before)


@pytest.fixture
def there(engine: DockerEngine, debian11: PinnedImage, carried: Carried) -> Iterator[Host]:
    with host(engine, debian11, carried.media) as found:
        found.says("cp", "-r", "/media/app", CHECKOUT)
        yield found


def payload(bundle: Path) -> dict[str, str]:
    """Path → SHA-256 of what the bundle holds, parity's own code left out."""
    done = subprocess.run(
        ["tar", "xOf", bundle, "parity-bundle/manifest.json"], check=True, capture_output=True
    )
    files = json.loads(done.stdout)["files"]
    return {each["path"]: each["sha256"] for each in files if not each["path"].startswith("farside/")}


def set_up(there: Host, bundle: str = "/media/bundle") -> str:
    return there.says("sh", f"{bundle}/install.sh", "--project", CHECKOUT)


def in_checkout(there: Host, words: str) -> tuple[int, str]:
    done = there.run("sh", "-c", f'cd "{CHECKOUT}" && HOME=/apps/home .parity/uv {words} 2>&1')
    return done.exit_code, done.stdout.decode()


def test_the_near_side_leaves_the_project_as_it_is_and_says_where_all_comes_from(carried: Carried) -> None:
    assert carried.tree.digest() == carried.digest_before
    sources = json.loads((carried.unpacked / "sources.json").read_text())
    built = {each["name"]: each for each in sources["built"]}
    assert set(built) == {"app", "gitdep", "pathdep"}
    assert built["gitdep"]["origin"]["commit"] == carried.tree.commit
    assert built["gitdep"]["origin"]["address"] == "file:gitdep.git", "no folder of this machine's travels"
    assert (built["gitdep"]["version"], built["pathdep"]["origin"]["address"]) == ("1.2.3", "../pathdep")
    assert {tool["name"] for tool in built["gitdep"]["build_requires"]} >= {"setuptools", "setuptools-scm"}
    assert all(each["same_bytes_twice"] for each in built.values())
    for name in ("app", "gitdep", "pathdep"):
        assert built[name]["sha256"] in carried.lock.read_text()
    proof = json.loads((carried.unpacked / "proof.json").read_text())
    synced = {each["name"] for each in proof["project"]["synced"]}
    assert synced >= {"colorama", "gitdep", "idna", "pathdep", "pytest", "six"}
    assert synced.isdisjoint({"app", "toml"})


def test_a_build_has_neither_network_nor_rights_nor_secrets(carried: Carried, tmp_path: Path) -> None:
    wheel = next((carried.unpacked / "wheels").glob("pathdep-*.whl"))
    shutil.unpack_archive(wheel, tmp_path, "zip")
    (seen,) = tmp_path.rglob("built.txt")
    assert seen.read_text().splitlines() == ["nobody", "", "cut off: Network is unreachable"]


def test_uv_syncs_runs_and_adds_without_a_network(there: Host, carried: Carried) -> None:
    pyproject = there.says("sha256sum", f"{CHECKOUT}/pyproject.toml")
    lock = there.says("sha256sum", f"{CHECKOUT}/uv.lock").split()[0]
    assert "sync --locked --extra colour" in set_up(there)
    code, said = in_checkout(there, "sync --locked --extra colour")
    assert code == 0, said
    assert "+ colorama" in said
    assert "+ pytest==8." in said  # of the group, and of the fork of uv.lock that is for Python 3.9
    code, said = in_checkout(there, "run app")
    assert (code, said.splitlines()[-1]) == (0, SAYS)
    there.says("sh", "-c", f"echo 'def main(): print(12345)' > '{CHECKOUT}/src/app/__init__.py'")
    assert in_checkout(there, "run app")[1].splitlines()[-1] == "12345"  # installed editable
    assert there.says("sha256sum", f"{CHECKOUT}/pyproject.toml") == pyproject
    assert there.says("sha256sum", f"{CHECKOUT}/uv.lock.before-parity").split()[0] == lock

    code, said = in_checkout(there, "add six")
    assert code == 0, said
    assert in_checkout(there, "sync --locked")[0] == 0
    code, said = in_checkout(there, "add requests")
    assert code != 0
    assert "network was disabled" in said
    there.says("sh", "/media/bundle/install.sh", "--project", CHECKOUT, "--undo")
    assert there.says("sha256sum", f"{CHECKOUT}/uv.lock").split()[0] == lock


def test_the_callers_settings_do_not_lead_past_the_bundle(there: Host) -> None:
    set_up(there)
    wrong = {
        "UV_INDEX_URL": "https://index.invalid/simple",
        "UV_FIND_LINKS": "https://index.invalid/flat",
        "UV_NO_VERIFY_HASHES": "1",
        "UV_PYTHON": "3.14",
        "UV_PYTHON_DOWNLOADS": "automatic",
        "HOME": "/apps/home",
    }
    done = there.run("sh", "-c", f"cd '{CHECKOUT}' && .parity/uv sync --locked", environment=wrong)
    assert done.exit_code == 0, done.stderr.decode()
    assert there.says(f"{CHECKOUT}/.venv/bin/python", "-c", "import sys; print(sys.version[:4])") == "3.9."


@pytest.mark.parametrize("wheel", ["six", "hatchling"], ids=["of the project", "that builds it"])
def test_a_wheel_changed_after_the_set_up_is_refused(
    there: Host, carried: Carried, wheel: str, tmp_path: Path
) -> None:
    set_up(there)
    original = next(carried.unpacked.rglob(f"{wheel}-*.whl"))
    spoiled = tmp_path / original.name
    shutil.copy(original, spoiled)
    spoil(spoiled)
    path = there.says("sh", "-c", f"ls '{CHECKOUT}'/.parity/*/files/{original.name}")
    done = there.container.exec(["sh", "-c", f"cat > '{path}'"], stdin=spoiled.read_bytes(), user=NOBODY)
    assert done.exit_code == 0, done.stderr
    there.says("rm", "-rf", f"{CHECKOUT}/.parity/cache")
    code, said = in_checkout(there, "sync --locked")
    assert code != 0
    assert "Hash mismatch" in said
    assert wheel in said


def test_a_changed_bundle_and_a_foreign_checkout_are_refused(there: Host, carried: Carried) -> None:
    there.says("cp", "-r", "/media/bundle", "/apps/bundle")
    wheel = next((carried.unpacked / "project" / "build").glob("hatchling-*")).name
    there.says("sh", "-c", f"echo >> /apps/bundle/project/build/{wheel}")
    done = there.run("sh", "/apps/bundle/install.sh", "--project", CHECKOUT)
    assert done.exit_code == 60
    assert wheel in done.stderr.decode()
    there.says("sh", "-c", f"echo >> '{CHECKOUT}/uv.lock'")
    done = there.run("sh", "/media/bundle/install.sh", "--project", CHECKOUT)
    assert done.exit_code == 64
    assert "not the one that this bundle was made from" in done.stderr.decode()
    assert there.listing(CHECKOUT).count("uv.lock.before-parity") == 0


@pytest.mark.parametrize("version", ["20.3.4", "26.0.1"])
def test_people_without_uv_install_with_pip(there: Host, version: str) -> None:
    there.says("env", "TMPDIR=/apps", "python3", "-m", "venv", "/apps/venv")
    pip = "/apps/venv/bin/pip"
    if version != "20.3.4":  # that one is the target's own
        there.says(
            "sh", "-c", f"TMPDIR=/apps {pip} install -q --no-index --upgrade /media/pip-{version}-*.whl"
        )
    assert there.says(pip, "--version").startswith(f"pip {version} ")
    options = "--no-index --find-links wheels --require-hashes -r requirements.txt"
    there.says("sh", "-c", f"cd /media/bundle && TMPDIR=/apps {pip} install -q {options}")
    assert there.says("/apps/venv/bin/app") == SAYS


def test_the_finished_bundle_is_rehearsed_with_its_project(parity: Parity, carried: Carried) -> None:
    done = parity.run("verify", carried.bundle, "--rehearse", "--json")
    assert done.code == 0, done.stdout + done.stderr


def test_a_stale_lock_stops_the_build(parity: Parity, carried: Carried, tmp_path: Path) -> None:
    shutil.copytree(carried.tree.folder, tmp_path / "near", ignore=shutil.ignore_patterns("uv-cache"))
    pyproject = tmp_path / "near" / "app" / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("idna>=3", "idna>=3,<3.20"))
    profile = project_profile(tmp_path, "stale", "near/app")
    done = parity.build(profile, tmp_path / "dist")
    assert (done.error["kind"], "uv lock" in done.error["remedy"]) == ("LockOutdated", True)


def test_locked_holds_and_the_same_comes_again(parity: Parity, carried: Carried, tmp_path: Path) -> None:
    made = parity.build(carried.profile, tmp_path, "--locked", "--lock", carried.lock).bundle
    assert payload(Path(made["bundle"])) == payload(carried.bundle)


def test_without_uv_lock_the_requirements_are_resolved(
    parity: Parity, carried: Carried, tmp_path: Path
) -> None:
    shutil.copytree(carried.tree.folder, tmp_path / "near", ignore=shutil.ignore_patterns("uv-cache"))
    profile = project_profile(tmp_path, "plain", "near/app", groups=["docs"], lock="none")
    made = parity.build(profile, tmp_path / "dist").bundle
    text = (tmp_path / "dist" / "pylock.toml").read_text()
    assert [
        name for name in ("app", "gitdep", "pathdep", "six", "toml") if f'name = "{name}"' not in text
    ] == []
    assert 'name = "pytest"' not in text
    assert carried.tree.commit in text
    assert len(made["proof"]["installed"]) == 6


@pytest.mark.long
def test_a_pep_751_lock_decides_as_well(parity: Parity, carried: Carried, tmp_path: Path) -> None:
    shutil.copytree(carried.tree.folder, tmp_path / "near", ignore=shutil.ignore_patterns("uv-cache"))
    app = tmp_path / "near" / "app"
    uv(tmp_path, "export", "--directory", str(app), "--format", "pylock.toml", "-o", "pylock.toml", "-q")
    (app / "uv.lock").unlink()
    profile = project_profile(tmp_path, "pep751", "near/app")
    made = parity.build(profile, tmp_path / "dist").bundle
    names = {each["name"] for each in made["proof"]["installed"]}
    assert names >= {"app", "gitdep", "idna", "pathdep", "pytest", "six"}
    assert "project" not in made["proof"]


@pytest.mark.long
def test_the_hosts_git_credentials_stay_on_the_host(parity: Parity, carried: Carried, tmp_path: Path) -> None:
    canary = "canary-5f1c-token"
    shutil.copytree(carried.tree.folder, tmp_path / "near", ignore=shutil.ignore_patterns("uv-cache"))
    app, home = tmp_path / "near" / "app", tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text(f"machine 127.0.0.1 login me password {canary}\n")
    (home / ".netrc").chmod(0o600)
    with private_git(tmp_path / "near", "me", canary) as address:
        pyproject = app / "pyproject.toml"
        public = (carried.tree.folder / "gitdep.git").as_uri()
        pyproject.write_text(pyproject.read_text().replace(public, f"{address}/gitdep.git"))
        uv(home, "lock", "--directory", str(app), env={"HOME": str(home)})
        profile = project_profile(tmp_path, "private", "near/app")
        done = parity.build(profile, tmp_path / "dist", "--verbose", env={"HOME": str(home)})
    bundle = Path(done.bundle["bundle"])
    subprocess.run(["tar", "xf", bundle, "-C", tmp_path / "dist", "--strip-components=1"], check=True)
    for wheel in (tmp_path / "dist").rglob("*.whl"):
        shutil.unpack_archive(wheel, tmp_path / "dist" / "open" / wheel.name, "zip")
    places = [path for root in (tmp_path / "dist", parity.home) for path in root.rglob("*") if path.is_file()]
    assert [path for path in places if canary.encode() in path.read_bytes()] == []
    assert canary not in done.stdout + done.stderr
    assert address in (tmp_path / "dist" / "pylock.toml").read_text()
