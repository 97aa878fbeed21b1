"""The benchmark's sums, table and picture; what it measures is measured by `make bench`."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.bench import child
from tests.bench.figures import Goal, Report, Series
from tests.bench.picture import svg
from tests.bench.plan import GOALS, LABELS, OURS, PICTURE
from tests.bench.scale import Recorded, builds_per_minute, table
from tests.bench.table import document, markdown

SERIES = {
    "cold": Series("ours", "s", (11.0, 10.0, 30.0)),
    "recipe": Series("the recipe <slow>", "s", (66.0, 99.0, 33.0)),
    "rebuild": Series("again", "s", (3.0,)),
    "peak-build": Series("memory", "MB", (80.0,)),
}
RECIPE = Goal("recipe ÷ ours", "recipe", "cold", "times", True, 5, 8)
REBUILD = Goal("rebuild", "rebuild", "cold", "share", False, 0.2, 0.15)
PEX = Goal("pex ÷ ours", "pex", "cold", "times", True, 1.7, 2)
MEMORY = Goal("memory", "peak-build", "", "MB", False, 150, 150)


def report(*goals: Goal) -> Report:
    return Report("web", {"date": "2026-11-21", "engine": "Docker & co"}, SERIES, {"resolve": 7.5}, goals)


def test_medians_are_compared_and_not_means() -> None:
    assert SERIES["cold"].median == 11.0
    assert SERIES["cold"].spread == (10.0, 30.0)
    assert RECIPE.value(SERIES) == 6.0
    assert MEMORY.value(SERIES) == 80.0


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert PEX.value(SERIES) is None
    assert report(PEX).missed() == []
    assert "| pex ÷ ours | not measured | ≥ 1.7 × |" in markdown(report(PEX))
    assert json.loads(document(report(PEX)))["goals"][0]["met"] is None


@pytest.mark.parametrize(("seconds", "missed"), [(2.2, False), (2.3, True)])
def test_a_target_is_met_up_to_its_limit(seconds: float, missed: bool) -> None:
    changed = {**SERIES, "rebuild": Series("again", "s", (seconds,))}
    told = Report("web", {}, changed, {}, [REBUILD])
    assert bool(told.missed()) is missed


def test_the_table_tells_target_and_aim_apart() -> None:
    text = markdown(report(RECIPE, REBUILD, MEMORY))
    assert "| recipe ÷ ours | 6.00 × | ≥ 5 × | met | ≥ 8 × | **missed** |" in text
    assert "| rebuild | 27.3 % | ≤ 20 % | **missed** | ≤ 15 % | **missed** |" in text
    assert "| memory | 80 MB | ≤ 150 MB | met | ≤ 150 MB | met |" in text
    assert "| ours | 11.0 s | 10.0 – 30.0 | 3 | 1.00 |" in text
    assert "resolve 7.5" in text


def test_the_document_holds_every_single_value() -> None:
    told = json.loads(document(report(RECIPE)))
    assert told["figures"]["recipe"]["values"] == [66.0, 99.0, 33.0]
    (goal,) = told["goals"]
    assert (goal["value"], goal["met"], goal["aim_met"]) == (6.0, True, False)


def test_the_picture_is_sound_xml_with_a_bar_for_each_figure_inside_its_frame() -> None:
    root = ET.fromstring(svg(report(RECIPE)))  # noqa: S314 - our own
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["ours", "ours", "theirs"]
    widths = [float(bar.get("width", "")) for bar in bars]
    ends = [float(bar.get("x", "")) + width for bar, width in zip(bars, widths, strict=True)]
    assert max(ends) <= float(root.get("width", ""))
    assert widths[2] / widths[0] == pytest.approx(6.0, rel=0.01)


def test_the_plan_names_only_what_it_has_labels_for() -> None:
    named = {key for goal in GOALS for key in (goal.over, goal.under) if key}
    drawn = {key for _, keys in PICTURE for key in keys}
    assert named | drawn | set(OURS) <= set(LABELS)


def test_a_childs_end_time_and_peak_are_told(tmp_path: Path) -> None:
    written = tmp_path / "report.json"
    child.main(str(written), [sys.executable, "-S", "-c", "bytearray(200_000_000); raise SystemExit(3)"])
    told = json.loads(written.read_text())
    assert told["exit_code"] == 3
    assert told["peak_bytes"] > 200_000_000
    assert told["seconds"] > 0


def test_engines_are_linear_until_the_caller_is_busy_all_the_time() -> None:
    alone = [builds_per_minute(engines, 10.0, 0.0) for engines in (1, 64)]
    assert alone == pytest.approx([12, 768])
    # Half a second of the caller for each build: never more than 120 a minute.
    busy = [builds_per_minute(engines, 10.0, 0.5) for engines in (1, 4, 64)]
    assert busy[1] / busy[0] == pytest.approx(4, rel=0.05)
    assert 110 < busy[2] <= 120
    text = table(Recorded(10.0, 0.5, 0.05))
    assert "`--on` is linear below 16 engines." in text
    assert "`--scheduler` is linear up to 64 engines." in text
