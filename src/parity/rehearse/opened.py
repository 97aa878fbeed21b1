"""The check of what is opened by name, and of modules of Python's own that a distribution has apart.

Neither the linker nor an import's error tells of such libraries in a form of its own. So what the carried
files name is held against what imports say: those that were tried, and those of the public modules of
requested packages that lead to such a file. Needed at an import of what was asked for, a library is an error
where the target's distribution has it; else a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import resources
from itertools import chain
from typing import TypedDict

from parity.rehearse import native
from parity.rehearse.check import Case, Check, CheckVerdict, EnvironmentReader, NewEnvironment, when_due
from parity.rehearse.import_rule import Scope, counting
from parity.rehearse.import_workers import Package
from parity.rehearse.imports import imports_of, inside
from parity.rehearse.native import NativeRules
from parity.wire.opening import LibraryOpened, OpenedResult, ProgramBroken
from parity.wire.rehearsing import ImportSeen, Seen

_STARTED: Mapping[str, Sequence[str]] = json.loads(
    resources.files("parity.rehearse").joinpath("programs.json").read_bytes()
)["packages"]
READER = EnvironmentReader("opened", OpenedResult, tuple(sorted(set(chain.from_iterable(_STARTED.values())))))
_PROGRAMS = "add the packages with the programs that are named above to `system-packages`, or to the image"
_SYMBOLS = (
    "the program was built against a library that it does not name any more (auditwheel removes libpython): "
    "take a wheel whose program is linked with it, or build it here, with build-from-source"
)
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
# How an import ends that wants a library; what a framework raises (Django's settings) is another matter.
_MISSING = ("ImportError", "OSError", "AttributeError", "RuntimeError", "FileNotFoundError")


class OpenedSeen(TypedDict):
    """What is opened by name and missing, and the imports besides the usual ones that come to it and fail."""

    libraries: list[LibraryOpened]
    programs: list[ProgramBroken]
    lacking: list[tuple[str, str]]
    imports: list[ImportSeen]


def _run(installed: NewEnvironment) -> OpenedSeen:
    """Import what leads to a library that is missing."""
    answer = installed.read(READER)
    started = {each["name"]: _STARTED.get(each["name"], ()) for each in installed.found["distributions"]}
    lacking = [(name, each) for name, names in started.items() for each in names if each in answer["lacking"]]
    return _tried(installed, answer, lacking)


def _tried(installed: NewEnvironment, answer: OpenedResult, lacking: list[tuple[str, str]]) -> OpenedSeen:
    asked, libraries, programs = set(installed.carried.requested), answer["rows"], answer["programs"]
    ways: dict[str, set[str]] = {}
    for each in libraries:
        if each["package"] in asked and each["modules"]:
            ways.setdefault(each["package"], set()).update(each["modules"])
    packages = [Package(name, tuple(sorted(modules)), len(modules)) for name, modules in ways.items()]
    if not (packages and installed.room.plan.imports):
        return {"libraries": libraries, "programs": programs, "lacking": lacking, "imports": []}
    scope = Scope(installed.found["distributions"], installed.carried.requested, installed.room.plan)
    rows = [scope.seen(name, said) for name, _, said in installed.workers.run(packages, again=True)]
    failed = [row for row in rows if row["error"]]
    return {"libraries": libraries, "programs": programs, "lacking": lacking, "imports": failed}


def _judge(seen: OpenedSeen, case: Case) -> CheckVerdict:
    failed = [(row, library) for row, library in _needed(case.seen, case.rules) if row["requested"]]
    libraries = frozenset(library for _, library in failed)
    broken = [each for each in seen["programs"] if each["starts"]]
    linked = frozenset(library for each in broken for library in each["libraries"])
    usual = {(row["package"], row["module"]) for row in imports_of(case.seen)}
    unimported = {row["package"] for row in counting(imports_of(case.seen), case.plan)}
    programs = frozenset(_lacking(seen, unimported))
    rows = list(_rows(seen, case.rules))
    document: dict[str, object] = {"opened": rows} if rows else {}
    if seen["lacking"]:
        document["programs_lacking"] = [{"package": name, "program": each} for name, each in seen["lacking"]]
    if seen["programs"]:
        document["programs"] = [dict(each) for each in seen["programs"]]
    return CheckVerdict(
        document=document,
        reasons=(
            *_import_lines([each for each in failed if (each[0]["package"], each[0]["module"]) not in usual]),
            *map(_program_line, broken),
            *(_lacking_line(*row, case.rules) for row in seen["lacking"] if row[0] in unimported),
            *native.sources(libraries | linked, case.rules),
        ),
        headline=_headline(failed, broken),
        libraries=libraries | linked | {each for each in programs if case.rules.providers(each)},
        remedy=_SYMBOLS if broken else _PROGRAMS if programs else "",
        warnings=[
            *(_program_line(each) for each in seen["programs"] if not each["starts"]),
            *_warnings(seen, case.rules, {(row["package"], library) for row, library in failed}),
            *(_lacking_line(*row, case.rules) for row in seen["lacking"]),
        ],
    )


def _import_lines(failed: Sequence[tuple[ImportSeen, str]]) -> Iterator[str]:
    """One line for all modules of a package that fail alike: the first, and how many more."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row, _ in failed:
        alike.setdefault((row["package"], inside(row["error"])), []).append(row["module"])
    for (package, error), modules in alike.items():
        more = f" (and of {len(modules) - 1} more modules)" if len(modules) > 1 else ""
        yield f"{package}: import {modules[0]} failed: {error}{more}"


