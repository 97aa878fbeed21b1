"""Imported by each Python of a worker that lies: its builds tell, or lay down, other than they made."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

LIE = Path(os.environ["PARITY_TEST_LIE"])


def lies() -> None:
    """Put a liar in the place of what tells of a finished build."""
    child = import_module("parity.pipeline.elsewhere.child")
    honest = child.built_elsewhere

    def told(request: Any, report: Any) -> Any:
        said = honest(request, report)
        bundle, lie = request.output.parent / "bundle", LIE.read_text()
        if lie == "payload":
            altered(bundle, b".dist-info/METADATA")
        elif lie == "installer":
            altered(bundle, b"def main(")
        elif lie == "product":
            altered(bundle, b'"python":"3.9"')
        elif lie == "path":
            first, *others = said.lock.wheels
            said = replace(
                said, lock=replace(said.lock, wheels=(replace(first, filename="../../evil.whl"), *others))
            )
        return said

    child.built_elsewhere = told  # type: ignore[attr-defined]


def altered(bundle: Path, mark: bytes) -> None:
    """Change one byte where a mark stands."""
    data = bytearray(bundle.read_bytes())
    place = data.index(mark, 65536)
    data[place + 3] ^= 1
    bundle.write_bytes(data)


if "parity.cli.working" in sys.orig_argv:
    lies()
