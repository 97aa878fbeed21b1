"""Where many engines stop being linear: a simulation of 1 to 64 of them, from recorded times.

    python -m tests.bench.scale       # writes results/scale.md from results/scale.json

A build takes its engine for as long as it was recorded alone, and the caller's one interpreter for the
seconds of processor that it used for each build of a call of twelve: half of it before (files read, the
engine spoken to), half after (packed or fetched, checked, signed). Each engine does two builds at once.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).with_name("results")
RECORDED = RESULTS / "scale.json"
ENGINES = (1, 2, 4, 8, 16, 32, 64)
_SLOTS = 2
_EACH = 12  # builds for each slot: enough that the beginning and the end count little
_LINEAR = 0.9


@dataclass(frozen=True)
class Recorded:
    """Seconds of one build.

    Attributes:
        alone: from its start to its end, while its engine does nothing else.
        on: of them the caller's processor, with `--on`.
        scheduler: the same with `--scheduler`.
        remark: how they were recorded, if otherwise than by `make bench`.
    """

    alone: float
    on: float
    scheduler: float
    remark: str = ""

    def text(self) -> str:
        """As a file keeps it."""
        return json.dumps(asdict(self), indent=1) + "\n"


def builds_per_minute(engines: int, alone: float, caller: float) -> float:
    """How many builds a minute so many engines do behind one caller."""
    slots = [0.0] * (engines * _SLOTS)
    before, between = caller / 2, max(alone - caller, 0.0)
    # What wants the caller next, in the order in which it does: (when, which half, its slot's number).
    wanting = [(0.0, 0, number) for number in range(len(slots))]
    heapq.heapify(wanting)
    left = [_EACH] * len(slots)
    free = end = 0.0
    while wanting:
        when, half, number = heapq.heappop(wanting)
        free = max(free, when) + before
        if half == 0:
            heapq.heappush(wanting, (free + between, 1, number))
            continue
        end = max(end, free)
        left[number] -= 1
        if left[number]:
            heapq.heappush(wanting, (free, 0, number))
    return len(slots) * _EACH * 60 / end


def table(recorded: Recorded) -> str:
    """Throughput and share of what so many engines could do, for both ways."""
    return "\n".join(_lines(recorded)) + "\n"


def _lines(recorded: Recorded) -> Iterator[str]:
    yield "# Many engines behind one caller, simulated"
    yield ""
    yield (
        f"From recorded times: a build takes {recorded.alone:.2f} s, of them {recorded.on:.2f} s of the "
        f"caller's processor with `--on` and {recorded.scheduler:.2f} s with `--scheduler`. {_SLOTS} builds "
        "at once on each engine."
    )
    if recorded.remark:
        yield ""
        yield recorded.remark
    yield ""
    yield "| engines | `--on`: builds a minute | of linear | `--scheduler`: builds a minute | of linear |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    ways = (recorded.on, recorded.scheduler)
    first = [builds_per_minute(1, recorded.alone, caller) for caller in ways]
    ends = [0, 0]
    for engines in ENGINES:
        rates = [builds_per_minute(engines, recorded.alone, caller) for caller in ways]
        shares = [rate / (one * engines) for rate, one in zip(rates, first, strict=True)]
        ends = [end or (engines if share < _LINEAR else 0) for end, share in zip(ends, shares, strict=True)]
        cells = " | ".join(f"{rate:.0f} | {share:.0%}" for rate, share in zip(rates, shares, strict=True))
        yield f"| {engines} | {cells} |"
    yield ""
    for name, end in zip(("--on", "--scheduler"), ends, strict=True):
        yield f"`{name}` is linear " + (f"below {end} engines." if end else f"up to {ENGINES[-1]} engines.")


def main() -> int:
    """Write the table; 1 where nothing was recorded yet."""
    if not RECORDED.exists():
        sys.stdout.write("nothing recorded yet: python -m tests.bench --only fleet\n")
        return 1
    text = table(Recorded(**json.loads(RECORDED.read_text())))
    (RESULTS / "scale.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
