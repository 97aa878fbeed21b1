"""What is shown while a run works: on terminals of two widths, in logs, for machines."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from tests.support.cli import Parity
from tests.support.signed import successive

from parity import cli
from parity.cli.shared.boards import so_far
from parity.cli.shared.display import Progress, board
from parity.cli.shared.lineboard import JsonBoard, LineBoard
from parity.cli.shared.liveboard import LiveBoard
from parity.portable.texts import counted
from parity.progress import Reporter

LONG = "a text that is far longer than any terminal is wide " * 5


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(width: int, shown: LiveBoard) -> list[str]:
    """The live board as it stands, on a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=False)
    console.print(shown.view.get_renderable())
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in text.splitlines()]


def live() -> LiveBoard:
    return LiveBoard(Console(file=io.StringIO(), force_terminal=True))


def played(reporter: Reporter) -> None:
    reporter.stage("resolve", "in Debian 12")
    reporter.note(LONG)
    reporter.stage("fetch")
    reporter.advance(5_000_000, 20_000_000, LONG)


@pytest.mark.parametrize("width", [80, 120])
def test_marks_and_seconds_stay_beside_a_long_text(width: int) -> None:
    shown = live()
    played(shown.reporter("app"))
    name, resolve, fetch = screen(width, shown)
    assert name == "app"
    assert resolve.startswith("✓  resolve    a text")
    assert fetch.split()[1] == "fetch"
    assert "5.0 MB of 20.0 MB" in fetch
    for line in (resolve, fetch):
        assert line.endswith(" s")
        assert len(line) == width


def test_things_are_counted_as_things() -> None:
    shown = live()
    reporter = shown.reporter("app")
    reporter.stage("audit")
    reporter.count(3, 29, "wheels")
    line = screen(80, shown)[1]
    assert "3 of 29 wheels" in line
    assert "B" not in line.replace("B of", "")


def test_where_nobody_knows_the_end_no_end_is_shown() -> None:
    shown = live()
    reporter = shown.reporter("app")
    reporter.stage("image")
    reporter.count(41, 0, "packages retrieved")
    assert "41 packages retrieved" in screen(80, shown)[1]
    file = io.StringIO()
    lines = LineBoard(Console(file=file), verbose=False)
    reporter = lines.reporter("app")
    reporter.stage("image")
    reporter.count(41, 0, "packages retrieved")
    lines.finished("app", ok=True)
    assert "app: image: 41 packages retrieved in 0.0 s" in file.getvalue()


def test_many_runs_fit_a_small_terminal_and_those_that_are_over_fold() -> None:
    shown = live()
    for number in range(10):
        reporter = shown.reporter(f"app{number}")
        for stage in ("image", "probe", "resolve", "fetch", "audit", "rehearse", "pack"):
            reporter.stage(stage)
        if number < 8:
            shown.finished(f"app{number}", ok=number != 1)
    lines = screen(80, shown)
    assert len(lines) <= 24
    assert lines[0].startswith("✓ app0")
    assert [line for line in lines if line.startswith("✗")] == [lines[1], lines[2]]
    assert lines[2].split()[1] == "pack"


@pytest.mark.parametrize("verbose", [False, True])
def test_many_warnings_of_one_kind_are_a_few_and_a_number(verbose: bool) -> None:
    file = io.StringIO()
    shown = LineBoard(Console(file=file), verbose=verbose)
    reporter = shown.reporter("app")
    for number in range(1975):
        reporter.warn(f"file {number} is odd", "odd-file")
    reporter.warn("look at this")
    shown.finished("app", ok=True)
    lines = file.getvalue().splitlines()
    assert "app: warning: look at this" in lines
    assert len(lines) == (1977 if verbose else 5)
    if not verbose:
        assert lines[3] == (
            "app: warning: 1973 more of the kind odd-file (--verbose and --json tell them all)"
        )


