"""What guest scripts say is heard by its mark alone, within limits, and once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_engine import FakeContainer, FakeEngine
from tests.support.growth import grows_no_faster_than_its_length

from parity.engine import ContainerSpec, ExecResult, ImageInfo, Network
from parity.engine.events import Event, EventLines, Tail
from parity.engine.guests import GuestFailed, guest_tar, run_guest
from parity.wire.rehearsing import Nothing
from parity.wire.shapes import Malformed
from parity.wire.tasks import Task


def said(lines: EventLines, **event: Any) -> bytes:
    return f"\n{lines.mark}{json.dumps(event)}\n".encode()


def test_what_has_no_mark_is_no_event_and_is_kept_for_the_error() -> None:
    heard: list[Event] = []
    lines = EventLines(heard.append)
    forged = json.dumps({"event": "result", "result": {"all": "well"}}).encode() + b"\n"
    lines.feed(b"Welcome to this Python!\n" + forged + said(lines, event="step", name="x"))
    lines.feed(b"no end of line" + said(lines, event="result", result={"a": 1}) + forged)
    assert heard == [{"event": "step", "name": "x"}]
    assert lines.result == {"a": 1}
    assert "Welcome" in lines.other.text


@pytest.mark.parametrize(
    "words",
    ["no json", "[" * 200_000, "[]", '{"event": 1}', '{"name": "x"}', '{"event": "result"}', "1e999999"],
)
def test_an_event_that_is_none_is_malformed(words: str) -> None:
    lines = EventLines(None)
    with pytest.raises(Malformed):
        lines.feed(f"{lines.mark}{words}\n".encode())


def test_there_is_one_result() -> None:
    lines = EventLines(None)
    lines.feed(said(lines, event="result", result={}))
    with pytest.raises(Malformed, match="second"):
        lines.feed(said(lines, event="result", result={"all": "well"}))


def test_a_line_without_an_end_takes_no_time_and_has_a_limit() -> None:
    def feed(count: int) -> None:
        lines, piece = EventLines(None, limit=count * 4400), b"x" * 4096
        for _ in range(count):
            lines.feed(piece)
        with pytest.raises(Malformed, match=f"{count * 4400} bytes"):
            lines.feed(piece * 1000)

    grows_no_faster_than_its_length(feed, 2250)


def test_of_a_long_stream_the_end_is_kept() -> None:
    tail = Tail(10)
    for _ in range(1000):
        tail.feed(b"x" * 100_000)
    tail.feed(b"the end")
    assert tail.text == "xxxthe end"


def container(folder: Path, answer: Mapping[str, bytes]) -> FakeContainer:
    """A container whose Python says what it is told to."""
    engine = FakeEngine(folder, images={"i": ImageInfo("i", (), "linux/amd64", 1)})

    def python(_: FakeContainer, argv: Any, stdin: bytes) -> ExecResult:
        mark = json.loads(stdin)["mark"].encode()
        return ExecResult(0, answer["out"].replace(b"MARK", mark), answer["err"])

    engine.handlers["py"] = python
    with engine.container(ContainerSpec("i", Network.NONE, "x")) as made:
        made.start()
        return made


def test_a_guest_that_says_too_much_is_a_failed_guest(tmp_path: Path) -> None:
    twice = b'MARK{"event": "result", "result": {}}\n' * 2
    room = container(tmp_path, {"out": twice, "err": b"words\n" * 100_000})
    room.running = True
    nothing: Nothing = {}
    with pytest.raises(GuestFailed) as caught:
        run_guest(room, "py", Task("x", Nothing, Nothing), nothing)
    assert caught.value.last_line == "it said what it must not: a second result"
    assert len(caught.value.stderr) < 20_000


def test_a_python_that_greets_gives_its_result(tmp_path: Path) -> None:
    """The real guests, whose interpreter prints a line when it starts."""
    lines = EventLines(None)
    script = (
        "import sys; sys.stdout.write('hello'); sys.path.insert(0, sys.argv[1])\n"
        "from parity_guest.guest.dispatch import run; sys.exit(run(['memory_of_this']))"
    )
    subprocess.run(["tar", "xf", "-", "-C", str(tmp_path)], input=guest_tar(), check=True)
    folder = tmp_path / "parity" / "parity_guest" / "guest" / "tasks"
    (folder / "memory_of_this.py").write_text("def main(job, emit):\n    return {'job': job}\n")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "parity")],
        input=json.dumps({"mark": lines.mark, "job": {"a": 1}}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    lines.feed(done.stdout)
    assert lines.result == {"job": {"a": 1}}
    assert lines.other.text.startswith("hello")


def test_a_guest_is_made_of_no_module_of_an_environment(tmp_path: Path) -> None:
    """As where the standard library lacks one, and a package has it: it would speak for all packages."""
    subprocess.run(["tar", "xf", "-", "-C", str(tmp_path)], input=guest_tar(), check=True)
    task = tmp_path / "parity" / "parity_guest" / "guest" / "tasks" / "late.py"
    task.write_text("def main(job, emit):\n    import sched\n    return {'said': sched.__file__}\n")
    site = tmp_path / "site"
    site.mkdir()
    for name in ("ctypes", "json", "threading", "sched"):
        (site / f"{name}.py").write_text("raise SystemExit('a package runs')")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "parity"), "late"],
        input=json.dumps({"mark": "m", "job": {}}).encode(),
        env={"PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert b"/sched.py" in done.stdout
