"""The far side on a real Python 3.7, the oldest interpreter that can be had: PyPy's, in Debian 11.

That what travels is Python 3.6 is held by the syntax check of tests/unit/test_layering.py alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from tests.support.engine import ROOT
from tests.support.hosts import tree_tar
from tests.support.inside import fresh_room, inside
from tests.support.recorder import Recorder
from tests.support.signed import ALPHA, alpha, signed
from tests.support.unpacked import target, uv_wheel

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, ensure_image
from parity.model import ImageSource
from parity.pack.singlefile import NAME, single_file
from parity.portable.errors import BundleDamaged, OlderBundle, WrongHost

pytestmark = pytest.mark.engine

PYPY37 = {**target("debian", "11", (2, 31), "3.7"), "implementation": "pypy"}
KEY = "--key /media/sender.pub"
PREFIX = "--prefix /opt/app"


@pytest.fixture(scope="module")
def host(
    engine: DockerEngine, machine: ThisMachine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """Debian 11 with no Python but PyPy's, and bundles of serial 1 and 2 for it."""
    source = ImageSource(folder=ROOT / "tests" / "data" / "images" / "debian11-pypy37")
    image = ensure_image(source, "x86_64", ImageMaker(engine, machine, Recorder()))
    folder, scrap = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scrap")
    (folder / NAME).write_text(single_file())
    for serial in (1, 2):
        wheels = alpha(scrap / f"w{serial}", f"{serial}.0")
        made = signed(scrap / str(serial), wheels, serial=serial, aim=PYPY37, uv=uv_wheel(), imports=ALPHA)
        made.unpack(folder / f"unpacked-{serial}")
        shutil.move(made.path, folder / f"{serial}.parity.tar")
        shutil.copy(made.public, folder)
    with fresh_room(engine, image) as container:
        container.put("/", tree_tar(folder, "media"))
        yield container


def run(host: Container, words: str, code: int = 0) -> str:
    """What the single file says; it must end with that exit code, and without a traceback."""
    done = inside(host, f"pypy3 /media/{NAME} {words}")
    assert done.code == code, done.output
    assert "Traceback" not in done.output
    return done.output


@pytest.mark.long
def test_the_whole_story_runs_on_python_3_7(host: Container) -> None:
    facts = json.loads(run(host, "facts --tools --json"))["facts"]
    assert (facts["python"][:4], facts["implementation"], facts["os"]["version"]) == ("3.7.", "pypy", "11")
    assert "every byte as signed" in run(host, f"verify /media/1.parity.tar {KEY}")
    for serial in (1, 2):
        run(host, f"install /media/{serial}.parity.tar {KEY} {PREFIX}")
        assert inside(host, "/opt/app/current/bin/alpha").output == f"{serial}.0\n"
    run(host, f"install /media/1.parity.tar {KEY} {PREFIX}", OlderBundle.exit_code)
    assert "~ alpha 2.0 -> 1.0" in run(
        host, f"install /media/1.parity.tar {KEY} {PREFIX} --allow-older --dry-run"
    )
    run(host, f"rollback {PREFIX}")
    assert inside(host, "/opt/app/current/bin/alpha").output == "1.0\n"
    listed = json.loads(run(host, f"installed {PREFIX} --json"))
    assert [row["current"] for row in listed["releases"]] == [True, False]


def test_an_environment_is_renewed_and_the_starters_find_this_python(host: Container) -> None:
    assert inside(host, "pypy3 -m venv --without-pip /opt/venv").code == 0
    run(host, f"install /media/1.parity.tar {KEY} --into /opt/venv")
    assert inside(host, "/opt/venv/bin/alpha").output == "1.0\n"
    done = inside(host, "sh /media/unpacked-2/install.sh /opt/starter && /opt/starter/current/bin/alpha")
    assert (done.code, done.output.splitlines()[-1]) == (0, "2.0"), done.output


def test_what_is_bad_is_refused_on_python_3_7(host: Container) -> None:
    inside(host, "head -c -1024 /media/1.parity.tar >/tmp/cut.parity.tar")
    run(host, f"verify /tmp/cut.parity.tar {KEY}", BundleDamaged.exit_code)
    inside(host, "echo x >>/media/unpacked-1/README.txt")
    assert inside(host, "sh /media/unpacked-1/install.sh /opt/no").code == BundleDamaged.exit_code
    run(host, f"install /media/1.parity.tar {KEY} --prefix /opt/no --python /bin/sh", WrongHost.exit_code)
    assert inside(host, "ls /opt/no").code != 0
