"""A report as a table for people and a document for machines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.bench.figures import Goal, Report, Series


def markdown(report: Report) -> str:
    """The report as Markdown: targets first, then every figure, our stages, and the machine."""
    return "\n".join(
        [*_targets(report), "", *_figures(report), "", *_stages(report), "", *_machine(report), ""]
    )


def document(report: Report) -> str:
    """The report as JSON, every single value in it."""
    return json.dumps(
        {
            "set": report.name,
            "machine": dict(report.machine),
            "figures": {key: _figure(series) for key, series in report.series.items()},
            "stages_of_cold_build": dict(report.stages),
            "goals": [_goal(goal, report) for goal in report.goals],
        },
        indent=1,
        ensure_ascii=False,
    )


def _targets(report: Report) -> Iterator[str]:
    yield f"# Benchmark: set **{report.name}**, Debian 11 / Python 3.9"
    yield ""
    yield "| figure (of medians) | measured | target | | aim | |"
    yield "| --- | ---: | ---: | --- | ---: | --- |"
    for goal in report.goals:
        value = goal.value(report.series)
        cells = ["not measured", goal.limit(goal.target), "", goal.limit(goal.aim), ""]
        if value is not None:
            marks = ["met" if goal.met(value, limit) else "**missed**" for limit in (goal.target, goal.aim)]
            cells = [goal.shown(value), goal.limit(goal.target), marks[0], goal.limit(goal.aim), marks[1]]
        yield f"| {goal.label} | {' | '.join(cells)} |"


def _figures(report: Report) -> Iterator[str]:
    yield "| what | median | min – max | runs | ÷ our cold build |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    cold = report.series.get("cold")
    for series in report.series.values():
        low, high = series.spread
        ratio = f"{series.median / cold.median:.2f}" if cold and series.unit == "s" else ""
        spread = f"{_number(low)} – {_number(high)}"
        median = f"{_number(series.median)} {series.unit}"
        yield f"| {series.label} | {median} | {spread} | {len(series.values)} | {ratio} |"


def _stages(report: Report) -> Iterator[str]:
    if report.stages:
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in report.stages.items())
        yield f"Where our cold build spends its time (medians, s): {parts}."


def _machine(report: Report) -> Iterator[str]:
    yield "| machine | |"
    yield "| --- | --- |"
    for name, value in report.machine.items():
        yield f"| {name} | {value} |"


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _figure(series: Series) -> dict[str, object]:
    low, high = series.spread
    return {
        "label": series.label,
        "unit": series.unit,
        "median": series.median,
        "min": low,
        "max": high,
        "values": list(series.values),
    }


def _goal(goal: Goal, report: Report) -> dict[str, object]:
    value = goal.value(report.series)
    return {
        "label": goal.label,
        "value": value,
        "target": goal.limit(goal.target),
        "met": None if value is None else goal.met(value, goal.target),
        "aim": goal.limit(goal.aim),
        "aim_met": None if value is None else goal.met(value, goal.aim),
    }
