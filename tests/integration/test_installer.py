"""The installer on disconnected hosts: stock Debian 11, 12 and 13, no network, read-only, nobody."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.hosts import FEW_FILES, PREFIX, Host, host
from tests.support.signed import ALPHA, alpha
from tests.support.unpacked import target, unpacked, uv_wheel
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage
from parity.portable.errors import InstallFailed, WrongHost
from parity.portable.wheel.wheel import judge

pytestmark = pytest.mark.engine

DEBIAN11 = target("debian", "11", (2, 31), "3.9")
DEBIAN12 = target("debian", "12", (2, 36), "3.11")
DEBIAN13 = target("debian", "13", (2, 41), "3.13")
OLD, NEW = "1.0", "2.0"
KILLS = 5  # `make attack` kills more


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The medium that is carried to every host: a bundle for each and some that are no good."""
    folder = tmp_path_factory.mktemp("media")
    scrap = tmp_path_factory.mktemp("wheels")
    old, new = alpha(scrap / "old", OLD), alpha(scrap / "new", NEW)
    broken = alpha(scrap / "broken", NEW, "import ctypes; ctypes.CDLL('libgone.so.1')")
    greedy = [*new, make_wheel(scrap, "greedy", "1.0", {"greedy/blob": os.urandom(2 << 20)})]
    lonely = [new[0]]
    many = [make_wheel(scrap, "many", "1.0", {f"many/{number}.py": b"" for number in range(99)})]
    uv = uv_wheel()
    for name, aim in (("11", DEBIAN11), ("12", DEBIAN12), ("13", DEBIAN13)):
        unpacked(folder / f"uv-{name}", new, aim=aim, uv=uv, imports=ALPHA)
        unpacked(folder / f"pip-{name}", new, aim=aim, imports=ALPHA)
    unpacked(folder / "old", old, aim=DEBIAN11, uv=uv, imports=ALPHA)
    unpacked(folder / "broken", broken, aim=DEBIAN11, uv=uv, imports=ALPHA)
    unpacked(folder / "greedy", greedy, aim=DEBIAN11)
    unpacked(folder / "lonely", lonely, aim=DEBIAN11, uv=uv)
    unpacked(folder / "many", many, aim=DEBIAN11, uv=uv)
    return folder


@pytest.fixture
def debian11_host(engine: DockerEngine, debian11: PinnedImage, media: Path) -> Iterator[Host]:
    with host(engine, debian11, media, FEW_FILES) as there:
        yield there


@pytest.mark.parametrize(
    "name", ["11", *(pytest.param(each, marks=pytest.mark.long) for each in ("12", "13"))]
)
def test_it_installs_with_and_without_the_hosts_pip(
    engine: DockerEngine, request: pytest.FixtureRequest, media: Path, name: str
) -> None:
    with host(engine, request.getfixturevalue(f"debian{name}"), media) as there:
        for tool, installer in (("uv", "parity"), ("pip", "pip")):
            prefix = f"{PREFIX} {tool}"
            code, document, said = there.install(f"{tool}-{name}", prefix)
            assert (code, said) == (0, ""), document
            assert document["installer"]["tool"] == installer
            assert there.says(f"{prefix}/current/bin/alpha") == NEW
            assert there.says(f"{prefix}/current/bin/python", "-I", "-c", "import beta") == ""
            receipt = json.loads(there.says("cat", f"{prefix}/current/parity-receipt.json"))
            assert (receipt["host"]["os"]["version"], receipt["imports"]) == (name, {"tried": 2})
            assert there.listing(prefix) == [".parity-prefix", "current", "releases"]
        again = there.install(f"uv-{name}", f"{PREFIX} uv")[1]
        assert (again["already_installed"], again["switched"]) == (True, False)


def test_the_callers_environment_has_no_say(debian11_host: Host) -> None:
    for tool in ("uv", "pip"):
        environment = {
            "PIP_INDEX_URL": "https://index.invalid/simple",
            "PIP_TARGET": "/apps/wrong",
            "PIP_NO_CACHE_DIR": "1",
            "UV_INDEX_URL": "https://index.invalid/simple",
            "UV_SYSTEM_PYTHON": "1",
            "UV_PROJECT_ENVIRONMENT": "/apps/wrong",
            "VIRTUAL_ENV": "/apps/wrong",
            "PYTHONPATH": f"/media/{tool}-11/farside",
            "PYTHONHOME": "/apps/wrong",
            "HOME": "/apps/home",
        }
        code, document, said = debian11_host.install(f"{tool}-11", f"/apps/{tool}", environment=environment)
        assert (code, said) == (0, ""), document
    assert debian11_host.listing("/apps") == ["pip", "uv"]


@pytest.mark.parametrize(
    ("bundle", "sides"),
    [
        ("uv-12", ("debian 12", "debian 11", "2.36", "2.31", "3.11", "3.9.2", "--python")),
        ("pip-13", ("debian 13", "debian 11", "2.41", "2.31", "3.13", "3.9.2", "--python")),
    ],
)
def test_a_bundle_for_another_machine_is_refused(
    debian11_host: Host, bundle: str, sides: tuple[str, ...]
) -> None:
    code, document, said = debian11_host.install(bundle)
    assert code == WrongHost.exit_code
    assert document["error"]["kind"] == "WrongHost"
    assert [side for side in sides if side not in said] == []
    assert debian11_host.listing("/apps") == []


