"""Bundles before they are signed, every part of them at the test's mercy; `hostile_manifests` has lies."""

from __future__ import annotations

import copy
import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.bundles import RepeatableKey
from tests.support.signed import ALPHA, alpha, quick_uv
from tests.support.unpacked import unpacked

from parity.model import BundleIdentity
from parity.portable.bundle import manifest, ustar
from parity.portable.bundle.envelope import Envelope, Payload, encode_head
from parity.sign import make_sealer
from parity.sign.seal import sign_statement

IDENTITY = BundleIdentity("demo", "7.0", 7, "here")
CANARY = "parity-canary"


@dataclass
class Draft:
    """A bundle before it is signed: what the manifest says, the files, and what replaces whole parts.

    Attributes:
        document: the manifest's.
        files: path → bytes, written in the order of the manifest's list.
        text: the manifest's bytes, where they are not the document's.
        statement: changes the statement's document before it is signed.
    """

    document: dict[str, Any]
    files: dict[str, bytes]
    text: Callable[[bytes], bytes] = lambda data: data
    statement: Callable[[dict[str, Any]], object] = lambda document: None
    headers: dict[str, Callable[[tarfile.TarInfo], object]] = field(default_factory=dict)

    def add(self, path: str, data: bytes = b"x") -> None:
        """A file that the manifest lists where its path belongs."""
        self.files[path] = data
        self.document["files"].append(listed(path, data))
        self.document["files"].sort(key=lambda entry: str(entry["path"]))

    def replace(self, path: str, data: bytes) -> None:
        """Other bytes for a file, everywhere."""
        self.files[path] = data
        for entry in (*self.document["files"], *self.document["packages"]):
            if path in (entry.get("path"), entry.get("wheel")):
                entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())

    def bundle(self) -> bytes:
        """The signed bundle's bytes."""
        head = self.text(canonical(self.document) + b"\n")
        body = b"".join(self._member(entry) for entry in _objects(self.document.get("files")))
        payload = (
            ustar.header(manifest.TOP + manifest.NAME, len(head))
            + head
            + ustar.padding(len(head))
            + body
            + ustar.END
        )
        sums = [hashlib.sha256(part).hexdigest() for part in (payload, head)]
        sealed = make_sealer([RepeatableKey()], IDENTITY, "0" * 64)(
            Payload(len(payload), sums[0], len(head), sums[1])
        )
        return encode_head(self._sealed(sealed)) + payload

    def _sealed(self, sealed: Envelope) -> Envelope:
        document = json.loads(sealed.payload)
        told = self.statement(document)
        words = told if isinstance(told, bytes) else canonical(document)
        return sealed if words == sealed.payload else sign_statement([RepeatableKey()], words)

    def _member(self, entry: dict[str, Any]) -> bytes:
        path: Any = entry.get("path")
        data = self.files.get(str(path), b"")
        if str(path) in self.headers or not (isinstance(path, str) and ustar.is_safe_path(path)):
            info = tarfile.TarInfo(str(path)[:90].encode(errors="replace").decode())
            info.size = len(data)
            if str(path) in self.headers:
                self.headers[str(path)](info)
            header = info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "replace")
        else:
            header = ustar.header(path, len(data))
        return header + data + ustar.padding(len(data))


class HostileManifest(NamedTuple):
    """One lie. `harmless`: it may be accepted, so long as nothing is written outside the prefix."""

    kind: str
    what: str
    change: Callable[[Draft], object]
    harmless: bool = False


def draft(folder: Path) -> Draft:
    """The honest bundle that all start from; it installs on this machine."""
    made = unpacked(
        folder / "honest", alpha(folder / "wheels", "7.0"), uv=quick_uv(folder / "uv"), imports=ALPHA
    )
    files = {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    return Draft(json.loads(files.pop(manifest.NAME)), files)


def forge(honest: Draft, lie: HostileManifest) -> bytes:
    """The hostile bundle's bytes."""
    made = copy.deepcopy(honest)
    lie.change(made)
    return made.bundle()


def listed(path: object, data: bytes) -> dict[str, Any]:
    """A file as the manifest lists it."""
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _objects(values: object) -> Iterator[dict[str, Any]]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield value


def canonical(document: object) -> bytes:
    """Bytes as the writer would spell them, whatever the document holds."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )
