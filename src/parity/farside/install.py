"""The far side's story: an unpacked bundle to a new release under a prefix, all or nothing.

Standard library only, Python 3.6 and later. Nothing here touches the network.
"""

import datetime as dt
import os
import platform
import shutil
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from . import facts as facts_of
from .children import Children
from .errors import InstallFailed
from .folder import BundleFolder, check_files, judge_wheels, open_folder
from .host import check_host
from .imports import try_imports
from .prefix import CURRENT, RELEASES, Prefix, check_prefix, open_prefix, remove
from .tools import Tool, choose_tool, describe, write_requirements

RECEIPT_FORMAT = "parity-receipt/1"
_ID_LENGTH = 12

Say = Callable[[str], None]


class Request(NamedTuple):
    """What is to be done: `folder` is the unpacked bundle, both paths are absolute."""

    folder: str
    prefix: str
    dry_run: bool = False
    imports: bool = True
    allow_other_os: bool = False


class _Plan(NamedTuple):
    """What was found to be right before anything is written."""

    bundle: BundleFolder
    facts: Dict[str, Any]
    warnings: List[str]
    overrides: List[str]
    unpacked: int

    @property
    def release_id(self) -> str:
        return self.bundle.identity[:_ID_LENGTH]


def install(request: Request, say: Say) -> Dict[str, Any]:
    """Install an unpacked bundle as a release under the prefix and make it the current one.

    Args:
        request: what to do.
        say: hears one line for each step.

    Returns:
        {"ok": true, "dry_run": bool, "prefix", "release": id, "path", "current": path,
         "packages": count, "installer": {"tool", "version"}, "already_installed": bool,
         "switched": bool, "previous": id or None, "imports": {"tried": count},
         "overrides": [...], "warnings": [...], "host": {...}, "seconds": float}

    Raises:
        FarsideError: nothing was changed: the prefix is as it was.
    """
    begin = time.monotonic()
    try:
        plan = _plan(request, say)
        result = _outline(request, plan)
        if request.dry_run:
            say(f"would install into {result['path']}; nothing was written")
        else:
            result.update(_carry_out(request, plan, say))
    except OSError as error:
        raise InstallFailed(f"{error.filename or request.prefix}: {error.strerror or error}") from error
    result["seconds"] = round(time.monotonic() - begin, 3)
    return result


def _outline(request: Request, plan: _Plan) -> Dict[str, Any]:
    return {
        "ok": True,
        "dry_run": request.dry_run,
        "prefix": request.prefix,
        "release": plan.release_id,
        "path": os.path.join(request.prefix, RELEASES, plan.release_id),
        "current": os.path.join(request.prefix, CURRENT),
        "packages": len(plan.bundle.manifest.document["packages"]),
        "overrides": plan.overrides,
        "warnings": plan.warnings,
        "host": host_summary(plan.facts),
    }


def _plan(request: Request, say: Say) -> _Plan:
    bundle = open_folder(request.folder)
    document = bundle.manifest.document
    say(f"bundle: {len(document['packages'])} packages for {describe_target(document['target'])}")
    check_prefix(request.prefix)
    facts = facts_of.measure(tools=document["installer"] == "pip")
    accepted = check_host(document, facts, request.allow_other_os)
    check_files(bundle, request.prefix)
    verdicts, unpacked = judge_wheels(bundle)
    say("files and wheels: as the manifest says")
    overrides = [f"allow-other-os: {each}" for each in accepted]
    overrides += [] if request.imports else ["no-imports"]
    warnings = [f"{one.wheel}: {one.message} [{one.kind}]" for one in verdicts]
    for line in warnings + accepted:
        say(f"warning: {line}")
    return _Plan(bundle, facts, warnings, overrides, unpacked)


