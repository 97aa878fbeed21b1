"""A copy of parity that gets something more in as few files as its seams promise."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.engine import ROOT


def copied(
    folder: Path, added: Mapping[str, str], replaced: Mapping[str, tuple[tuple[str, str], ...]]
) -> Path:
    """A checkout's `src`, with its profiles and images beside it.

    Args:
        folder: is made.
        added: modules that are new, by their path below `parity`.
        replaced: what is written in place of what, in modules that are there.
    """
    package = folder / "src" / "parity"
    shutil.copytree(ROOT / "src" / "parity", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("profiles", "images"):
        (folder / name).symlink_to(ROOT / name)
    for path, text in added.items():
        (package / path).write_text(text.lstrip())
    for path, pairs in replaced.items():
        text = (package / path).read_text()
        for old, new in pairs:
            assert text.count(old) == 1, (path, old)
            text = text.replace(old, new)
        (package / path).write_text(text)
    return folder / "src"


def search_path(source: Path) -> str:
    """PYTHONPATH for a child that shall have that parity, and these tests."""
    return os.pathsep.join((str(source), str(ROOT)))
