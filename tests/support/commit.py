"""Which commit is measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_TABLES = "tests/bench/results"


def this_commit() -> str:
    """The checkout's commit, in short; `-dirty` behind it where more than its tables of results differs."""
    changed = _git("status", "--porcelain", "--", ":/", f":(exclude,top){_TABLES}")
    return (_git("describe", "--always") or "unknown") + ("-dirty" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=_ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
