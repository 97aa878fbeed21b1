"""A comparison for machines. Pure."""

from __future__ import annotations

from dataclasses import asdict

from parity.update.contents import BundlePackage, Contents
from parity.update.diff import Change, Difference, Turn
from parity.update.review import remarks


def document_of(found: Difference) -> dict[str, object]:
    """Everything that differs, as JSON values in the format `parity-diff/1`; sizes in bytes."""
    return {
        "format": "parity-diff/1",
        "verified": bool(found.old.signers and found.new.signers),
        "old": _side(found.old),
        "new": _side(found.new),
        "look_at": [asdict(remark) for remark in remarks(found)],
        "packages": {
            "added": [_package(one) for one in found.added],
            "removed": [_package(one) for one in found.removed],
            "changed": [_change(one) for one in found.changed],
            "unchanged": found.unchanged,
        },
        "requested": [_turn(one) for one in found.requested],
        "native_code": {"new": _files(found.natives_new), "gone": _files(found.natives_gone)},
        "missing_libraries": {
            "new": _rows(found.missing_new, ("package", "file", "library")),
            "gone": _rows(found.missing_gone, ("package", "file", "library")),
        },
        "import_failures": {
            "new": _rows(found.failures_new, ("package", "module", "error")),
            "gone": _rows(found.failures_gone, ("package", "module", "error")),
        },
        "imports_gone": _rows(found.imports_gone, ("package", "module")),
        "settings": [_turn(one) for one in found.settings],
        "allow": {"new": list(found.allowed), "gone": list(found.disallowed)},
        "installer_code": list(found.installer_code),
        "other_files": [asdict(change) for change in found.other_files],
        "system_packages": [_turn(one) for one in found.system],
        "gems": [_turn(one) for one in found.gems],
        "lacking_bytes": found.lacking,
    }


def _side(side: Contents) -> dict[str, object]:
    return {
        "file": side.file,
        **side.identity._asdict(),
        "signed_by": list(side.keys),
        "signers": list(side.signers),
        "packages": len(side.packages),
        "wheels_size": sum(package.size for package in side.packages.values()),
    }


def _package(package: BundlePackage) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "wheel": package.wheel,
        "sha256": package.sha256,
        "size": package.size,
        "requested": package.requested,
        "licence": package.facts.licence or None,
        "native_code": list(package.facts.natives),
        "fault": package.facts.fault or None,
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "name": change.new.name,
        "kind": change.kind,
        "licence_changed": change.licence_changed,
        "old": _package(change.old),
        "new": _package(change.new),
    }


def _turn(turn: Turn) -> dict[str, str]:
    return {"what": turn.what, "old": turn.old, "new": turn.new}


def _files(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return _rows(pairs, ("package", "file"))


def _rows(rows: tuple[tuple[str, ...], ...], fields: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(fields, row, strict=True)) for row in rows]
