"""How a plan, and what changed in a lock, read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from parity.cli.review import sections
from parity.cli.review.sections import Section
from parity.cli.shared.display import size
from parity.cli.shared.places import near
from parity.gems import GEM_LOCK
from parity.model import LockedWheel
from parity.pipeline.lock import LockReport
from parity.planning import BuildPlan, LockChanges, PlannedWheel, changes_document
from parity.portable.texts import counted

_UNKNOWN = "unknown"


def plan_as_text(plan: BuildPlan) -> str:
    """Plain lines for a terminal, columns aligned."""
    return sections.as_text(_title(plan), _facts(plan), _sections(plan))


def plan_as_markdown(plan: BuildPlan) -> str:
    """Markdown for a merge request."""
    return sections.as_markdown(_title(plan), _facts(plan), _sections(plan))


def lock_as_text(name: str, report: LockReport) -> str:
    """What was done to a lock, for people."""
    changes = report.changes
    lines = [f"{name}: {told_changes(changes)}"]
    # All of a new lock is added: the list would be the lock once more.
    if not changes.is_new:
        lines += sections.aligned(change_rows(changes), "  ")
    lines.append(f"  lock  {near(report.request.lock_path)}")
    if report.gems is not None:
        path = near(GEM_LOCK.path(report.request.lock_path))
        lines.append(f"  gems  {path}, {counted(len(report.gems.gems), 'gem')}")
    return "\n".join(lines) + "\n"


def lock_document(name: str, report: LockReport) -> dict[str, object]:
    """The same for machines, in the format `parity-lock/1`."""
    return {
        "format": "parity-lock/1",
        "profile": name,
        "ok": True,
        "lock": str(report.request.lock_path),
        "changed": report.changes.is_rewritten,
        "changes": changes_document(report.changes),
        "packages": [
            {"name": one.name, "version": one.version, "requested": one.requested}
            for one in report.lock.wheels
        ],
        "gems": [
            {"name": one.name, "version": one.version, "requested": one.requested}
            for one in (report.gems.gems if report.gems else ())
        ],
        "notes": [*report.lock.held_back, *report.lock.notes],
    }


def told_changes(changes: LockChanges) -> str:
    """`2 added, 1 removed, 1 changed, 14 the same`, or that nothing is."""
    counts = {"added": changes.added, "removed": changes.removed, "changed": changes.changed}
    words = [f"{len(rows)} {word}" for word, rows in counts.items() if rows]
    if changes.is_new:
        return f"a new lock of {counted(len(changes.added), 'package')}"
    if not words:
        return "the lock is up to date" if not changes.is_rewritten else "the same packages, asked for anew"
    return ", ".join([*words, f"{changes.unchanged} the same"])


def change_rows(changes: LockChanges) -> tuple[tuple[str, ...], ...]:
    """A row for each package that changes: mark, name, version."""
    rows = [("+", one.name, one.version) for one in changes.added]
    rows += [("-", one.name, one.version) for one in changes.removed]
    for each in changes.changed:
        mark, version = sections.version_change(each.old.version, each.new.version, each.kind)
        rows.append((mark, each.new.name, version))
    return tuple(sorted(rows, key=lambda row: row[1]))


def _title(plan: BuildPlan) -> str:
    stops = ", and a build would stop" if plan.stops else ""
    return f"{plan.product} for {plan.profile}: {told_changes(plan.changes)}{stops}"


def _facts(plan: BuildPlan) -> list[tuple[str, str]]:
    facts = plan.facts
    machine = f"{facts.os_name}, {facts.libc}, Python {facts.python}, {facts.arch}"
    rows = [
        ("lock", near(Path(plan.lock_path))),
        ("resolved", f"{counted(len(plan.wheels), 'package')} in {machine}"),
        ("fetch", _fetch(plan)),
    ]
    if plan.built:
        rows.append(("build", f"{counted(len(plan.built), 'package')} from source"))
    if plan.image.stand_in_for:
        rows.append(("stand-in", f"{plan.image.name} stands in for {plan.image.stand_in_for}"))
    return rows


def _fetch(plan: BuildPlan) -> str:
    held = len(plan.wheels) - len(plan.fetched)
    there = f"{held} of {len(plan.wheels)} are in the store" if held else "none is in the store"
    if not plan.fetched:
        return "nothing: the store has all of it"
    unknown = sum(one.size is None for one in plan.fetched)
    # A size that nobody tells is no zero, so it is counted beside the sum.
    total = size(sum(one.size or 0 for one in plan.fetched))
    amount = "of unknown size" if unknown == len(plan.fetched) else total
    more = f" and {unknown} of unknown size" if 0 < unknown < len(plan.fetched) else ""
    return f"{counted(len(plan.fetched), 'wheel')}, {amount}{more}; {there}"


def _sections(plan: BuildPlan) -> Iterator[Section]:
    noted = [(_kind(one.kind, stops=one.stops), one.subject, one.message) for one in plan.concerns]
    yield sections.look_at(noted)
    if rows := change_rows(plan.changes):
        yield Section("Changes", ("", "package", "version"), rows)
    rows = tuple(map(_package, plan.wheels))
    columns = ("", "package", "version", "size", "fits by", "comes from")
    yield Section(f"Packages ({len(rows)})", columns, rows)


def _kind(kind: str, *, stops: bool) -> str:
    return f"{kind} (stops the build)" if stops else kind


def _package(one: PlannedWheel) -> tuple[str, ...]:
    wheel = one.wheel
    amount = _UNKNOWN if one.size is None else size(one.size)
    return "*" if wheel.requested else "", wheel.name, wheel.version, amount, one.tag, _place(wheel, one)


def _place(wheel: LockedWheel, one: PlannedWheel) -> str:
    if wheel.origin is not None:
        commit = f" at {wheel.origin.commit[:12]}" if wheel.origin.commit else ""
        return f"built from {wheel.origin.kind} {wheel.origin.address}{commit}"
    if one.held:
        return "the store"
    return wheel.index if wheel.index != "default" else "the default index"