def test_lines_say_what_was_done_and_how_long_it_took() -> None:
    file = io.StringIO()
    shown = LineBoard(Console(file=file), verbose=False)
    reporter = shown.reporter("app")
    reporter.stage("fetch")
    reporter.advance(20_000_000, 20_000_000, "29 of 29 files")
    reporter.stage("audit")
    reporter.count(29, 29, "wheels")
    shown.finished("app", ok=True)
    assert file.getvalue().splitlines() == [
        "app: fetch",
        "app: fetch: 20.0 MB of 20.0 MB, 29 of 29 files in 0.0 s",
        "app: audit",
        "app: audit: 29 of 29 wheels in 0.0 s",
        "app: done in 0.0 s",
    ]


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 packages"), (1, "1 package"), (2, "2 packages"), (1975, "1975 packages")]
)
def test_one_package_is_no_packages(number: int, told: str) -> None:
    assert counted(number, "package") == told


@pytest.mark.parametrize(
    ("done", "total", "things", "told"),
    [
        (1, 1, "wheels", "1 of 1 wheel"),
        (1, 2, "wheels", "1 of 2 wheels"),
        (0, 1, "packages imported", "0 of 1 package imported"),
        (1, 0, "packages retrieved", "1 package retrieved"),
    ],
)
def test_so_many_of_one(done: int, total: int, things: str, told: str) -> None:
    assert so_far(done, total, things) == told


def test_no_text_counts_by_itself() -> None:
    """A number before a thing goes through `counted`, where it can be one."""
    things = "packages?|wheels|modules|files|bundles|volumes|warnings|signatures|problems|sets|lines"
    alone = re.compile(r"\{(?:len\([^{}]*\)|[\w.]+)\} (?:other |system )?(?:" + things + r")\b(?! of)")
    rest = re.compile(
        r"(?:of|\{smallest\}|this would give|more than) ?\{|too (?:many|small)|at most", re.IGNORECASE
    )
    source = Path(cli.__file__).parent
    found = [
        f"{path.name}: {line.strip()}"
        for path in (*source.rglob("*.py"), *(source.parent / "farside").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if alone.search(line) and not rest.search(line)
    ]
    assert found == []


def test_every_line_for_machines_is_an_object() -> None:
    file = io.StringIO()
    shown = JsonBoard(Console(file=file))
    played(shown.reporter("app"))
    shown.finished("app", ok=False)
    events = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [each["event"] for each in events] == ["stage", "note", "stage", "progress", "finished"]
    told = {"done": 5_000_000, "total": 20_000_000, "unit": "bytes", "label": LONG}
    assert events[3] == {"run": "app", "event": "progress", **told}


@pytest.mark.parametrize(
    ("file", "progress", "kind"),
    [
        (Terminal(), Progress.AUTO, LiveBoard),
        (io.StringIO(), Progress.AUTO, LineBoard),
        (Terminal(), Progress.PLAIN, LineBoard),
        (io.StringIO(), Progress.TTY, LiveBoard),
        (Terminal(), Progress.JSON, JsonBoard),
    ],
)
def test_a_log_gets_no_cursor_codes_whatever_the_colours(
    file: io.StringIO, progress: Progress, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with board(Console(file=file, stderr=True), verbose=False, progress=progress) as shown:
        assert isinstance(shown, kind)
        shown.reporter("app").stage("fetch")
    if kind is LineBoard:
        assert "\x1b[?" not in file.getvalue()


def test_the_warnings_of_many_runs_are_there_when_all_are_over() -> None:
    shown = live()
    for number in range(3):
        shown.reporter(f"app{number}").warn("look at this")
    assert not any("look at this" in line for line in screen(80, shown))
    for number in range(3):
        shown.finished(f"app{number}", ok=True)
    assert sum("look at this" in line for line in screen(80, shown)) == 3


def test_an_index_tells_its_verification_beside_the_document(tmp_path: Path) -> None:
    (bundle,) = successive(tmp_path / "bundles", {1: {}})
    done = Parity(tmp_path).run("index", bundle.path, tmp_path / "site", "--key", bundle.public, "--json")
    assert done.document["wheels"]
    lines = done.stderr.splitlines()
    assert lines[0].endswith(f": verify: {bundle.path.name}")
    assert lines[-1].startswith("site: done in")
