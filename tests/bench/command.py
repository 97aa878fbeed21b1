"""The `parity` command with a store of the benchmark's own: cold caches without touching the user's."""

from __future__ import annotations

import sys

import parity.engine.workshop

if __name__ == "__main__":
    parity.engine.workshop.STORE_VOLUME = sys.argv.pop(1)
    from parity.cli import main

    main()
