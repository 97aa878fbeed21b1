"""Uv projects whose version and requirements only a build can tell (PEP 621, `dynamic`), carried across."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.hosts import Host, host
from tests.support.projects import git, uv

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = [pytest.mark.engine, pytest.mark.long]

CHECKOUT = "/apps/checkout"
PYPROJECT = """
[project]
name = "dynamo"
requires-python = ">=3.9"
dynamic = ["version", "dependencies", "optional-dependencies"]

[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[tool.setuptools.dynamic]
version = {attr = "dynamo.__version__"}
dependencies = {file = ["requirements.txt"]}
optional-dependencies.more = {file = ["more.txt"]}

[tool.uv.sources]
legacy = {path = "../legacy"}
"""
TAGGED = """
[project]
name = "tagged"
requires-python = ">=3.9"
dynamic = ["version"]
dependencies = ["idna"]

[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"

[tool.hatch.version]
source = "vcs"
"""
SETUP = "from setuptools import setup\nsetup(name='legacy', version='0.3', py_modules=['legacy'])\n"
MODULE = '__version__ = "1.5"\n\ndef main():\n    import idna, legacy, six\n    print("dynamo runs")\n'


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its lock, and a path dependency that has setup.py alone."""
    folder = tmp_path_factory.mktemp("dynamic")
    files = {
        "dynamo/pyproject.toml": PYPROJECT,
        "dynamo/requirements.txt": "idna\nlegacy\n",
        "dynamo/more.txt": "six\n",
        "dynamo/dynamo/__init__.py": MODULE,
        "legacy/setup.py": SETUP,
        "legacy/legacy.py": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    uv(folder, "lock", "--directory", str(folder / "dynamo"))
    shutil.rmtree(folder / "dynamo" / "dynamo.egg-info", ignore_errors=True)
    return folder


def build(parity: Parity, near: Path, name: str, extra: str, **plan: str) -> Any:
    install = {"requirements": [], "files": [], "project": {"path": "dynamo", "extras": [extra], **plan}}
    return parity.build(write_profile(near, name, install=install), near / f"dist-{name}")


@pytest.fixture(scope="module")
def bundle(parity: Parity, near: Path, debian11: PinnedImage) -> Path:
    return Path(build(parity, near, "locked", "more").bundle["bundle"])


@pytest.fixture
def there(
    engine: DockerEngine, debian11: PinnedImage, near: Path, bundle: Path, tmp_path: Path
) -> Iterator[Host]:
    (tmp_path / "bundle").mkdir()
    subprocess.run(["tar", "xf", bundle, "-C", tmp_path / "bundle", "--strip-components=1"], check=True)
    shutil.copytree(near / "dynamo", tmp_path / "dynamo")
    with host(engine, debian11, tmp_path) as found:
        found.says("cp", "-r", "/media/dynamo", CHECKOUT)
        yield found


def test_the_rehearsal_synced_it(bundle: Path) -> None:
    done = subprocess.run(["tar", "xOf", bundle, "parity-bundle/proof.json"], check=True, capture_output=True)
    synced = {each["name"] for each in json.loads(done.stdout)["project"]["synced"]}
    assert synced == {"idna", "legacy", "six"}


def test_uv_syncs_and_runs_it_without_a_network(there: Host) -> None:
    assert "sync --locked --extra more" in there.says("sh", "/media/bundle/install.sh", "--project", CHECKOUT)
    words = "sync --locked --extra more && HOME=/apps/home .parity/uv run --extra more python -c"
    line = f'cd {CHECKOUT} && HOME=/apps/home .parity/uv {words} "import dynamo; dynamo.main()" 2>&1'
    done = there.run("sh", "-c", line)
    assert (done.exit_code, done.stdout.decode().splitlines()[-1]) == (0, "dynamo runs")


def test_a_version_that_git_tells_holds_where_there_is_no_git(
    parity: Parity, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    near, media = tmp_path / "dynamo", tmp_path / "media"
    (near / "tagged").mkdir(parents=True)
    (near / "tagged" / "__init__.py").touch()
    (near / "pyproject.toml").write_text(TAGGED)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "-qm", "All"], ["tag", "v2.1"]):
        git(near, *words)
    uv(tmp_path, "lock", "--directory", str(near))
    install = {"requirements": [], "files": [], "project": {"path": "dynamo"}}
    made = parity.build(write_profile(tmp_path, "tagged", install=install), tmp_path / "dist").bundle
    assert "tagged==2.1" in {"{name}=={version}".format(**each) for each in made["proof"]["installed"]}
    shutil.copytree(near, media / "tagged", ignore=shutil.ignore_patterns(".git"))
    (media / "bundle").mkdir()
    subprocess.run(["tar", "xf", made["bundle"], "-C", media / "bundle", "--strip-components=1"], check=True)
    with host(engine, debian11, media) as there:
        there.says("cp", "-r", "/media/tagged", CHECKOUT)
        there.says("sh", "/media/bundle/install.sh", "--project", CHECKOUT)
        code = "from importlib.metadata import version; print(version('tagged'))"
        line = f'cd {CHECKOUT} && HOME=/apps/home .parity/uv run --locked python -c "{code}" 2>&1'
        done = there.run("sh", "-c", line)
    assert (done.exit_code, done.stdout.decode().splitlines()[-1]) == (0, "2.1")


def test_without_its_code_the_finished_bundle_is_rehearsed_as_far_as_it_goes(
    parity: Parity, bundle: Path
) -> None:
    done = parity.run("verify", bundle, "--rehearse")
    assert done.code == 0, done.stderr
    assert "uv is not tried in a checkout" in done.stderr


@pytest.mark.parametrize("plan", [{}, {"lock": "none"}], ids=["uv.lock", "no lock"])
def test_an_extra_that_it_does_not_have_is_named(parity: Parity, near: Path, plan: dict[str, str]) -> None:
    error = build(parity, near, f"wrong{len(plan)}", "nonsense", **plan).error
    assert "nonsense" in error["message"]
