"""Facts as a probe of a machine writes them, for tests that have no such machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.targets import DEBIAN11


def facts_of(**changes: Any) -> dict[str, Any]:
    """Those of a Debian 11 with Python 3.9, some keys replaced."""
    document = {
        "format": "parity-facts/1",
        "os": {"id": "debian", "version": "11", "name": DEBIAN11.os_name},
        "libc": {"family": "glibc", "version": [2, 31], "text": "2.31"},
        "python": "3.9.2",
        "executable": "/usr/bin/python3",
        "implementation": "cpython",
        "arch": "x86_64",
        "bits": 64,
        "markers": dict(DEBIAN11.markers),
        "tags": list(DEBIAN11.tags),
        "pip": "20.3.4",
        "pip_tags": list(DEBIAN11.tags),
        "has_venv": True,
    }
    return {**document, **changes}


def system(os_id: str, version: str) -> dict[str, str]:
    return {"id": os_id, "version": version, "name": f"{os_id} {version} (test)"}


def libc(text: str) -> dict[str, Any]:
    """`glibc 2.34` as facts say it."""
    family, _, version = text.partition(" ")
    return {"family": family, "version": [int(number) for number in version.split(".")], "text": version}


def write_facts(folder: Path, **changes: Any) -> str:
    """A file of such facts; gives its path."""
    path = folder / "facts.json"
    path.write_text(json.dumps(facts_of(**changes)))
    return str(path)
