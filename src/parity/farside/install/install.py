"""The far side's story: a bundle to a new release under a prefix, or into an environment, all or nothing.

Standard library only, Python 3.6 and later. Nothing here touches the network.
"""

import os
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator, List, Optional

from ...portable.bundle.folder import judge_wheels
from ...portable.bundle.source import Source, demand_space, open_source
from ...portable.errors import InstallFailed
from ...portable.machine.subprocesses import Children
from ...portable.ruby import gems
from ...portable.system import system
from . import changes, receipt
from .existing import Existing, check_environment, open_environment
from .installers import Workplace, choose_tool
from .new_release import NewRelease
from .other_files import demand_room, describe, other_files, space
from .plan import Laid, Plan, Request, Say, follow, judge_laid, lay_out, make_plan
from .prefix import CURRENT, RELEASES, Prefix, check_place, check_prefix, open_prefix, remove
from .receiptfile import RECEIPT, has_receipt
from .releases import prune
from .state import State, of_environment, of_prefix
from .steps import compile_all, demand_imports, fill

if TYPE_CHECKING:
    from ...portable.documents.installations import (
        ChangesDocument,
        ImportsRecord,
        InstallDocument,
        ReceiptDocument,
    )

__all__ = ["Request", "install"]


def install(request: Request, say: Say) -> "InstallDocument":
    """Install a bundle as a release under a prefix and make it the current one; or into an environment.

    Args:
        request: what to do.
        say: hears one line for each step.

    Returns:
        {"ok": true, "dry_run": bool, "prefix" (or "into"), "release": id, "path", "current": path,
         "bundle": {"product", "version", "serial", "profile", "profile_sha256"} or None,
         "signers": [fingerprint], "packages": count, "files": [path below the environment],
         "system": see `system.record`, "changes": {"added", "removed", "changed"},
         "installer": {"tool", "version", "checked_with"}, "already_installed": bool, "switched": bool,
         "previous": id or None, "imports": {"tried": count}, "pruned": [id],
         "overrides": [...], "warnings": [...], "host": {...}, "seconds": float};
         "installer" to "pruned" are missing in a dry run.

    Raises:
        FarsideError: nothing was changed: prefix and environment are as they were.
    """
    begin = time.monotonic()
    place = request.into or request.prefix
    try:
        warnings = _look_at(request)
        with open_source(request.bundle, request.check) as source:
            plan = make_plan(request, source.head, say)
            plan = plan._replace(warnings=[*warnings, *plan.warnings])
            result = _outline(plan)
            if request.dry_run:
                result.update(_try_out(plan, source, say))
            else:
                result.update(_into(plan, source, say) if request.into else _under(plan, source, say))
    except OSError as error:
        raise InstallFailed(f"{error.filename or place}: {error.strerror or error}") from error
    result["seconds"] = round(time.monotonic() - begin, 3)
    return result


def _look_at(request: Request) -> List[str]:
    """Refuse a place that will not do, before anything is read; gives warnings."""
    if request.into:
        return check_environment(request.into)
    check_prefix(request.prefix)
    return check_place(request.prefix)


def _outline(plan: Plan) -> "InstallDocument":
    request, release = plan.request, plan.release_id
    place: "InstallDocument"
    if request.into:
        place = {"into": request.into, "path": request.into, "current": request.into}
    else:
        path = os.path.join(request.prefix, RELEASES, release)
        place = {"prefix": request.prefix, "path": path, "current": os.path.join(request.prefix, CURRENT)}
    return {
        "ok": True,
        "dry_run": request.dry_run,
        **place,
        "release": release,
        "bundle": receipt.signed_words(plan.head),
        "signers": list(plan.head.signers),
        "packages": len(plan.packages),
        "files": [row["path"] for row in other_files(plan.head.manifest)],
        "system": system.record(plan.system, request.with_system and not request.dry_run),
        "host": receipt.host_summary(plan.facts),
    }


def _compare(plan: Plan, state: State) -> "ChangesDocument":
    """What changes: in an existing environment, packages that the bundle does not know stay."""
    wanted = changes.by_name(plan.packages)
    after = {**state.packages, **wanted} if plan.request.into else wanted
    return changes.compare(state.packages, after)


# --- nothing but words --------------------------------------------------------------------------------


def _try_out(plan: Plan, source: Source, say: Say) -> "InstallDocument":
    """Check everything; a bundle's file is unpacked into a temporary folder for that."""
    request = plan.request
    state = of_environment(request.into) if request.into else of_prefix(request.prefix)
    plan = follow(plan, state, say)
    with _scratch(source) as work:
        laid = lay_out(plan, source, work, say)
        judge_laid(laid)
    found = _compare(plan, state)
    there = request.into or os.path.join(request.prefix, RELEASES, plan.release_id)
    if plan.system and plan.system.missing and request.with_system:
        say("would install system packages: " + system.describe(plan.system.missing))
    say(f"would install into {there}:")
    same = len(plan.packages) - len(found["added"]) - len(found["changed"])
    rows = other_files(plan.head.manifest)
    for line in [*changes.describe(found, same), *describe(rows)]:
        say(line)
    if request.into:
        demand_room(request.into, rows)
    say("nothing was written")
    return {"changes": found, "overrides": plan.overrides, "warnings": laid.warnings}


@contextmanager
def _scratch(source: Source) -> Iterator[str]:
    """A temporary folder; none where the bundle lies unpacked already."""
    if source.head.path:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="parity-") as work:
        yield work


# --- system packages, before everything else -----------------------------------------------------------


def _bring_system(laid: Laid) -> None:
    """Install them; the wheels were judged before."""
    plan = laid.plan
    if plan.system and plan.request.with_system:
        system.install(plan.system, laid.bundle, laid.work, laid.say)


def _found(laid: Laid, found: "ChangesDocument", previous: Optional[str]) -> receipt.Found:
    plan = laid.plan
    told = system.record(plan.system, plan.request.with_system)
    return receipt.Found(plan.facts, plan.overrides, laid.warnings, found, previous, told)


def _demand_imports(laid: Laid, children: Children, environment: str) -> "ImportsRecord":
    plan = laid.plan
    wanted = plan.head.manifest.document["imports"] if plan.request.imports else []
    sizes = {each["name"]: each["size"] for each in plan.packages}
    carried = plan.head.manifest.document.get("gems")
    with system.explained(plan.system, plan.request.with_system, plan.request.bundle):
        if plan.ruby and carried and plan.request.imports:
            gems.try_features(plan.ruby, carried["packages"], environment, children, laid.say)
        return demand_imports(children, environment, wanted, sizes, laid.say)


# --- a release under a prefix -------------------------------------------------------------------------


def _under(plan: Plan, source: Source, say: Say) -> "InstallDocument":
    with open_prefix(plan.request.prefix) as prefix:
        state = of_prefix(prefix.path)
        plan = follow(plan, state, say)
        laid = lay_out(plan, source, prefix.work, say)
        if plan.system and plan.request.with_system:
            judge_wheels(laid.bundle)  # before; what is odd about them is told when they are installed
        _bring_system(laid)
        previous, known = prefix.current(), prefix.read_receipt(plan.release_id)
        found = _found(laid, _compare(plan, state), previous)
        # A release that was complete before is in use, perhaps: if this run fails, it stays.
        untouched = has_receipt(prefix.release(plan.release_id))
        try:
            told = _complete(laid, prefix, found)
        except BaseException:
            if not untouched:
                remove(prefix.release(plan.release_id))
            raise
        switched = previous != plan.release_id
        # The record first, then the link: a kill between them forgets no serial (see `journal`).
        if switched or known is None or not state.covers(plan.head.statement):
            prefix.note(receipt.act(laid.bundle, found))
        if switched:
            prefix.switch(plan.release_id)
        say(f"done: {os.path.join(prefix.path, CURRENT)} is release {plan.release_id}")
        _tell_gems(plan, os.path.join(prefix.path, CURRENT), say)
        keep = plan.request.keep
        # At the end: no release is given up before the new one works and is current.
        pruned = prune(prefix, keep, previous, say) if keep is not None else []
    return {
        **_told(found, told),
        "already_installed": known is not None,
        "switched": switched,
        "previous": previous,
        "pruned": pruned,
    }


def _tell_gems(plan: Plan, environment: str, say: Say) -> None:
    if plan.ruby:
        say(f"gems: use them with {gems.words(environment)}")


def _told(found: receipt.Found, told: "ReceiptDocument") -> "InstallDocument":
    return {
        "overrides": found.overrides,
        "warnings": found.warnings,
        "changes": found.changes,
        "installer": told["installer"],
        "imports": told["imports"],
    }


def _complete(laid: Laid, prefix: Prefix, found: receipt.Found) -> "ReceiptDocument":
    """See to it that the release is there and works; gives its receipt."""
    plan, children = laid.plan, Children(prefix.work, prefix.lock)
    environment = prefix.release(plan.release_id)
    told = prefix.read_receipt(plan.release_id)
    if told is None and has_receipt(environment):
        remedy = f"look at it, remove {environment}, then repeat"
        raise InstallFailed(f"{os.path.join(environment, RECEIPT)} is no receipt", remedy)
    # The release is there: its imports are tried again, since the host may have changed since.
    if told:
        installer, imports = told["installer"], _demand_imports(laid, children, environment)
    else:
        new = NewRelease(laid, environment, children)
        installer = new.make()
        with new.fitting_together():
            imports = _demand_imports(laid, children, environment)
    if plan.request.compile_all:
        compile_all(children, environment, laid.say)
    if told is None:
        told = receipt.make(laid.bundle, plan.request.prefix, found, installer, imports)
        prefix.write_receipt(plan.release_id, told)
    return {**told, "imports": imports}


# --- into an existing environment ---------------------------------------------------------------------


def _into(plan: Plan, source: Source, say: Say) -> "InstallDocument":
    with open_environment(plan.request.into) as existing:
        state = of_environment(existing.path)
        plan = follow(plan, state, say)
        laid = lay_out(plan, source, existing.work, say)
        size = judge_laid(laid).size + space(laid.bundle, existing.work)
        _bring_system(laid)
        previous = state.receipt.get("release") if state.receipt else None
        found = _found(laid, _compare(plan, state), previous)
        # Old and new are there at once.
        demand_space(existing.parent, size + existing.size())
        told = _renew(laid, existing, found)
        existing.swap()
        say(f"done: {existing.path} holds the bundle's packages")
        _tell_gems(plan, existing.path, say)
    return {
        **_told(found, told),
        "already_installed": False,
        "switched": True,
        "previous": previous,
        "pruned": [],
    }


def _renew(laid: Laid, existing: Existing, found: receipt.Found) -> "ReceiptDocument":
    """Install into a copy of the environment, which is to take its place; gives its receipt."""
    plan, say, children = laid.plan, laid.say, Children(existing.work, existing.lock)
    tool = choose_tool(Workplace(laid.bundle, children, existing.work, plan.python))
    say(f"installing with {tool.name} {tool.version} into a copy of {existing.path}")
    existing.copy()
    # Asked before: what did not fit together already is not this bundle's fault, and must not block it.
    sound = tool.ask(existing.new).exit_code == 0
    installer = fill(tool, existing.new, laid, children, again=True)
    installer["checked_with"] = tool.check(existing.new) if sound else ""
    if not sound:
        found.warnings.append("its packages did not fit together before; whether they do now was not asked")
        say(f"warning: {found.warnings[-1]}")
    with children.dropping_cache():  # nothing is installed after this
        imports = _demand_imports(laid, children, existing.new)
    existing.settle()
    if plan.request.compile_all:
        compile_all(children, existing.new, say)
    told = receipt.make(laid.bundle, existing.path, found, installer, imports)
    existing.write(told, receipt.act(laid.bundle, found))
    return told
