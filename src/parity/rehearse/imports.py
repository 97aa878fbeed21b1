"""The check that modules can be imported; which failures count says `parity.rehearse.import_rule`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from parity.rehearse import native
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due
from parity.rehearse.gone_modules import bringing
from parity.rehearse.import_rule import Scope, counting, is_allowed, works
from parity.rehearse.import_workers import Package
from parity.wire.rehearsing import ImportSeen, ImportsSeen, Seen

_OWN_FOLDER = re.compile(r"(?:/carry)?/work/[^\s'\":]*site-packages/")
_FEW = 5
_OTHER_NUMPY = re.compile(
    r"numpy\.dtype size changed|numpy\.core\.\w+ failed to import|compiled using NumPy 1|_ARRAY_API not found"
)
_SIZES = re.compile(r"Expected (\d{1,4}) from C header, got (\d{1,4}) ")
_OWN_FAULTS = ("ImportError:", "SyntaxError:", "AttributeError:", "TypeError:", "NameError:", "RuntimeError:")
_WANTS = {
    "settings": "it wants settings: give them as `rehearsal.environment`",
    "display": "there is no display in a rehearsal",
    "program": "its own program brings that",
}


def inside(text: str) -> str:
    """A text without the rehearsal's own folders: its paths begin below site-packages."""
    return _OWN_FOLDER.sub("", text)


def is_object(name: str) -> bool:
    """Whether it is `module:object`, which a script starts, and not a module."""
    return ":" in name


def imports_of(seen: Seen) -> list[ImportSeen]:
    """Each import that a rehearsal tried."""
    found = IMPORTS.of(seen)
    return found["rows"] if found else []


class _Trial(NamedTuple):
    """A failure that is tried once more, behind modules of these packages."""

    row: ImportSeen
    behind: Mapping[str, Sequence[str]]


def _run(installed: NewEnvironment) -> ImportsSeen:
    plan, found = installed.room.plan, installed.found
    if not plan.imports:
        return {"rows": [], "bare": []}
    scope = Scope(found["distributions"], installed.carried.requested, plan)
    told = installed.workers.run(scope.packages(hidden=found["hidden"]))
    rows = [scope.seen(package, answer) for package, module, answer in told if not is_object(module)]
    if plan.environment:
        _again(installed, [_Trial(row, {row["package"]: ()}) for row in rows if _worth(row)])
    _again(installed, list(behind(rows, scope)))
    rows.sort(key=lambda row: (not row["requested"], row["package"], row["module"]))
    return {"rows": rows, "bare": scope.bare()}


def _worth(row: ImportSeen) -> bool:
    """Whether it may do the second time what it did not the first."""
    ended = row["error"].startswith(("Crash:", "TimeoutError:"))
    return row["requested"] and not works(row) and not row["library"] and not ended


def behind(rows: Sequence[ImportSeen], scope: Scope) -> Iterator[_Trial]:
    """Failures of packages of which nothing works, with the modules of whoever requires them.

    Some can be imported by these alone, which made sure of something before.
    """
    worked: dict[str, list[str]] = {}
    for row in rows:
        if works(row):
            worked.setdefault(row["package"], []).append(row["module"])
    for row in rows:
        if _worth(row) and row["wants"] not in ("display", "settings") and row["package"] not in worked:
            behind = scope.dependents(row["package"], worked)
            if behind:
                yield _Trial(row, behind)


def _again(installed: NewEnvironment, trials: Sequence[_Trial]) -> None:
    """Import these once more, with the profile's environment, and tell of it in their rows."""
    modules: dict[str, dict[str, None]] = {}
    for each in trials:
        first = [module for names in each.behind.values() for module in names]
        modules.setdefault(each.row["package"], dict.fromkeys(first))
    for each in trials:
        modules[each.row["package"]][each.row["module"]] = None
    packages = [Package(name, tuple(names), len(names)) for name, names in modules.items()]
    told = installed.workers.run(packages, again=True) if packages else ()
    worked = {(package, module) for package, module, answer in told if not answer["error"]}
    for each in trials:
        if (each.row["package"], each.row["module"]) in worked:
            each.row["after"] = ", ".join(sorted(each.behind))


def _judge(found: ImportsSeen, case: Case) -> CheckVerdict:
    rows = found["rows"]
    failed = counting(rows, case.plan)
    libraries = _failing_libraries(failed, case.seen)
    silent = _silent(found)
    document: dict[str, object] = {"imports": [_row(each) for each in rows]}
    if silent:
        document["not_imported"] = sorted(silent)
    return CheckVerdict(
        document=document,
        reasons=(*_reasons(failed, case.seen), *native.sources(libraries, case.rules)),
        headline=_headline(failed),
        libraries=libraries,
        remedy=_remedy(failed),
        warnings=[
            *(_warning(each, case) for each in rows if each["error"] and each["after"] != each["package"]),
            *(f"{name}: {why}" for name, why in sorted(silent.items())),
        ],
    )


