"""What goes into a payload: files, their order, and the manifest about them. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from parity.errors import WriteFailed
from parity.model import (
    AskedFile,
    BundleFile,
    GemSet,
    ImportResult,
    LockedWheel,
    StoredWheel,
    SystemSet,
    Target,
)
from parity.model.network import clean_url
from parity.portable.bundle import manifest
from parity.portable.canonical import LONGEST_TEXT
from parity.portable.texts import printable

if TYPE_CHECKING:
    from parity.portable.documents.bundles import (
        AskedRow,
        FileRow,
        GemRow,
        GemsDocument,
        ImportRow,
        ManifestDocument,
        OriginRow,
        OtherFileRow,
        PackageRow,
        SystemDocument,
        SystemPackageRow,
        TargetDocument,
    )

WHEELS = "wheels/"
CHUNK = 1024 * 1024


def file_of_bytes(path: str, data: bytes) -> BundleFile:
    """A payload file that is at hand as bytes."""
    return BundleFile(path, len(data), hashlib.sha256(data).hexdigest(), lambda: iter((data,)))


def file_on_disk(path: str, source: Path, size: int, sha256: str) -> BundleFile:
    """A payload file whose bytes lie on this machine's disk, such as uv's wheel.

    Opening it raises WriteFailed where the source cannot be read.
    """
    return BundleFile(path, size, sha256, lambda: _chunks_of(source))


def wheel_files(wheels: Iterable[StoredWheel]) -> tuple[BundleFile, ...]:
    """The payload files of a wheel set; their bytes come out of the wheel stream."""
    return tuple(
        BundleFile(WHEELS + wheel.locked.filename, wheel.size, wheel.locked.sha256, None) for wheel in wheels
    )


def payload_order(files: Iterable[BundleFile]) -> tuple[BundleFile, ...]:
    """Files as they follow each other in a payload (the manifest itself comes before all of them)."""
    # Bytes, not a locale's order: every machine sorts alike, and the far side compares so.
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def build_manifest(
    *,
    target: Target,
    implementation: str,
    installer: str,
    uv: str | None,
    wheels: Sequence[StoredWheel],
    imports: Sequence[ImportResult],
    allow: Sequence[str],
    files: Sequence[BundleFile],
    asked: Sequence[AskedFile] = (),
    indexes: Mapping[str, str] = MappingProxyType({}),
    stand_in: tuple[str, str] | None = None,
    system: SystemSet | None = None,
    gems: GemSet | None = None,
) -> bytes:
    """The manifest: same input, same bytes; BundleDamaged for what no reader would accept.

    Args:
        target: whom the bundle is for.
        implementation: of Python, such as `cpython`.
        installer: what the far side installs with.
        uv: the payload path of the carried uv's wheel.
        wheels: the wheel set.
        imports: the proof's; of these the requested packages' successful ones are listed.
        allow: accepted findings, `KIND:PACKAGE`.
        files: every payload file but the manifest, wheels included, in any order.
        asked: those that say what was asked for.
        indexes: the addresses of the profile's indexes by name, empty for folders.
        stand_in: (image that the rehearsal ran in, image it stood for), None for the real one.
        system: the distribution's packages that are carried, None where there are none.
        gems: the Ruby gems that are carried, likewise.
    """
    document: ManifestDocument = {
        "format": manifest.FORMAT,
        "target": _target(target, implementation),
        "installer": installer,
        "uv": uv,
        "stand_in": None if stand_in is None else {"image": stand_in[0], "for": stand_in[1]},
        "packages": _packages(wheels, indexes),
        "allow": sorted(set(allow)),
        "system": _system(system) if system else None,
        "other_files": _other_files(files),
        "imports": _imports(imports),
        "asked": [_asked(each) for each in asked],
        "files": [_row(file) for file in payload_order(files)],
    }
    return manifest.encode({**document, "gems": _gems(gems)} if gems else document)


def _row(file: BundleFile) -> FileRow:
    return {"path": file.path, "size": file.size, "sha256": file.sha256}


def _other_files(files: Sequence[BundleFile]) -> list[OtherFileRow]:
    return [
        {"path": file.path, "executable": file.executable}
        for file in payload_order(files)
        if file.path.startswith(manifest.OTHER_FILES)
    ]


def _system(system: SystemSet) -> SystemDocument:
    rows: list[SystemPackageRow] = [
        {"name": p.name, "version": p.version, "arch": p.arch, "path": p.path, "requested": p.requested}
        for p in system.packages
    ]
    return {"manager": system.manager, "packages": rows}


def _gems(gems: GemSet) -> GemsDocument:
    rows: list[GemRow] = [
        {
            "name": gem.name,
            "version": gem.version,
            "platform": gem.platform,
            "path": gem.path,
            "requested": gem.requested,
            "features": list(gem.features),
        }
        for gem in gems.gems
    ]
    return {"ruby": gems.abi, "packages": rows}


def _target(target: Target, implementation: str) -> TargetDocument:
    return {
        "os": {"id": target.os_id, "version": target.os_version},
        "libc": {"family": target.libc.family, "version": list(target.libc.numbers)},
        "python": target.python,
        "arch": target.arch,
        "implementation": implementation,
    }


def _packages(wheels: Iterable[StoredWheel], indexes: Mapping[str, str]) -> list[PackageRow]:
    return [_package(wheel, indexes) for wheel in sorted(wheels, key=lambda one: one.locked.name)]


def _package(wheel: StoredWheel, indexes: Mapping[str, str]) -> PackageRow:
    return {
        "name": wheel.locked.name,
        "version": wheel.locked.version,
        "wheel": WHEELS + wheel.locked.filename,
        "sha256": wheel.locked.sha256,
        "size": wheel.size,
        "requested": wheel.locked.requested,
        "origin": _origin(wheel.locked, indexes),
    }


def _asked(asked: AskedFile) -> AskedRow:
    return {"path": asked.file.path, "kind": asked.kind, "name": asked.name, "changed": asked.changed}


def _origin(wheel: LockedWheel, indexes: Mapping[str, str]) -> OriginRow:
    """Where it came from: an index by name and address, or the address that was named itself."""
    built = wheel.origin
    if built is not None:
        index = wheel.index if built.kind == "sdist" else ""
        return {"kind": built.kind, "index": _short(index), "address": _short(built.address)}
    if wheel.index == "direct":
        return {"kind": "url", "index": "", "address": _short(clean_url(wheel.url))}
    if "://" in wheel.index:
        return {"kind": "index", "index": "", "address": _short(clean_url(wheel.index))}
    return {"kind": "index", "index": _short(wheel.index), "address": _short(indexes.get(wheel.index, ""))}


def _short(text: str) -> str:
    """As much of it as a manifest takes, in characters that it takes."""
    return printable(text)[:LONGEST_TEXT]


def _imports(results: Sequence[ImportResult]) -> list[ImportRow]:
    """The imports to repeat on the far side, sorted, each once."""
    # Only what was asked for by name: what came along is tried here, and may need what the target lacks.
    seen = {(result.package, result.module) for result in results if result.requested and not result.error}
    return [{"package": package, "module": module} for package, module in sorted(seen)]


def _chunks_of(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while data := file.read(CHUNK):
                yield data
    except OSError as error:
        raise WriteFailed(f"cannot read {source}: {error.strerror}", where=str(source)) from error
