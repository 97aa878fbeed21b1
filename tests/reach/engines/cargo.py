"""The tests' images, carried from the machine's engine to one of ours rather than made again."""

from __future__ import annotations

import subprocess

from tests.reach.engines.served import Served
from tests.reach.say import say

TARGET = "parity/debian11-py39:latest"
_REPOSITORIES = ("parity/debian11-py39", "parity/debian12-py311", "parity/debian13-py313")


def carry_images(engine: Served) -> None:
    """All tags of the tests' images, by `docker save | docker load`."""
    say(f"reach: carrying the tests' images to {engine.name}")
    saved = subprocess.Popen(["docker", "save", *_REPOSITORIES], stdout=subprocess.PIPE)
    with saved:
        subprocess.run(
            ["docker", "-H", engine.address, "load"], stdin=saved.stdout, check=True, capture_output=True
        )
    if saved.returncode:
        raise subprocess.CalledProcessError(saved.returncode, saved.args)
