"""A verified image or environment for people."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from parity.farside.cli.vehicles import exported
from parity.portable.bundle.export import VerifiedExport
from parity.portable.texts import printable


def export_text(path: Path, found: VerifiedExport) -> Text:
    """What it is, who signed it."""
    title = Text.assemble(("\nverified", "bold green"), f" {printable(str(path))}\n\n")
    for line in exported(found).lines:
        title.append(f"  {printable(line)}\n")
    return title
