"""What is read before a signature, on a Python without the limit on digits (3.9.2 of Debian 11): bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.bundles import forged_bundle, make_bundle, signing_key
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.model import PinnedImage
from parity.pack.singlefile import NAME, single_file
from parity.portable.errors import BundleDamaged, DeltaDamaged

pytestmark = pytest.mark.engine

SIZE = 16 * 1024 * 1024 - 32
HUGE = {
    "digits": b"9" * SIZE,
    "fraction": b"0." + b"9" * SIZE,
    "deep": b"[" * (SIZE // 2) + b"]" * (SIZE // 2),
    "lists": b"[" + b"[]," * (SIZE // 3 - 2) + b"[]]",
}


@pytest.fixture(scope="module")
def room(
    engine: DockerEngine, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """Debian 11 with the single file, a good bundle, and unsigned deltas and bundles of every kind."""
    folder, scrap = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scrap")
    (folder / NAME).write_text(single_file())
    (folder / "sender.pub").write_bytes(signing_key().public.pem)
    (folder / "old.tar").write_bytes(make_bundle(scrap).path.read_bytes())
    for name, value in HUGE.items():
        index = b'{"base":' + value + b"}"
        digest = hashlib.sha256(index).hexdigest().encode()
        (folder / f"{name}.delta").write_bytes(b"parity-delta/1 %s %010d\n" % (digest, len(index)) + index)
        (folder / f"{name}.tar").write_bytes(forged_bundle(b'{"a":' + value + b"}\n", b""))
    with fresh_room(engine, debian11) as container:
        container.put("/", tar_of(folder, "media"))
        yield container


@pytest.mark.parametrize("name", list(HUGE))
def test_huge_json_is_refused_in_seconds(room: Container, name: str) -> None:
    limits = "ulimit -v 1500000; cd /media; timeout -s KILL 30 python3"
    patch = f"{limits} {NAME} patch old.tar {name}.delta -o /tmp/new.tar --key sender.pub"
    inspect = f"{limits} {NAME} inspect {name}.tar"
    for words, code in ((patch, DeltaDamaged.exit_code), (inspect, BundleDamaged.exit_code)):
        done = inside(room, words)
        assert done.code == code, done.output[-2000:]
        assert "Traceback" not in done.output
        assert len(done.output) < 1000


def test_the_python_is_one_that_has_no_limit_of_its_own(room: Container) -> None:
    done = inside(room, "python3 -c 'import sys; print(hasattr(sys, \"set_int_max_str_digits\"))'")
    assert done.output.strip() == "False", Path(__file__).name
