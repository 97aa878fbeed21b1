"""What the rehearsal saw, judged: a proof, or the reasons why there is none. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from parity.errors import RehearsalFailed, RehearsalTimeout
from parity.model import Facts, ImportResult, PinnedImage, Proof, RehearsalPlan
from parity.portable.texts import printable
from parity.rehearse import native
from parity.rehearse.check import Case, CheckVerdict
from parity.rehearse.checks import CHECKS
from parity.rehearse.imports import imports_of, inside
from parity.rehearse.native import NativeRules, TooNew
from parity.wire.rehearsing import ImportSeen, InstallSeen, Seen

_SEED = frozenset(("pip", "setuptools", "wheel", "pkg-resources", "distribute"))
"""What `python -m venv` may bring (ensurepip, and Debian's)."""
_TOOLS = frozenset(("uv",))
_FULL = re.compile(r"No space left on device|MiB are needed")
_MORE_ROOM = (
    "give it more room: `memory` under `rehearsal` in the profile (files may take half of it); "
    "where it is made on the engine's disk, free some space there"
)


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
    case = Case(result, plan, rules)
    verdicts = [check.verdict(case) for check in CHECKS]
    missing = [*native.library_lines(result, rules), *native.version_lines(result, rules)]
    too_new = native.beyond_target(result["natives"], rules)
    reasons = [
        *(f"{each}" for each in too_new),
        *(line for each in verdicts for line in each.reasons),
        *(missing if plan.missing_libraries == "error" else ()),
    ]
    if reasons:
        message, remedy = _headline(verdicts, too_new), _remedy(verdicts, too_new, case)
        raise RehearsalFailed(message, details=tuple(reasons), remedy=remedy)
    lies = native.tag_lies(result["natives"], rules)
    warnings = [line for each in verdicts for line in each.warnings]
    warnings += [f"{each}" for each in lies if not native.is_allowed(each, plan)]
    warnings += _confinement(result, plan)
    warnings += [f"it was rehearsed under emulation of {facts.arch}"] if image.emulated else []
    told = {key: value for each in verdicts for key, value in each.document.items()}
    return Proof(
        installed=len(result["environment"]),
        imports=tuple(map(_import_result, imports_of(result))),
        missing_libraries=tuple(missing),
        warnings=tuple(warnings),
        document={**_document(case, image, facts), **told},
        seconds=sum(result["seconds"].values()),
    )


def _demand_install(install: InstallSeen) -> None:
    if install["exit_code"] == 0:
        return
    message = _inner(install["document"], "error").get("message") or "the installer failed"
    lines = [line for line in install["stderr"].splitlines() if line.strip()]
    # Of memory a part may be filled with files; the limit is the profile's.
    remedy = _MORE_ROOM if _FULL.search(str(message)) else ""
    raise RehearsalFailed(
        f"the bundle does not install: {message}",
        where=f"installer, exit code {install['exit_code']}",
        remedy=remedy,
        details=tuple(lines[-12:]),
    )


def _confinement(result: Seen, plan: RehearsalPlan) -> list[str]:
    """What this engine did not hold the rehearsal to, although it was asked to."""
    words = {
        "memory": f"more than {plan.memory >> 20} MiB of memory",
        "pids": "more processes than may run at once",
    }
    found = [
        f"this engine does not enforce its limits: what needs {words.get(name, name)} went unnoticed"
        for name, holds in sorted(result["limits"].items())
        if not holds
    ]
    if result["writable"]:
        places = ", ".join(map(printable, result["writable"]))
        found.append(f"besides what is given to it, the container could write to {places}")
    return found


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
        error=inside(each["error"]),
        library=each["library"],
    )


def _headline(verdicts: Sequence[CheckVerdict], too_new: list[TooNew]) -> str:
    if too_new:
        return f"{too_new[0].package} does not run on the target: {too_new[0].short}"
    lines = (each.headline for each in verdicts if each.headline)
    return next(lines, "what the profile checks did not pass")


def _remedy(verdicts: Sequence[CheckVerdict], too_new: list[TooNew], case: Case) -> str:
    if too_new:
        return "pin an older version of the package, or build it for this target: `build-from-source`"
    libraries = {library for each in verdicts for library in each.libraries}
    if case.plan.missing_libraries == "error":
        libraries |= {each["library"] for each in case.seen["missing_libraries"]}
    if libraries:
        return native.remedy(libraries, case.rules)
    # Later checks know more exactly what is missing than the imports, which come first.
    return "; ".join(each.remedy for each in reversed(verdicts) if each.remedy)


def _document(case: Case, image: PinnedImage, facts: Facts) -> dict[str, object]:
    """proof.json but for the checks: the same bytes for the same bundle; no clock, host or duration."""
    result = case.seen
    installer = _inner(result["install"]["document"], "installer")
    return {
        "format": "parity-proof/1",
        "image": {
            "name": image.name,
            "reference": image.reference or None,
            "layers": list(image.layers),
            "platform": image.platform,
            "stand_in_for": image.stand_in_for,
        },
        "machine": {"os": facts.os_name, "libc": str(facts.libc), "python": facts.python, "arch": facts.arch},
        **({"emulated": True} if image.emulated else {}),
        "isolation": dict(result["isolation"]),
        "limits": dict(result["limits"]),
        **({"writable": list(result["writable"])} if result["writable"] else {}),
        "installer": installer,
        "installed": [{"name": name, "version": version} for name, version in result["environment"]],
        "consistent": bool(installer.get("checked_with")),
        "imports_tried": case.plan.imports,
        **native.document(result, case.plan, case.rules),
        **({"system": [dict(each) for each in result["system"]]} if "system" in result else {}),
    }
