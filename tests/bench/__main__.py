"""`make bench`: parity against what people do today, in one run, interleaved so that drift hits all alike."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import large
from tests.bench.figures import Report, Series
from tests.bench.fleet import twelve_builds
from tests.bench.install import WAYS, carried, install
from tests.bench.machine import describe
from tests.bench.memory import Memory
from tests.bench.ours import Ours
from tests.bench.peers import Pex, recipe
from tests.bench.picture import svg
from tests.bench.place import ROOT, MeasurementFailed, Place, place
from tests.bench.plan import GOALS, LABELS
from tests.bench.serving import Installs, plain, served
from tests.bench.table import document, markdown
from tests.bench.vehicles import rehearsal_and_exports

from parity.errors import ParityError

PARTS = ("build", "recipe", "pex", "install", "verify", "vehicles", "serve", "fleet", "memory")
_INSTALLED = 500 * large.MEGABYTE  # what a bundle, its index and its installed packages take, at most


class Bench:
    """Runs the rounds and collects what they give."""

    def __init__(self, where: Place, parts: set[str]) -> None:
        self._place = where
        self._parts = parts
        self.ours = Ours(where)
        self.pex = Pex(where)
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        self.stages: defaultdict[str, list[float]] = defaultdict(list)

    def prepare(self) -> None:
        """Set up the peers; not measured."""
        if "pex" in self._parts:
            self.pex.prepare()
        if "build" not in self._parts and self._parts & {"install", "verify", "vehicles", "serve"}:
            self.ours.build()

    def round(self) -> None:
        """Measure everything once."""
        steps: dict[str, Callable[[], None]] = {
            "recipe": self._recipe,
            "build": self._build,
            "pex": self._pex,
            "install": self._install,
            "verify": self._verify,
            "vehicles": self._vehicles,
            "serve": self._serve,
            "fleet": self._fleet,
        }
        for part, step in steps.items():
            if part in self._parts:
                step()

    def series(self) -> dict[str, Series]:
        """What was measured, in the plan's order."""
        return {key: Series(*LABELS[key], tuple(self.values[key])) for key in LABELS if key in self.values}

    def median_stages(self) -> dict[str, float]:
        """Stage of our cold build → median seconds, in the order in which they run."""
        return {stage: statistics.median(values) for stage, values in self.stages.items()}

    def bundle(self) -> dict[str, str]:
        """What our build came to."""
        built = self.ours.built
        size = f"{built['size'] / large.MEGABYTE:.1f} MB" if built else ""
        return {"bundle": f"{len(built['packages'])} packages, {size}"} if built else {}

    def _note(self, key: str, value: float) -> None:
        self.values[key].append(value)
        label, unit = LABELS[key]
        say(f"  {value:8.2f} {unit}  {label}")

    def _recipe(self) -> None:
        for key, seconds in recipe(self._place).items():
            self._note(key, seconds)

    def _pex(self) -> None:
        self._note("pex", self.pex.download().seconds)

    def _build(self) -> None:
        ran = self.ours.cold()
        self._note("cold", ran.seconds)
        self._note("peak-build", ran.peak_bytes / large.MEGABYTE)
        for stage, seconds in self.ours.built["seconds"].items():
            self.stages[stage].append(seconds)
        self._note("rebuild", self.ours.rebuild().seconds)
        self._note("cold-unguessed", self.ours.cold_unguessed().seconds)
        self._note("cold-tools", self.ours.cold_with_tools().seconds)

    def _install(self) -> None:
        with carried(self._place, self.ours.bundle) as volume:
            for way in WAYS:
                self._note(way, install(self._place, volume, way))

    def _verify(self) -> None:
        key = Path(self.ours.built["public_key"])
        self._note("verify", self.ours.verify(self.ours.bundle, key).seconds)
        self._note("sha256sum", self._place.child(["sha256sum", self.ours.bundle]).seconds)

    def _vehicles(self) -> None:
        for key, value in rehearsal_and_exports(self._place, self.ours):
            self._note(key, value)

    def _serve(self) -> None:
        key = Path(self.ours.built["public_key"])
        with self._place.quick_folder(_INSTALLED) as folder:
            bundle = Path(shutil.copy(self.ours.bundle, folder))
            self.ours.run("index", bundle, folder / "index", "--key", key, "--json")
            installs = Installs(self._place, self.ours, folder)
            with served(self.ours, bundle, key) as ours, plain(folder / "index") as theirs:
                for server in (ours, theirs, theirs, ours):
                    name = "serve-uv" if server is ours else "static-uv"
                    self._note(name, installs.seconds(server.url))

    def _fleet(self) -> None:
        for key, seconds in twelve_builds(self._place, self.ours).items():
            self._note(key, seconds)

    def memory(self, rounds: int) -> None:
        """Send bundles of two sizes through every command."""
        Memory(self._place, self.ours, self._note).measure(rounds)


def main() -> int:
    """Run what the command line asks for; 1 where a measurement failed (or, with --strict, a target)."""
    options = _options()
    try:
        report = _measure(options)
    except (MeasurementFailed, ParityError) as error:
        say(f"bench: {error}")
        return 1
    _write(report, Path(options.output), "latest" if options.set == "web" else f"latest-{options.set}")
    missed = report.missed()
    for goal in missed:
        say(f"missed: {goal.label}, target {goal.limit(goal.target)}")
    return 1 if missed and options.strict else 0


def _measure(options: argparse.Namespace) -> Report:
    parts = set(options.only or PARTS)
    with place(options.set) as where, _tidy(where):
        bench = Bench(where, parts)
        bench.prepare()
        machine = describe(where, bench.pex.version)
        for number in range(options.runs):
            say(f"round {number + 1} of {options.runs}, load {os.getloadavg()[0]:.2f}")
            bench.round()
        if "memory" in parts:
            bench.memory(options.runs)
        machine |= bench.bundle() | {"load after": f"{os.getloadavg()[0]:.2f} (1 min)"}
        return Report(options.set, machine, bench.series(), bench.median_stages(), GOALS)


@contextmanager
def _tidy(where: Place) -> Iterator[None]:
    """Leave the peers' installation and nothing else."""
    try:
        yield
    finally:
        Ours(where).remove_store()
        for name in ("home", "dist", "pex-root", "pex-wheels", "twelve", "workers", "exported"):
            shutil.rmtree(where.folder / name, ignore_errors=True)


def _write(report: Report, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(report)
    for ending, content in (("md", text), ("json", document(report) + "\n"), ("svg", svg(report))):
        (folder / f"{name}.{ending}").write_text(content, encoding="utf-8")
    say(f"\n{text}\nwritten to {folder}/{name}.md, .json and .svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--set", default="web", metavar="NAME", help="profiles/requirements/NAME.txt")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="rounds; medians are reported")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone; repeatable")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument(
        "--output",
        default="",
        metavar="DIR",
        help="tests/bench/results/, or tests/bench/results/tmp/ with --only",
    )
    options = parser.parse_args()
    options.output = options.output or ROOT / "tests" / "bench" / "results" / ("tmp" if options.only else "")
    return options


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
