"""The shell that pipelines run, run: with parity from its wheel, on the real engine, a real key and lock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import docker
import pytest
import yaml
from tests.support.cli import Parity, written_environment
from tests.support.engine import ROOT
from tests.support.pipelines import shell_steps

from parity.ci import PLACES, pipeline_text
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

TARGET = "debian12-py311"
ACTION = (ROOT / ".github/actions/parity/action.yml").read_text()


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """parity's wheel and those of all that it needs."""
    folder = tmp_path_factory.mktemp("pipelines") / "wheelhouse"
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "-w", str(folder), str(ROOT)], check=True)
    return folder


@pytest.fixture(scope="module")
def project(parity: Parity, debian12: PinnedImage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its requirements and its lock, and a signing key beside it."""
    folder = tmp_path_factory.mktemp("project") / "shop"
    folder.mkdir()
    (folder / "requirements.txt").write_text("idna\n")
    built = parity.run("build", TARGET, "-r", "requirements.txt", cwd=folder)
    assert built.code == 0, built.stderr
    shutil.rmtree(folder / "dist")
    key = parity.run("keygen", folder.parent / "release.key")
    assert key.code == 0, key.stderr
    return folder


class Runner:
    """A host's machine for one job: its variables, its folders, and what its steps leave there."""

    def __init__(self, parity: Parity, place: Path, project: Path, wheelhouse: Path) -> None:
        self.folder = place / "shop"
        self.key = project.parent / "release.key"
        # A machine that is kept: parity is installed for real by the first job, and found there by the next.
        (place / "temp").mkdir(parents=True, exist_ok=True)
        for old in (place / "temp" / "signing.key", *self.folder.glob(".parity/*.*")):
            old.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "dist", ignore_errors=True)
        shutil.copytree(project, self.folder, dirs_exist_ok=True)
        self.files = {name: place / name for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for each in self.files.values():
            each.write_text("")
        wheel = next(wheelhouse.glob("parity-*.whl"))
        self.variables = {
            **written_environment(parity.home),
            **{name: str(path) for name, path in self.files.items()},
            "PARITY_WHEEL": str(wheel),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheelhouse),
            "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_RUN_NUMBER": "42",
            "CI_PIPELINE_IID": "42",
            "BUILD_NUMBER": "42",
            "TAR_IMAGE": f"parity/{TARGET}",
        }
        self.variables.pop("PYTHONPATH")

    def runs(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One step, as a host runs it; a GitHub step finds what an earlier one put on its PATH."""
        added = ":".join(self.files["GITHUB_PATH"].read_text().split())
        path = f"{added}:{os.environ['PATH']}" if added else os.environ["PATH"]
        environment = {**self.variables, "PATH": path, **variables}
        command = ["sh", "-e", "-c", script]
        return subprocess.run(
            command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False
        )


@pytest.fixture
def runner(parity: Parity, project: Path, wheelhouse: Path) -> Runner:
    return Runner(parity, wheelhouse.parent / "machine", project, wheelhouse)


def verified(parity: Parity, runner: Runner) -> int:
    """The serial of the one bundle that was made, its signature by the release's key verified."""
    (bundle,) = (runner.folder / "dist").glob("*.parity.tar")
    done = parity.run("verify", bundle, "--key", f"{runner.key}.pub", "--json")
    assert done.code == 0, done.stdout
    return int(json.loads(parity.run("inspect", bundle, "--json").stdout)["serial"])


def steps_of(host: str) -> list[str]:
    found = shell_steps(host, pipeline_text(host, (TARGET, "-r", "requirements.txt")))
    return [each for each in found if "parity-store" not in each]


@pytest.mark.long
def test_githubs_steps_build_what_was_locked_and_tell_what_went_wrong(parity: Parity, runner: Runner) -> None:
    install, build = steps_of("github")
    assert runner.runs(install).returncode == 0
    key = runner.key.read_text()
    done = runner.runs(build, SIGNING_KEY=key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verified(parity, runner) == 42
    assert "parity: debian12-py311" in runner.files["GITHUB_STEP_SUMMARY"].read_text()
    assert "PRIVATE KEY" not in done.stdout + done.stderr + runner.files["GITHUB_STEP_SUMMARY"].read_text()
    assert (Path(runner.variables["RUNNER_TEMP"]) / "signing.key").stat().st_mode & 0o077 == 0

    (runner.folder / "requirements.txt").write_text("idna\nmarkupsafe\n")
    failed = runner.runs(build, SIGNING_KEY=key)
    assert failed.returncode == 43
    assert "::error title=parity%3A LockOutdated::" in failed.stdout
    assert "LockOutdated (43)" in runner.files["GITHUB_STEP_SUMMARY"].read_text()


@pytest.mark.parametrize("host", [pytest.param("gitlab", marks=pytest.mark.long), "jenkins"])
def test_the_other_hosts_do_the_same_with_a_key_in_a_file(host: str, parity: Parity, runner: Runner) -> None:
    (script,) = steps_of(host)
    done = runner.runs(script, PARITY_SIGNING_KEY=str(runner.key))
    assert done.returncode == 0, done.stdout + done.stderr
    assert verified(parity, runner) == 42
    assert "parity: debian12-py311" in (runner.folder / ".parity/summary.md").read_text()
    if host == "gitlab":
        assert isinstance(json.loads((runner.folder / ".parity/quality.json").read_text()), list)
    assert [path for path in runner.folder.rglob("*") if path.suffix == ".key"] == []


@pytest.mark.long
def test_the_action_does_the_same(parity: Parity, runner: Runner) -> None:
    install, build = (each for each in shell_steps("github", ACTION) if "parity-store" not in each)
    assert runner.runs(install).returncode == 0
    what = f"{TARGET} -r requirements.txt"
    variables = {"WHAT": what, "OPTIONS": "--locked", "SERIAL": "42", "PARITY_KEY_PASSPHRASE": ""}
    done = runner.runs(build, SIGNING_KEY=runner.key.read_text(), **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verified(parity, runner) == 42
    assert "dist/shop-" in runner.files["GITHUB_OUTPUT"].read_text()
    assert not (Path(runner.variables["RUNNER_TEMP"]) / "signing.key").exists()


def test_the_action_and_the_workflow_carry_the_store_alike() -> None:
    def about_the_store(text: str) -> list[str]:
        host = "github"
        return [each for each in shell_steps(host, text) if "parity-store" in each]

    assert about_the_store(ACTION) == about_the_store(pipeline_text("github", (TARGET,)))
    inputs = yaml.safe_load(ACTION)["inputs"]
    assert all(each["description"] for each in inputs.values())


@pytest.mark.parametrize("host", PLACES)
def test_the_store_goes_out_and_comes_back(host: str, runner: Runner, debian12: PinnedImage) -> None:
    text = pipeline_text(host, (TARGET, "-r", "requirements.txt"))
    bring, keep = (each for each in shell_steps(host, text) if "parity-store" in each)
    (runner.folder / ".parity").mkdir(exist_ok=True)
    runner.variables["PARITY_STORE_TAR"] = str(runner.folder / ".parity/outlives.tar")
    name = f"docs-store-{os.getpid()}"
    bring, keep = (each.replace("parity-store", name) for each in (bring, keep))
    engine = docker.from_env()
    assert runner.runs(bring).returncode == 0, "without a cache there is nothing to bring"
    write = (
        f"docker run --rm -v {name}:/store parity/{TARGET} sh -c 'echo wheel > /store/a; chown 7:7 /store/a'"
    )
    read = f"docker run --rm -v {name}:/store parity/{TARGET} sh -c 'cat /store/a; stat -c %u /store/a'"
    try:
        assert runner.runs(write).returncode == 0
        assert runner.runs(keep).returncode == 0
        engine.volumes.get(name).remove()
        assert runner.runs(bring).returncode == 0
        assert runner.runs(read).stdout.split() == ["wheel", "7"]
    finally:
        engine.volumes.get(name).remove()
        engine.close()


def test_every_host_has_a_place_and_a_page() -> None:
    for host in PLACES:
        assert (ROOT / f"src/parity/docs/how-to/{host}.md").is_file()
