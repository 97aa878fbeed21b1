"""Figures and what follows from them: medians, ratios, whether a target is met. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["s", "MB"]
Kind = Literal["times", "share", "MB"]


@dataclass(frozen=True)
class Series:
    """What was measured several times; seconds, or millions of bytes."""

    label: str
    unit: Unit
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.values), max(self.values)


@dataclass(frozen=True)
class Goal:
    """A figure made of one or two medians, and what it is to be.

    Attributes:
        label: what it says.
        over: the key of the median above the line.
        under: the key below the line, empty where the median itself counts.
        kind: how it is shown.
        at_least: whether the figure shall be large, or else small.
        target: what issue 2 or 3 asks for.
        aim: what the design note asks for.
    """

    label: str
    over: str
    under: str
    kind: Kind
    at_least: bool
    target: float
    aim: float

    def value(self, series: Mapping[str, Series]) -> float | None:
        """The figure; None where something it needs was not measured."""
        if self.over not in series or (self.under and self.under not in series):
            return None
        return series[self.over].median / (series[self.under].median if self.under else 1)

    def met(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit

    def shown(self, value: float) -> str:
        if self.kind == "times":
            return f"{value:.2f} ×"
        return f"{value * 100:.1f} %" if self.kind == "share" else f"{value:.0f} MB"

    def limit(self, value: float) -> str:
        number = f"{value * 100:g} %" if self.kind == "share" else f"{value:g}"
        unit = {"times": " ×", "share": "", "MB": " MB"}[self.kind]
        return f"{'≥' if self.at_least else '≤'} {number}{unit}"


@dataclass(frozen=True)
class Report:
    """One run of the benchmark.

    Attributes:
        name: the requirement set.
        machine: what it ran on, as lines of name and value.
        series: key → figures.
        stages: stage of our cold build → median seconds.
        goals: what the figures are held against.
    """

    name: str
    machine: Mapping[str, str]
    series: Mapping[str, Series]
    stages: Mapping[str, float]
    goals: Sequence[Goal]

    def missed(self) -> list[Goal]:
        """The goals whose target was measured and missed."""
        values = [(goal, goal.value(self.series)) for goal in self.goals]
        return [goal for goal, value in values if value is not None and not goal.met(value, goal.target)]
