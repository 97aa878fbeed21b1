"""What the rehearsal saw, judged: a proof, or the reasons why there is none. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from parity.errors import RehearsalFailed, RehearsalTimeout
from parity.model import Facts, ImportResult, PinnedImage, Proof, RehearsalPlan
from parity.rehearse import native
from parity.rehearse.native import NativeRules, TooNew
from parity.wire.rehearsing import CommandSeen, ImportSeen, InstallSeen, LibraryMissing, ProjectSeen, Seen

_SEED = frozenset(("pip", "setuptools", "wheel", "pkg-resources", "distribute"))
"""What `python -m venv` may bring (ensurepip, and Debian's)."""
_TOOLS = frozenset(("uv",))
_OWN_FOLDER = re.compile(r"(?:/carry)?/work/[^\s'\":]*site-packages/")


def judge(
    result: Seen,
    image: PinnedImage,
    facts: Facts,
    plan: RehearsalPlan,
    rules: NativeRules,
) -> Proof:
    """Turn what `parity.guest.tasks.rehearse` saw into the proof that travels.

    Args:
        result: what was seen.
        image: where.
        facts: of that image.
        plan: what was checked.
        rules: for native libraries.

    Raises:
        RehearsalFailed: an install, import, library or command failed; all reasons at once.
        RehearsalTimeout: one failed because it wanted more memory than the plan allows.
    """
    try:
        return _proof(result, image, facts, plan, rules)
    except RehearsalFailed as failed:
        if not result["memory_kills"]:
            raise
        raise RehearsalTimeout(
            f"the rehearsal needs more than the {plan.memory >> 20} MiB of memory that the profile allows",
            details=(failed.message, *failed.details),
        ) from failed


def _proof(result: Seen, image: PinnedImage, facts: Facts, plan: RehearsalPlan, rules: NativeRules) -> Proof:
    _demand_install(result["install"])
    _demand_packages(result["environment"], rules)
    imports = tuple(_import_result(each) for each in result["imports"])
    missing = [*native.library_lines(result, rules), *native.version_lines(result, rules)]
    too_new = native.beyond_target(result["natives"], rules)
    reasons = [
        *(f"{each}" for each in too_new),
        *_import_reasons(result["imports"], result["missing_libraries"]),
        *native.sources(_failing_libraries(result), rules),
        *_command_reasons(result["commands"]),
        *_project_reasons(result.get("project")),
        *(missing if plan.missing_libraries == "error" else ()),
    ]
    if reasons:
        message = _headline(result, too_new)
        raise RehearsalFailed(message, details=tuple(reasons), remedy=_remedy(result, too_new, plan, rules))
    lies = native.tag_lies(result["natives"], rules)
    warnings = [f"{i.package}: import {i.module}: {i.error}" for i in imports if i.error]
    warnings += [f"{each}" for each in lies if not native.is_allowed(each, plan)]
    return Proof(
        installed=len(result["environment"]),
        imports=imports,
        missing_libraries=tuple(missing),
        warnings=tuple(warnings),
        document=_document(result, image, facts, plan, rules),
        seconds=sum(result["seconds"].values()),
    )


def _demand_install(install: InstallSeen) -> None:
    if install["exit_code"] == 0:
        return
    message = _inner(install["document"], "error").get("message") or "the installer failed"
    lines = [line for line in install["stderr"].splitlines() if line.strip()]
    raise RehearsalFailed(
        f"the bundle does not install: {message}",
        where=f"installer, exit code {install['exit_code']}",
        details=tuple(lines[-12:]),
    )


def _inner(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    """An object in what the installer told; empty where it told none."""
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _demand_packages(environment: list[tuple[str, str]], rules: NativeRules) -> None:
    """What is installed is what was sent, and what the image's own Python puts into each environment."""
    installed, sent = {name for name, _ in environment}, set(rules.wheels)
    strange, lacking = sorted(installed - sent - _SEED), sorted(sent - installed - _TOOLS)
    if sent and (strange or lacking):
        raise RehearsalFailed(
            "what is installed is not what was sent",
            details=tuple(
                [f"{name}: installed, and not sent" for name in strange]
                + [f"{name}: sent, and not installed" for name in lacking]
            ),
        )


def _import_result(each: ImportSeen) -> ImportResult:
    return ImportResult(
        package=each["package"],
        module=each["module"],
        requested=each["requested"],
        error=_inside(each["error"]),
        library=each["library"],
    )


def _import_reasons(imports: list[ImportSeen], missing: list[LibraryMissing]) -> list[str]:
    reasons = []
    for each in imports:
        if not (each["requested"] and each["error"]):
            continue
        place = f" at {_inside(each['at'])}" if each["at"] else ""
        reasons.append(f"{each['package']}: import {each['module']} failed: {_inside(each['error'])}{place}")
        also = sorted({m["library"] for m in missing if m["package"] == each["package"]})
        if also:
            reasons.append(f"{each['package']}: the linker misses {', '.join(also)}")
    return reasons


def _inside(text: str) -> str:
    """A text without the rehearsal's own folders: its paths begin below site-packages."""
    return _OWN_FOLDER.sub("", text)


def _command_reasons(commands: list[CommandSeen]) -> list[str]:
    reasons = []
    for each in commands:
        if each["exit_code"] != 0:
            reasons.append(f"command {each['command']!r} ended with exit code {each['exit_code']}")
            reasons.extend(f"  {line}" for line in each["output"].splitlines()[-6:])
    return reasons


def _project_reasons(project: ProjectSeen | None) -> list[str]:
    """Why uv does not work in a checkout of the carried project; nothing where it does, or there is none."""
    if not project or project["exit_code"] == 0:
        return []
    lines = [line for line in project["said"].splitlines() if line.strip()]
    return [f"project: {project['step']} failed", *(f"  {line}" for line in lines[-8:])]


def _headline(result: Seen, too_new: list[TooNew]) -> str:
    if too_new:
        return f"{too_new[0].package} does not run on the target: {too_new[0].short}"
    failed = _failed_imports(result)
    libraries = sorted({each["library"] for each in failed if each["library"]})
    if libraries:
        return f"{failed[0]['package']} does not work on the target: {', '.join(libraries)} is missing"
    if failed:
        return f"{failed[0]['package']} installs, but cannot be imported"
    if _project_reasons(result.get("project")):
        return "uv cannot sync the project from what the bundle carries"
    return "what the profile checks did not pass"


def _failed_imports(result: Seen) -> list[ImportSeen]:
    return [each for each in result["imports"] if each["requested"] and each["error"]]


def _failing_libraries(result: Seen) -> set[str]:
    """Libraries that failing imports miss, with all that the linker misses for the same packages."""
    failed = _failed_imports(result)
    if not any(each["library"] for each in failed):
        return set()
    packages = {each["package"] for each in failed}
    linked = {m["library"] for m in result["missing_libraries"] if m["package"] in packages}
    return linked | {each["library"] for each in failed if each["library"]}


def _remedy(result: Seen, too_new: list[TooNew], plan: RehearsalPlan, rules: NativeRules) -> str:
    if too_new:
        return "pin an older version of the package, or build it for this target: `build-from-source`"
    libraries = _failing_libraries(result)
    if plan.missing_libraries == "error":
        libraries |= {each["library"] for each in result["missing_libraries"]}
    return native.remedy(libraries, rules) if libraries else ""


def _document(
    result: Seen, image: PinnedImage, facts: Facts, plan: RehearsalPlan, rules: NativeRules
) -> dict[str, object]:
    """proof.json: the same bytes for the same bundle, so no clock, host or duration in it."""
    installer = _inner(result["install"]["document"], "installer")
    project = result.get("project")
    synced = [{"name": name, "version": version} for name, version in project["installed"]] if project else []
    return {
        "format": "parity-proof/1",
        "image": {
            "id": image.id,
            "digests": list(image.digests),
            "name": image.name,
            "platform": image.platform,
            "stand_in_for": image.stand_in_for,
        },
        "machine": {"os": facts.os_name, "libc": str(facts.libc), "python": facts.python, "arch": facts.arch},
        "isolation": dict(result["isolation"]),
        "installer": installer,
        "installed": [{"name": name, "version": version} for name, version in result["environment"]],
        "consistent": bool(installer.get("checked_with")),
        "imports_tried": plan.imports,
        "imports": [
            {
                "package": each["package"],
                "module": each["module"],
                "requested": each["requested"],
                "error": _inside(each["error"]),
                "library": each["library"],
            }
            for each in result["imports"]
        ],
        **native.document(result, plan, rules),
        "commands": [
            {"command": each["command"], "exit_code": each["exit_code"]} for each in result["commands"]
        ],
        **({"project": {"synced": synced}} if project else {}),
        **({"system": [dict(each) for each in result["system"]]} if "system" in result else {}),
    }