def test_a_failing_import_leaves_the_old_release_current(debian11_host: Host) -> None:
    assert debian11_host.install("old")[0] == 0
    before = debian11_host.says("readlink", f"{PREFIX}/current")
    code, document, said = debian11_host.install("broken")
    assert code == InstallFailed.exit_code
    assert "libgone.so.1" in document["error"]["message"]
    assert "Traceback" not in said
    assert debian11_host.says("readlink", f"{PREFIX}/current") == before
    assert debian11_host.listing(f"{PREFIX}/releases") == [Path(before).name]
    assert debian11_host.says(f"{PREFIX}/current/bin/alpha") == OLD
    code, document, _ = debian11_host.install("broken", PREFIX, "--no-imports")
    assert (code, document["overrides"], document["previous"]) == (0, ["no-imports"], Path(before).name)
    assert len(debian11_host.listing(f"{PREFIX}/releases")) == 2


@pytest.mark.parametrize(
    ("bundle", "prefix", "word"),
    [
        ("lonely", PREFIX, "beta"),
        ("greedy", "/small/p", "MiB are needed"),
        ("many", "/few/p", "No space left on device"),
        ("uv-11", "/opt/p", "Read-only file system"),
        ("uv-11", "/proc/p", "/proc/p"),
    ],
)
def test_what_cannot_be_finished_leaves_nothing(
    debian11_host: Host, bundle: str, prefix: str, word: str
) -> None:
    folder = str(Path(prefix).parent)
    before = debian11_host.listing(folder) if folder != "/proc" else []
    code, document, said = debian11_host.install(bundle, prefix)
    assert code == InstallFailed.exit_code
    assert word in document["error"]["message"]
    assert "Traceback" not in said
    assert folder == "/proc" or debian11_host.listing(folder) == before


def test_where_the_carried_uv_may_not_run_that_is_told(debian11_host: Host) -> None:
    code, document, _ = debian11_host.install("uv-11", "/noexec/p")
    assert (code, document["installer"]["tool"]) == (0, "parity")
    mounted, asked = document["warnings"]
    assert "mounted noexec" in mounted
    assert "whether the packages fit together was not asked" in asked
    receipt = json.loads(debian11_host.says("cat", "/noexec/p/current/parity-receipt.json"))
    assert receipt["warnings"] == document["warnings"]


def test_dry_run_writes_nothing(debian11_host: Host) -> None:
    code, document, _ = debian11_host.install("uv-11", PREFIX, "--dry-run")
    assert (code, document["dry_run"]) == (0, True)
    assert debian11_host.listing("/apps") == []


# --- killed, on this machine ------------------------------------------------------------------------


@pytest.fixture
def here_bundles(tmp_path: Path) -> tuple[Path, Path]:
    """An old and a new bundle for this machine."""
    old = unpacked(tmp_path / "old", alpha(tmp_path / "w1", OLD), uv=uv_wheel(), imports=ALPHA)
    new = unpacked(tmp_path / "new", alpha(tmp_path / "w2", NEW), uv=uv_wheel(), imports=ALPHA)
    return old, new


def installed_version(prefix: Path) -> str:
    """What `current` runs; empty where there is no `current`."""
    program = prefix / "current" / "bin" / "alpha"
    if not os.path.lexists(prefix / "current"):
        return ""
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()


def killed_after(bundle: Path, prefix: Path, seconds: float) -> None:
    """Install, and kill -9 the installer, but not its children, after some time."""
    command = ["sh", str(bundle / "install.sh"), str(prefix)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()


@pytest.mark.parametrize("fresh", [True, pytest.param(False, marks=pytest.mark.long)])
def test_kill_9_leaves_the_old_state_or_the_new_one(
    tmp_path: Path, here_bundles: tuple[Path, Path], fresh: bool
) -> None:
    old, new = here_bundles
    prefix = tmp_path / "prefix"
    begin = time.monotonic()
    subprocess.run(["sh", str(new / "install.sh"), str(prefix)], check=True, capture_output=True)
    whole = time.monotonic() - begin
    for number in range(KILLS):
        shutil.rmtree(prefix)
        if not fresh:
            subprocess.run(["sh", str(old / "install.sh"), str(prefix)], check=True, capture_output=True)
        killed_after(new, prefix, whole * (number + 0.5) / KILLS)
        assert installed_version(prefix) in ("" if fresh else OLD, NEW)
        subprocess.run(["sh", str(new / "install.sh"), str(prefix)], check=True, capture_output=True)
        assert installed_version(prefix) == NEW
        assert sorted(os.listdir(prefix)) == [".parity-prefix", "current", "releases"]
        assert len(os.listdir(prefix / "releases")) == (1 if fresh else 2)


@pytest.mark.parametrize("signal", [2, 15, 1])
def test_a_signal_removes_what_was_begun(
    tmp_path: Path, here_bundles: tuple[Path, Path], signal: int
) -> None:
    command = ["sh", str(here_bundles[1] / "install.sh"), str(tmp_path / "prefix"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        _wait_for(lambda: list((tmp_path / "prefix").glob(".work-*")))
        process.send_signal(signal)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == (130 if signal == 2 else 143)
    document = json.loads(output)
    assert (document["ok"], document["error"]["kind"]) == (
        False,
        "Interrupted" if signal == 2 else "Terminated",
    )
    assert not (tmp_path / "prefix").exists()


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# --- no false alarms --------------------------------------------------------------------------------


def test_real_wheels_raise_no_alarm(tmp_path: Path) -> None:
    wanted = [
        "setuptools==75.0.0",
        "pip==25.0",
        "pyyaml",
        "zope.event==4.5.0",
        "packaging",
        "greenlet==3.2.5",
    ]
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.9"]
    pip = [sys.executable, "-m", "pip", "download", "-q", *options, "-d", str(tmp_path), *wanted]
    subprocess.run(pip, check=True)
    found = {wheel.name: judge(str(wheel)).findings for wheel in tmp_path.glob("*.whl")}
    assert len(found) == len(wanted)
    assert all(findings == [] for findings in found.values()), found