def _silent(found: ImportsSeen) -> dict[str, str]:
    """Requested packages of which no import worked, and why that may be."""
    rows = [row for row in found["rows"] if row["requested"]]
    worked = {row["package"] for row in rows if works(row)}
    failed = {row["package"] for row in rows} - worked
    return {
        **dict.fromkeys(found["bare"], "nothing of it was imported: it has no module that is to be"),
        **dict.fromkeys(failed, "none of its modules could be imported here: that it installs is proved"),
    }


def _warning(each: ImportSeen, case: Case) -> str:
    line = f"{each['package']}: import {each['module']}: {inside(each['error'])}"
    if each["after"]:
        return f"{line}; it works behind {each['after']}"
    if each["wants"] == "module" and each["missing"]:
        return f"{line}; no requirement brings {each['missing']}"
    why = "allowed" if is_allowed(each, case.plan) else _WANTS.get(each["wants"], "")
    return f"{line}; {why}" if each["requested"] and why else line


def _remedy(failed: Sequence[ImportSeen]) -> str:
    """What to write where a requested package works without the modules that fail."""
    if not failed:
        return ""
    missing = sorted({each["missing"] for each in failed if each["wants"] == "module" and each["missing"]})
    gone = {way: None for each in failed if (way := bringing(each["missing"].partition(".")[0]))}
    missing = [name for name in missing if not bringing(name.partition(".")[0])]
    standard = [name for name in missing if name.partition(".")[0] in sys.stdlib_module_names]
    others = [name for name in missing if name not in standard]
    gone.update(
        {f"write `requirements: [{line}]` too, for which it was compiled": None for line in _numpy(failed)}
    )
    more = "".join(f"{way}; " for way in gone)
    more += f"add what brings {', '.join(others[:_FEW])} to the requirements; " if others else ""
    if own := sorted({each["package"] for each in failed if _of_itself(each)}):
        named = ", ".join(own[:_FEW])
        more += f"another version of {named} may suit this Python: pin one, as in NAME<VERSION; "
    if standard:  # PEP 534 tells of distributions that split it
        parts = ", ".join(standard)
        more += f"the distribution has Python's own {parts} apart: add its package to `system-packages`; "
    names = sorted({each["module"] for each in failed})
    if len(names) > _FEW:
        names = sorted({each["package"] for each in failed})
    words = [f"import:{name}" for name in names]
    options = " ".join(f"--allow {word}" for word in words)
    return (
        f"{more}if it works all the same, accept it: `{options}`, or in the profile "
        f"`rehearsal: {{allow: [{', '.join(words)}]}}`"
    )


def _of_itself(each: ImportSeen) -> bool:
    """Whether it is the package's own code that fails, and not for something that can be brought."""
    lacks = each["wants"] or each["missing"] or each["library"] or "undefined symbol" in each["error"]
    return not lacks and each["error"].startswith(_OWN_FAULTS) and not _OTHER_NUMPY.search(each["error"])


def _numpy(failed: Sequence[ImportSeen]) -> Iterator[str]:
    """Which numpy modules want that were compiled for another one: 2.0 has another binary interface."""
    for each in failed:
        if _OTHER_NUMPY.search(each["error"]):
            sizes = _SIZES.search(each["error"])
            yield "numpy>=2" if sizes and int(sizes[1]) < int(sizes[2]) else "numpy<2"


def _row(each: ImportSeen) -> dict[str, object]:
    """What the proof tells of an import; a key more only where there is something to say."""
    return {
        "package": each["package"],
        "module": each["module"],
        "requested": each["requested"],
        "error": inside(each["error"]),
        "library": each["library"],
        **({key: value for key, value in (("wants", each["wants"]), ("after", each["after"])) if value}),
    }


def _reasons(failed: Sequence[ImportSeen], seen: Seen) -> Iterator[str]:
    lacking: dict[str, set[str]] = {}
    for row in seen["missing_libraries"]:
        lacking.setdefault(row["package"], set()).add(row["library"])
    for each in failed:
        place = f" at {inside(each['at'])}" if each["at"] else ""
        yield f"{each['package']}: import {each['module']} failed: {inside(each['error'])}{place}"
        if also := lacking.get(each["package"]):
            yield f"{each['package']}: the linker misses {', '.join(sorted(also))}"


def _headline(failed: Sequence[ImportSeen]) -> str:
    if not failed:
        return ""
    libraries = sorted({each["library"] for each in failed if each["library"]})
    if libraries:
        return f"{failed[0]['package']} does not work on the target: {', '.join(libraries)} is missing"
    return f"{failed[0]['package']} installs, but cannot be imported"


def _failing_libraries(failed: Sequence[ImportSeen], seen: Seen) -> frozenset[str]:
    """Libraries that failing imports miss, with all that the linker misses for the same packages."""
    if not any(each["library"] for each in failed):
        return frozenset()
    packages = {each["package"] for each in failed}
    linked = {m["library"] for m in seen["missing_libraries"] if m["package"] in packages}
    return frozenset(linked | {each["library"] for each in failed if each["library"]})


IMPORTS = Check(
    name="imports",
    step="importing every module",
    kind=ImportsSeen,
    begin=when_due(_run),
    judge=_judge,
    failed=lambda found: any(row["error"] and row["requested"] for row in found["rows"]),
)
