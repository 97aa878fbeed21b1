"""A report as a bar chart in SVG, readable on light and on dark ground. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from tests.bench.figures import Report, Series
from tests.bench.plan import OURS, PICTURE

_WIDTH, _LABEL, _VALUE = 860, 400, 70
_ROW, _HEAD, _MARGIN, _BAR = 26, 40, 16, 16
_STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .head { font-weight: 600; font-size: 14px } .foot { font-size: 11px; fill: #59636e }
  .ours { fill: #1a7f37 } .theirs { fill: #8c959f } .spread { stroke: #1f2328; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .foot { fill: #9198a1 } .ours { fill: #3fb950 }
    .theirs { fill: #656c76 } .spread { stroke: #e6edf3 }
  }
"""


def svg(report: Report) -> str:
    """Groups of bars, each group with its own scale; the thin line spans the fastest to the slowest run."""
    groups = [(title, _present(report, keys)) for title, keys in PICTURE]
    groups = [(title, rows) for title, rows in groups if rows]
    lines: list[str] = []
    top = _MARGIN
    for title, rows in groups:
        lines += _group(title, rows, top)
        top += _HEAD + _ROW * len(rows)
    lines.append(f'<text class="foot" x="{_MARGIN}" y="{top + 14}">{escape(_foot(report))}</text>')
    height = top + 14 + _MARGIN
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    name = f"<title>parity, benchmark of set {escape(report.name)}</title>"
    return "\n".join([head, name, f"<style>{_STYLE}</style>", *lines, "</svg>", ""])


def _present(report: Report, keys: Sequence[str]) -> Mapping[str, Series]:
    return {key: report.series[key] for key in keys if key in report.series}


def _group(title: str, rows: Mapping[str, Series], top: int) -> Iterator[str]:
    yield f'<text class="head" x="{_MARGIN}" y="{top + 22}">{escape(title)}</text>'
    longest = max(series.spread[1] for series in rows.values()) or 1
    scale = (_WIDTH - _LABEL - _VALUE - _MARGIN) / longest
    for number, (key, series) in enumerate(rows.items()):
        yield from _bar(series, "ours" if key in OURS else "theirs", top + _HEAD + _ROW * number, scale)


def _bar(series: Series, kind: str, top: int, scale: float) -> Iterator[str]:
    low, high = (_LABEL + value * scale for value in series.spread)
    text, middle = top + 13, top + _BAR / 2
    yield f'<text x="{_LABEL - 10}" y="{text}" text-anchor="end">{escape(_short(series.label))}</text>'
    width = max(series.median * scale, 1)
    yield f'<rect class="{kind}" x="{_LABEL}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
    yield f'<line class="spread" x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}"/>'
    yield f'<text x="{max(high, _LABEL + width) + 8:.1f}" y="{text}">{series.median:.1f} {series.unit}</text>'


def _short(label: str) -> str:
    """The label without what stands in brackets, as there is little room."""
    return label.partition(" (")[0]


def _foot(report: Report) -> str:
    runs = max((len(series.values) for series in report.series.values()), default=0)
    machine = [report.machine[key] for key in ("date", "processor", "engine") if key in report.machine]
    counted = f"medians of {runs} runs" if runs > 1 else "one run"
    return " · ".join([f"set {report.name}, Debian 11 / Python 3.9, {counted}", *machine])
