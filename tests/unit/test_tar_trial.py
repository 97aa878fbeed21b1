"""The tar's two trials side by side: what one of them waits for, and what their errors are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.fake_engine import FakeContainer, FakeEngine

from parity.engine import ExecResult, ImageInfo
from parity.engine.together import Together
from parity.errors import RehearsalFailed, RehearsalTimeout
from parity.export.spool import spooling
from parity.export.streamed import StreamedBytes
from parity.export.tar_trial import try_tar
from parity.export.trial import ExportTrial, try_image
from parity.model import RehearsalPlan

TRIAL = ExportTrial("linux/amd64", "/opt/app", "65534:65534", {}, RehearsalPlan(timeout=60))


@pytest.fixture
def tar(tmp_path: Path) -> Iterator[StreamedBytes]:
    with spooling(tmp_path) as new:
        stream = StreamedBytes(new())
        stream.promise(0)
        stream.end()
        yield stream


def test_one_that_fails_at_its_place_does_not_wait_for_one_that_hangs_elsewhere(
    tmp_path: Path, tar: StreamedBytes
) -> None:
    hangs: list[FakeContainer] = []

    def python(container: FakeContainer, argv: Sequence[str], _: bytes) -> ExecResult:
        begun = time.monotonic()
        if "/opt/app/bin/python" in argv:
            while not hangs and time.monotonic() < begun + 10:
                time.sleep(0.01)
            return ExecResult(1, b"", b"it fails")
        hangs.append(container)
        while container.running and time.monotonic() < begun + 30:
            time.sleep(0.01)
        return ExecResult(137, b"", b"it was killed")

    def shell(container: FakeContainer, *_: object) -> ExecResult:
        return ExecResult(0, b"", b"")

    engine = FakeEngine(
        tmp_path / "engine",
        images={"i": ImageInfo("i", (), "linux/amd64", 1)},
        handlers={"env": python, "sh": shell},
    )
    begun = time.monotonic()
    with pytest.raises(RehearsalFailed, match=r"the environment.s Python does not work: .* it fails"):
        try_tar(Together(engine), "i", TRIAL, tar, "relocate.sh")
    assert hangs
    assert time.monotonic() - begun < 10
    assert not engine.containers


def test_what_takes_too_long_is_a_trial_that_failed(tmp_path: Path, tar: StreamedBytes) -> None:
    def slow(_: FakeContainer, argv: Sequence[str], __: bytes) -> ExecResult:
        raise TimeoutError(f"{argv[0]} took longer than 60 s")

    def imports(container: FakeContainer, argv: Sequence[str], stdin: bytes) -> ExecResult:
        mark = json.loads(stdin)["mark"]
        return ExecResult(0, f'{mark}{{"seen": {{}}, "errors": {{}}}}'.encode(), b"")

    engine = FakeEngine(
        tmp_path / "engine",
        images={"i": ImageInfo("i", (), "linux/amd64", 1)},
        handlers={"env": imports, "sh": slow, "/opt/app/bin/python": slow},
    )
    with pytest.raises(RehearsalTimeout, match=r"cannot be unpacked .*: sh took longer"):
        try_tar(Together(engine), "i", TRIAL, tar, "relocate.sh")
    with pytest.raises(RehearsalTimeout, match="program: /opt/app/bin/python took longer"):
        try_image(Together(engine), "i", replace(TRIAL, starts="app"))
