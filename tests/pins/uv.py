"""The pinned uv: the newest release, one wheel for each architecture, its digests and its program's."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from tests.pins.fetched import newest_wheel
from tests.pins.report import Report, replaced

PINS = Path("src/parity/resolve/uv.json")
_PLATFORMS = {
    # A static build serves images of every libc; where there is none, the oldest glibc.
    "x86_64": "musllinux_1_1_x86_64",
    "aarch64": "musllinux_1_1_aarch64",
    "ppc64le": "manylinux_2_17_ppc64le",
    "s390x": "manylinux_2_17_s390x",
}


def bring(root: Path, report: Report) -> None:
    """Write the pins anew where there is a newer uv that every architecture has."""
    old = json.loads((root / PINS).read_text(encoding="utf-8"))
    version = newest_wheel("uv", _PLATFORMS["x86_64"]).name.split("-")[1]
    wheels: dict[str, Any] = {}
    try:
        for arch, platform in sorted(_PLATFORMS.items()):
            wheels[arch] = _pinned(newest_wheel(f"uv=={version}", platform))
    except subprocess.CalledProcessError as error:  # not every architecture has it, or not yet
        report.tell(f"uv {version}", "could not check", *error.stderr.strip().splitlines()[-1:])
        return
    text = json.dumps({"version": version, "wheels": wheels}, indent=2) + "\n"
    told = (
        []
        if version == old["version"]
        else [f"{old['version']} -> {version}: run `make test` before you keep it"]
    )
    report.tell(f"uv {version}", replaced(root / PINS, text), *told)


def _pinned(wheel: Path) -> dict[str, Any]:
    data = wheel.read_bytes()
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as archive:
        program = archive.read(f"uv-{version}.data/scripts/uv")
    return {
        "filename": wheel.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "binary_sha256": hashlib.sha256(program).hexdigest(),
        "binary_size": len(program),
    }
