"""Proofs in signed bundles that are no proofs, or say what no proof says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.attack.inputs.drafts import Draft, HostileManifest

HONEST: dict[str, Any] = {
    "format": "parity-proof/1",
    "image": {"id": "sha256:1", "digests": [], "name": "x", "platform": "linux/amd64", "stand_in_for": None},
    "machine": {"os": "Debian 11", "libc": "glibc 2.31", "python": "3.9.2", "arch": "x86_64"},
    "isolation": {"network": "none"},
    "installer": {"tool": "uv", "version": "0.13.8"},
    "installed": [{"name": "alpha", "version": "7.0"}],
    "consistent": True,
    "imports_tried": "all",
    "imports": [{"package": "alpha", "module": "alpha", "requested": True, "error": "", "library": ""}],
    "missing_libraries": [],
    "missing_versions": [],
    "tag_lies": [],
    "glibc_needed": None,
    "commands": [],
}
_RAW = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "digits": b"9" * 100_000,
    "zeros": bytes(9999),
    "NaN": b'{"imports": NaN}',
}
_VALUES: tuple[Any, ...] = (None, 7, "\x1b[2Jverified", [7], {"a": []}, [{}], True)


def hostile_proofs() -> Iterator[HostileManifest]:
    """Files that are no proofs, then each field of a proof with what it never holds, then without it."""
    for what, data in _RAW.items():
        yield HostileManifest("proof", what, partial(_with_proof, data), True)
    for key in HONEST:
        for number, value in enumerate(_VALUES):
            data = json.dumps({**HONEST, key: value}).encode()
            yield HostileManifest("proof", f"{key}, {number}", partial(_with_proof, data), True)
        data = json.dumps({name: value for name, value in HONEST.items() if name != key}).encode()
        yield HostileManifest("proof", f"no {key}", partial(_with_proof, data), True)
    shouting = json.loads(
        json.dumps(HONEST).replace("alpha", "\\u001b[2J\\u009b").replace("Debian", "\\u202e")
    )
    yield HostileManifest("proof", "escapes", partial(_with_proof, json.dumps(shouting).encode()), True)


def _with_proof(data: bytes, draft: Draft) -> None:
    draft.add("proof.json", data)
