"""Source distributions made by hand, of the kind whose metadata only their own code tells."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

MTIME = 1_600_000_000


def make_sdist(folder: Path, name: str, version: str, setup: str, **files: str) -> Path:
    """Write `<name>-<version>.tar.gz`; gives its path.

    Args:
        folder: where it goes.
        name: of the project.
        version: of it.
        setup: what stands in setup.py before `setup(name=…, version=…, **more)` is called.
        files: further files by name, `__` for a dot: `tiny__c`.
    """
    stem = f"{name}-{version}"
    texts = {"setup.py": setup_py(name, version, setup), "PKG-INFO": _metadata(name, version)}
    texts |= {key.replace("__", "."): text for key, text in files.items()}
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for each, text in texts.items():
            info = tarfile.TarInfo(f"{stem}/{each}")
            info.size, info.mtime = len(text.encode()), MTIME
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def setup_py(name: str, version: str, before: str = "", more: str = "") -> str:
    """A setup.py; `before` may set `more`, a mapping of further arguments."""
    lines = ["from setuptools import Extension, setup", f"more = {{{more}}}", before]
    return "\n".join([*lines, f"setup(name={name!r}, version={version!r}, **more)", ""])


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files; gives it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _metadata(name: str, version: str) -> str:
    # Metadata 1.1 has no Requires-Dist that a resolver may believe: it would have to run setup.py.
    return f"Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n"
