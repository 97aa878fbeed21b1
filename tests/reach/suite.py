"""The tests that every engine must pass, run against one: `make test` runs them against the machine's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.reach.engines.served import STATE, Served
from tests.reach.row import Row, Verdict
from tests.reach.say import say
from tests.support.engine import ROOT
from tests.support.junit import Case, read_cases

STORIES = {
    "contract suite": ("contract.test_engine_contract",),
    "confinement": ("integration.test_confines",),
    "kill and sweep": ("integration.test_docker_engine", "integration.test_build_leftovers"),
    "interrupt": ("integration.test_signals",),
    "build": ("integration.test_build",),
    "verify --rehearse": ("integration.test_cli_bundles", "integration.test_proof"),
    "sources": ("integration.test_sources",),
    "system packages": ("integration.test_system",),
    "project": ("integration.test_project",),
    "exports": ("integration.test_export", "integration.test_vehicle"),
}
"""What is told in one row, and the modules below tests that show it."""
_NOT_ON_PODMAN = (
    # It has an image by its digest, whatever name that was taken from, so that nobody is asked for a base.
    "integration/test_export.py::test_a_base_that_the_site_has_is_left_out_and_asked_for",
)
_SECONDS = 3600
_NAMED = 4


def engine_rows(engine: Served, stories: Iterable[str] = STORIES) -> Iterator[Row]:
    """Run the tests of these stories against an engine; a row for each story."""
    chosen = list(stories)
    folder = STATE / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log, report = (folder / f"{engine.name.replace(' ', '-')}.{end}" for end in ("log", "xml"))
    say(f"reach: {engine.name}: the tests' own words are in {log}")
    report.unlink(missing_ok=True)
    _run_tests(engine, [module for story in chosen for module in STORIES[story]], log, report)
    cases = read_cases(report) if report.exists() else []
    for story in chosen:
        yield _row(engine.name, story, [case for case in cases if case.module in STORIES[story]], log)


def _run_tests(engine: Served, modules: Iterable[str], log: Path, report: Path) -> None:
    files = [f"tests/{module.replace('.', '/')}.py" for module in modules]
    # What would lead elsewhere goes; what a test says of its own engine is the address alone.
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "CONTAINER_"))
    }
    environment["DOCKER_HOST"] = engine.address
    options = ["-m", "engine", "-p", "no:cacheprovider", f"--junitxml={report}", "--durations=10"]
    if "podman" in engine.name:
        options += [f"--deselect=tests/{each}" for each in _NOT_ON_PODMAN]
    with log.open("wb") as said:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *options, *files],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=said,
            check=False,
            timeout=_SECONDS,
        )


def _row(subject: str, story: str, cases: list[Case], log: Path) -> Row:
    seconds = sum(case.seconds for case in cases)
    bad = [case.name for case in cases if not case.passed]
    if not cases:
        return Row(subject, story, Verdict.FAILED, 0, f"no test of it ended; see {log.name}")
    note = f"{len(cases) - len(bad)} of {len(cases)} tests"
    if bad:
        note += (
            "; not: " + ", ".join(bad[:_NAMED]) + (f" and {len(bad) - _NAMED} more" if bad[_NAMED:] else "")
        )
    return Row(subject, story, Verdict.FAILED if bad else Verdict.PASSED, seconds, note)
