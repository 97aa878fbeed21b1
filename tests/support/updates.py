"""Pairs of bundles, an older and a newer one, and bundles that are too large for memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from tests.support.bundles import (
    FILES,
    IDENTITY,
    PROFILE_SHA256,
    TARGET,
    MadeBundle,
    make_bundle,
    signing_key,
)
from tests.support.wheels import WheelParts

from parity.model import BundleFile, LockedWheel, StoredWheel
from parity.pack import build_manifest, file_of_bytes, write_bundle
from parity.sign import SigningKey, make_sealer

NEWER = replace(IDENTITY, version="1.1", serial=8)
MEGABYTE = bytes(1 << 20)


def noise(seed: str, size: int) -> bytes:
    """Bytes that nothing can pack, the same each time."""
    return Random(seed).randbytes(size)  # noqa: S311


def plain_wheel(name: str, version: str, size: int) -> tuple[str, bytes]:
    """A file name and bytes in the shape of a wheel, for who never looks inside."""
    return f"{name}-{version}-py3-none-any.whl", noise(f"{name} {version}", size)


def real_wheel(
    name: str,
    version: str,
    headers: str = "",
    files: Mapping[str, bytes] | None = None,
    tag: str = "py3-none-any",
) -> tuple[str, bytes]:
    """A wheel that can be read; `headers` are further lines of its METADATA."""
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{headers}"
    parts = WheelParts(name, version, tag, dict(files or {f"{name}.py": b"X = 1\n"}), metadata=metadata)
    return parts.filename, parts.data()


def proof(missing: list[dict[str, str]], imports: list[dict[str, Any]]) -> bytes:
    """A proof.json with these lists."""
    return json.dumps({"missing_libraries": missing, "imports": imports}).encode()


def many_wheels(count: int, size: int) -> dict[str, bytes]:
    return dict(plain_wheel(f"package{number:03d}", "1.0", size) for number in range(count))


def older_and_newer(folder: Path) -> tuple[MadeBundle, MadeBundle]:
    """Two small bundles that share a wheel and most texts."""
    shared, gone = plain_wheel("shared", "1.0", 3000), plain_wheel("gone", "1.0", 2000)
    come = plain_wheel("come", "2.0", 5000)
    old = make_bundle(folder / "old", wheels=dict([shared, gone]))
    new = make_bundle(folder / "new", wheels=dict([shared, come]), identity=NEWER)
    return old, new


def large_bundle(folder: Path, megabytes: int, extra: bytes, key: SigningKey | None = None) -> Path:
    """A bundle whose one large wheel is all zeros, made without holding it; `extra` is a small second one."""
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(MEGABYTE)
    wheels = [
        _stored("extra", hashlib.sha256(extra).hexdigest(), len(extra)),
        _stored("large", digest.hexdigest(), megabytes << 20),
    ]
    small = {path: data for path, data in FILES.items() if not path.startswith("tools/")}
    files = [
        *(file_of_bytes(path, data) for path, data in small.items()),
        *(BundleFile(f"wheels/{w.locked.filename}", w.size, w.locked.sha256, None) for w in wheels),
    ]
    data = build_manifest(
        target=TARGET,
        implementation="cpython",
        installer="pip",
        uv=None,
        wheels=wheels,
        imports=[],
        allow=[],
        files=files,
    )
    streams = [
        (wheels[0].locked.filename, iter((extra,))),
        (wheels[1].locked.filename, (MEGABYTE for _ in range(megabytes))),
    ]
    seal = make_sealer([key or signing_key()], IDENTITY, PROFILE_SHA256)
    return write_bundle(folder, IDENTITY, data, files, streams, seal).path


def _stored(name: str, sha256: str, size: int) -> StoredWheel:
    filename = f"{name}-1.0-py3-none-any.whl"
    url = f"https://index.invalid/{filename}"
    return StoredWheel(LockedWheel(name, "1.0", filename, url, sha256, size, requested=True), size)
