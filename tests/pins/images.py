"""The vendors' images that profiles are proposed with: asked at their registries, where one answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.pins.report import Report

from parity.docker_engine import DockerEngine, connect
from parity.errors import ParityError

TABLE = Path("src/parity/profile/vendors.json")


def bring(root: Path, report: Report) -> None:
    """Pull the newest of each, if its registry answers; a table of names is not written by machine."""
    table: dict[str, Any] = json.loads((root / TABLE).read_text(encoding="utf-8"))
    engine = connect()
    try:
        for image in sorted(set(_images(table))):
            _pull(engine, image, report)
    finally:
        engine.close()


def _pull(engine: DockerEngine, image: str, report: Report) -> None:
    try:
        engine.pull(image, "linux/amd64", lambda _: None)
    except ParityError as error:
        report.tell(f"image {image}", "could not check", error.message)
    else:
        report.tell(f"image {image}", "up to date")


def _images(table: dict[str, Any]) -> Iterator[str]:
    """Names without a release in braces: which releases there are, the registry alone knows."""
    for vendor in table.values():
        for pythons in vendor.get("with_python", {}).values():
            yield from pythons.values()
