"""A plan, and what changes in a lock, for machines. Pure."""

from __future__ import annotations

from dataclasses import asdict

from parity.model import LockedWheel
from parity.planning.changes import LockChanges
from parity.planning.plan import BuildPlan, PlannedWheel


def plan_document(plan: BuildPlan) -> dict[str, object]:
    """A plan as JSON values, in the format `parity-plan/1`; sizes in bytes, null where nobody tells them."""
    facts, image = plan.facts, plan.image
    return {
        "format": "parity-plan/1",
        "profile": plan.profile,
        "product": plan.product,
        "lock": plan.lock_path,
        "would_change": plan.changes.is_rewritten,
        "would_stop": plan.stops,
        "image": {"name": image.name, "pin": image.pin, "stand_in_for": image.stand_in_for},
        "machine": {
            "os": facts.os_name, "libc": str(facts.libc), "python": facts.python, "arch": facts.arch,
        },
        "fetch": {
            "wheels": len(plan.fetched),
            "bytes": sum(one.size or 0 for one in plan.fetched),
            "unknown_sizes": sum(one.size is None for one in plan.fetched),
            "in_store": len(plan.wheels) - len(plan.fetched),
            "in_store_bytes": sum(one.size or 0 for one in plan.wheels if one.held),
        },
        "changes": changes_document(plan.changes),
        "packages": [_wheel(one) for one in plan.wheels],
        "look_at": [asdict(one) for one in plan.concerns],
    }  # fmt: skip


def changes_document(changes: LockChanges) -> dict[str, object]:
    """What changes in a lock; `kind` is as in `parity diff`."""
    return {
        "new_lock": changes.is_new,
        "added": [_named(one) for one in changes.added],
        "removed": [_named(one) for one in changes.removed],
        "changed": [
            {"name": each.new.name, "old": each.old.version, "new": each.new.version, "kind": each.kind}
            for each in changes.changed
        ],
        "requested": list(changes.requested),
        "unchanged": changes.unchanged,
    }


def _named(wheel: LockedWheel) -> dict[str, object]:
    return {"name": wheel.name, "version": wheel.version}


def _wheel(one: PlannedWheel) -> dict[str, object]:
    wheel = one.wheel
    return {
        **_named(wheel),
        "requested": wheel.requested,
        "wheel": wheel.filename,
        "sha256": wheel.sha256,
        "size": one.size,
        "tag": one.tag,
        "index": wheel.index,
        "in_store": one.held,
        "built_from": wheel.origin.document() if wheel.origin else None,
    }
