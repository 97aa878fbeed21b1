"""What the benchmark ran on, in a few lines."""

from __future__ import annotations

import datetime as dt
import os
import platform
from pathlib import Path

from tests.bench.place import Place
from tests.support.commit import this_commit

from parity import __version__
from parity.resolve import uv_version


def describe(place: Place, pex: str) -> dict[str, str]:
    """Date, machine, engine and the versions that took part."""
    engine = place.engine.info()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = {
        "date": dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{memory / 1e9:.0f} GB",
        "load before": f"{os.getloadavg()[0]:.2f} (1 min)",
        "kernel": platform.release(),
        "engine": f"{engine.name} {engine.version}, {engine.storage_driver}",
        "parity": f"{__version__}, commit {this_commit()}, Python {platform.python_version()}",
        "uv": uv_version(),
    }
    return found | ({"pex": pex} if pex else {})


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
