"""`make realworld`: what people have goes across at the first try, or it is said what does not.

Each case of cases.yaml is built, carried into a container without network, installed and used there, one
after the other; a failed one stops nothing. The table is written after each: a run that was stopped goes on
with --resume, and NAME… or --target runs only some (the other rows stay as they were). Ends with 1 where
something is green and broken, or refused wrongly.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.realworld.case import TARGETS, Case, CaseInvalid, chosen, read_cases
from tests.realworld.row import Row, Verdict, document, markdown, read_rows
from tests.realworld.trial import Trial, remove
from tests.support.cli import Parity
from tests.support.commit import this_commit
from tests.support.engine import ROOT

from parity.docker_engine import DockerEngine, connect

RESULTS = ROOT / "tests" / "bench" / "results"
STATE = ROOT / ".state" / "realworld"
_WRONG = (Verdict.BROKEN, Verdict.REFUSED_WRONGLY)


def main() -> int:
    """Run the cases that were named (all by default), and write the table after each."""
    words = argparse.ArgumentParser(prog="python -m tests.realworld", description=__doc__)
    words.add_argument("name", nargs="*", help="only these")
    words.add_argument("--target", default="", choices=["", *TARGETS], help="only for this target")
    words.add_argument("--resume", action="store_true", help="leave out what the table has a verdict for")
    words.add_argument("--list", action="store_true", help="show the cases and leave")
    asked = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no container is left
    cases = read_cases()
    try:
        some = chosen(cases, asked.name, asked.target)
    except CaseInvalid as wrong:
        words.error(str(wrong))
    if asked.list:
        _say("\n".join(f"{case.label:<50} {case.kind}" for case in some))
        return 0
    rows = _kept()
    if asked.resume:
        some = tuple(case for case in some if rows.get(case.label, _not_run(case)).verdict is Verdict.NOT_RUN)
    return _run(cases, some, rows)


def _run(cases: Sequence[Case], some: Sequence[Case], rows: dict[str, Row]) -> int:
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("realworld: another run is at work here: its table and folders are these")
            return 2
        return _run_alone(cases, some, rows)


def _run_alone(cases: Sequence[Case], some: Sequence[Case], rows: dict[str, Row]) -> int:
    parity, engine, commit = _parity(), connect(), this_commit()
    try:
        for number, case in enumerate(some, 1):
            _say(f"realworld: {number}/{len(some)}: {case.label}")
            row = rows[case.label] = _tried(parity, engine, case, commit)
            _say(f"realworld: {row.verdict.value}, {row.seconds:.0f} s, {row.megabytes:.1f} MB {row.reason}")
            _write(cases, rows)
    finally:
        engine.close()
    _write(cases, rows)
    return 1 if any(rows[case.label].verdict in _WRONG for case in some) else 0


def _tried(parity: Parity, engine: DockerEngine, case: Case, commit: str) -> Row:
    folder = STATE / "cases" / case.label
    remove(folder)
    folder.mkdir(parents=True)
    trial = Trial(parity, engine, case, folder)
    try:
        return trial.run(commit)
    except Exception as fault:  # noqa: BLE001 - the other cases go on
        return Row(case.name, case.target, case.kind, Verdict.NOT_JUDGED, reason=f"it broke: {fault!r}"[:300])
    finally:
        (STATE / "logs").mkdir(exist_ok=True)
        (STATE / "logs" / f"{case.label}.txt").write_text("\n".join(trial.log), encoding="utf-8")
        remove(folder)


def _parity() -> Parity:
    """The command with a home that stays between runs."""
    home = STATE / "home"
    return Parity(home) if home.exists() else Parity.with_uv(home)


def _kept() -> dict[str, Row]:
    path = RESULTS / "realworld.json"
    return read_rows(path.read_text(encoding="utf-8")) if path.exists() else {}


def _not_run(case: Case) -> Row:
    return Row(case.name, case.target, case.kind, Verdict.NOT_RUN)


def _write(cases: Sequence[Case], rows: Mapping[str, Row]) -> None:
    """The table of the whole list, whatever was run of it."""
    all_of_them = [rows.get(case.label, _not_run(case)) for case in cases]
    _put(RESULTS / "realworld.md", markdown(all_of_them))
    _put(RESULTS / "realworld.json", document(all_of_them))


def _put(path: Path, text: str) -> None:
    new = path.with_suffix(".partial")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
