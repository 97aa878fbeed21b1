"""Pairs of bundles, an older and a newer one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from tests.support.bundles import IDENTITY, MadeBundle, make_bundle
from tests.support.wheels import WheelParts

from parity.sign import SigningKey

NEWER = replace(IDENTITY, version="1.1", serial=8)


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


def older_and_newer(folder: Path, key: SigningKey | None = None) -> tuple[MadeBundle, MadeBundle]:
    """Two small bundles that share a wheel and most texts."""
    shared, gone = plain_wheel("shared", "1.0", 3000), plain_wheel("gone", "1.0", 2000)
    come = plain_wheel("come", "2.0", 5000)
    old = make_bundle(folder / "old", wheels=dict([shared, gone]), key=key)
    new = make_bundle(folder / "new", wheels=dict([shared, come]), key=key, identity=NEWER)
    return old, new
