"""The same as `command.py`, but nothing is guessed before uv resolves: what the guess buys."""

from __future__ import annotations

import runpy
from pathlib import Path

import parity.resolve.stage as resolving

if __name__ == "__main__":
    resolving._GuestUv.guess = lambda *_: resolving._Guess()  # type: ignore[method-assign]
    runpy.run_path(str(Path(__file__).with_name("command.py")), run_name="__main__")