def _program_line(each: ProgramBroken) -> str:
    if each["libraries"]:
        return f"{each['package']}: the program {each['file']} misses {', '.join(each['libraries'])}"
    return f"{each['package']}: nothing provides what {each['file']} wants: {', '.join(each['symbols'])}"


def _lacking_line(package: str, program: str, rules: NativeRules) -> str:
    packages = rules.providers(f"bin/{program}")
    where = f"; on {rules.system} it is in {' and '.join(packages)}" if packages else ""
    return f"{package}: starts the program {program}, which is missing{where}"


def _lacking(seen: OpenedSeen, packages: Collection[str]) -> Iterator[str]:
    """The programs that these packages start and that are not there, as the table of providers names them."""
    return (f"bin/{program}" for name, program in seen["lacking"] if name in packages)


def _headline(failed: Sequence[tuple[ImportSeen, str]], programs: Sequence[ProgramBroken]) -> str:
    if failed:
        names = sorted({library for _, library in failed})
        return f"{failed[0][0]['package']} does not work on the target: {', '.join(names)} is missing"
    if programs:
        return f"{programs[0]['package']} does not work on the target: {programs[0]['file']} does not start"
    return ""


def _needed(seen: Seen, rules: NativeRules) -> Iterator[tuple[ImportSeen, str]]:
    """The imports that failed for want of something the target's distribution has: with its name."""
    found = OPENED.of(seen) or {"libraries": [], "programs": [], "lacking": [], "imports": []}
    known = [(each, rules.soname(each["names"])) for each in found["libraries"]]
    usual = imports_of(seen)
    optional = set(_done_without(found, [row["module"] for row in usual if row["error"]]))
    for row in [*usual, *(row for row in found["imports"] if row["module"] not in optional)]:
        if not row["error"] or row["library"]:
            continue
        own = [library for each, library in known if library and _wants(row, each)]
        said = _NO_MODULE.search(row["error"])
        modules = [*filter(None, [row["missing"]]), *(said.groups() if said else ())]
        library = own[0] if own else next(filter(None, map(rules.apart, modules)), "")
        if library:
            yield row, library


def _done_without(found: OpenedSeen, failed: Sequence[str]) -> Iterator[str]:
    """Modules that another module of the package imports and that works without them: one of its backends."""
    broken = {row["module"] for row in found["imports"]}.union(failed)
    for each in found["libraries"]:
        for module, importers in each["importers"].items():
            if module in broken and not broken.issuperset(importers):
                yield module


def _wants(row: ImportSeen, opened: LibraryOpened) -> bool:
    """Whether an import failed for want of this library."""
    if row["package"] != opened["package"] or row["error"].partition(":")[0] not in _MISSING:
        return False
    said = row["error"].lower()
    return any(_stem(name).lower() in said for name in opened["names"]) or f"/{opened['file']}:" in row["at"]


def _stem(name: str) -> str:
    """`zbar` of `libzbar.so.0`."""
    return name.removeprefix("lib").partition(".so")[0].rstrip("*")


def _rows(seen: OpenedSeen, rules: NativeRules) -> Iterator[Mapping[str, object]]:
    for each in seen["libraries"]:
        library = rules.soname(each["names"])
        if library:
            yield {
                "package": each["package"],
                "file": each["file"],
                "library": library,
                "packages": list(rules.providers(library)),
                "optional": each["optional"],
            }


def _warnings(seen: OpenedSeen, rules: NativeRules, needed: set[tuple[str, str]]) -> list[str]:
    told_rows = {
        (each["package"], library, each["file"])
        for each in seen["libraries"]
        if (library := rules.soname(each["names"])) and not each["optional"]
    }
    return [
        f"{package}: {file} opens {library} by name, which is missing; "
        f"on {rules.system} it is in {' and '.join(rules.providers(library))}"
        for package, library, file in sorted(told_rows)
        if (package, library) not in needed
    ]


def wanted(seen: Seen, rules: NativeRules) -> set[str]:
    """What the distribution has and a package cannot do without: opened by name, or imported."""
    found = OPENED.of(seen)
    opened = (
        {rules.soname(each["names"]) for each in found["libraries"] if not each["optional"]}
        if found
        else set()
    )
    failed = {row["package"] for row in imports_of(seen) if row["requested"] and row["error"]}
    programs = {each for each in _lacking(found, failed) if rules.providers(each)} if found else set()
    return (opened | {library for _, library in _needed(seen, rules)} | programs) - {""}


OPENED = Check(
    name="opened",
    step="looking for libraries that are opened by name",
    kind=OpenedSeen,
    begin=when_due(_run),
    judge=_judge,
    reader=READER,
)
