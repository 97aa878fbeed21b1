"""Fixtures that need the real engine; made only when a test asks for them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support.engine import IMAGES
from tests.support.recorder import Recorder
from tests.support.rooted import tests_as_root

from parity.docker_engine import DockerEngine, connect
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, ensure_image
from parity.model import ImageSource, PinnedImage

# As a shell starts what runs in its background, and as nohup does: what tests interrupt would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How busy the machine is says nothing of the code.
settings.register_profile("several at once", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("several at once")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Have the engine run what needs root where this user is not root: nothing is skipped."""
    if os.geteuid() == 0 or pyfuncitem.get_closest_marker("two_users") is None:
        return None
    said = tests_as_root(pyfuncitem.nodeid.partition("::")[0])
    if f"PASSED {pyfuncitem.nodeid}\n" not in said:
        pytest.fail(said, pytrace=False)
    return True


@pytest.fixture
def recorder() -> Recorder:
    """A reporter that remembers."""
    return Recorder()


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerEngine]:
    """The engine of this machine, with a run of its own."""
    found = connect()
    yield found
    found.close()


@pytest.fixture(scope="session")
def machine() -> ThisMachine:
    """This machine, for bootstrapping; the folder is the user's, as in a real run."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return ThisMachine(cache / "parity" / "bootstrap", os.environ)


def _image(name: str, engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    source = ImageSource(folder=IMAGES / name)
    return ensure_image(source, "x86_64", ImageMaker(engine, machine, Recorder()))


@pytest.fixture(scope="session")
def debian11(engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    """Debian 11 with Python 3.9, made once and reused by its folder's digest."""
    return _image("debian11-py39", engine, machine)


@pytest.fixture(scope="session")
def debian12(engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    """Debian 12 with Python 3.11."""
    return _image("debian12-py311", engine, machine)


@pytest.fixture(scope="session")
def debian13(engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    """Debian 13 with Python 3.13."""
    return _image("debian13-py313", engine, machine)


@pytest.fixture(scope="session")
def ruby12(engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    """Debian 12 with Python 3.11 and Ruby 3.1."""
    return _image("debian12-py311-ruby31", engine, machine)


@pytest.fixture(scope="session")
def ruby13(engine: DockerEngine, machine: ThisMachine) -> PinnedImage:
    """Debian 13 with Python 3.13 and Ruby 3.3."""
    return _image("debian13-py313-ruby33", engine, machine)