def _carry_out(request: Request, plan: _Plan, say: Say) -> Dict[str, Any]:
    with open_prefix(request.prefix) as prefix:
        children = Children(prefix.work, prefix.lock)
        environment, previous = prefix.release(plan.release_id), prefix.current()
        receipt = prefix.read_receipt(plan.release_id)
        fresh = receipt is None
        try:
            tool = _build(plan, prefix, environment, children, say) if fresh else None
            imports = _check_imports(request, plan, environment, children, say)
            if receipt is None:
                receipt = _receipt(request, plan, tool, imports)
                prefix.write_receipt(plan.release_id, receipt)
        except BaseException:
            if fresh:
                remove(environment)
            raise
        if previous != plan.release_id:
            prefix.switch(plan.release_id)
    say(f"done: {os.path.join(request.prefix, CURRENT)} is release {plan.release_id}")
    return {
        "installer": receipt["installer"],
        "already_installed": not fresh,
        "switched": previous != plan.release_id,
        "previous": previous,
        "imports": imports,
    }


def _build(plan: _Plan, prefix: Prefix, environment: str, children: Children, say: Say) -> Tool:
    _demand_space(plan, prefix.path)
    tool = choose_tool(plan.bundle, children, prefix.work)
    say(f"installing with {tool.name} {tool.version} into {environment}")
    tool.create(environment)
    requirements = write_requirements(plan.bundle, prefix.work)
    tool.install(environment, os.path.join(plan.bundle.path, "wheels"), requirements)
    tool.check(environment)
    return tool


def _demand_space(plan: _Plan, path: str) -> None:
    free = shutil.disk_usage(path).free
    if free < plan.unpacked:
        needed, there = plan.unpacked >> 20, free >> 20
        raise InstallFailed(f"{path} has {there} MiB free, {needed} MiB are needed", "free some space there")


def _check_imports(
    request: Request, plan: _Plan, environment: str, children: Children, say: Say
) -> Dict[str, int]:
    wanted = plan.bundle.manifest.document["imports"] if request.imports else []
    failed = try_imports(children, environment, wanted)
    if failed:
        lines = [f"{each.module} (of {each.package}): {each.error}" for each in failed]
        raise InstallFailed(
            "imports that worked when the bundle was made fail on this host:\n" + "\n".join(lines),
            "install what is named above; --no-imports installs all the same, and the receipt says so",
        )
    if wanted:
        say(f"imports: all {len(wanted)} work")
    return {"tried": len(wanted)}


def _receipt(request: Request, plan: _Plan, tool: Optional[Tool], imports: Dict[str, int]) -> Dict[str, Any]:
    """What the auditors read: what was installed, when, where, by what, and what was overridden."""
    document, statement = plan.bundle.manifest.document, plan.bundle.statement
    said = None
    if statement:
        said = {"product": statement.product, "version": statement.version, "serial": statement.serial}
    packages = [{key: each[key] for key in ("name", "version", "sha256")} for each in document["packages"]]
    return {
        "format": RECEIPT_FORMAT,
        "release": plan.release_id,
        "payload_sha256": statement.payload.sha256 if statement else None,
        "manifest_sha256": plan.bundle.manifest_sha256,
        "bundle": said,
        "signature": "not checked by this installer",
        "installed_at": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "prefix": request.prefix,
        "uid": os.getuid(),
        "installer": describe(tool),
        "target": document["target"],
        "host": host_summary(plan.facts),
        "packages": packages,
        "imports": imports,
        "overrides": plan.overrides,
        "warnings": plan.warnings,
    }


def host_summary(facts: Dict[str, Any]) -> Dict[str, Any]:
    """The facts without the long lists."""
    keys = ("os", "libc", "python", "executable", "implementation", "arch")
    return {"name": platform.node(), **{key: facts[key] for key in keys}}


def describe_target(target: Dict[str, Any]) -> str:
    """A target in a few words: `debian 11, glibc 2.31, Python 3.9, x86_64`."""
    libc = target["libc"]["family"] + " " + ".".join(str(number) for number in target["libc"]["version"])
    return "{} {}, {}, Python {}, {}".format(
        target["os"]["id"], target["os"]["version"], libc, target["python"], target["arch"]
    )
