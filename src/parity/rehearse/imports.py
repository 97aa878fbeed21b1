"""The check that every module can be imported; it fails for those of packages that were asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parity.rehearse import native
from parity.rehearse.check import Case, Check, Installed, Verdict
from parity.rehearse.lanes import Package, together
from parity.wire.rehearsing import ImportAnswer, ImportSeen, Seen

_LIBRARY = re.compile(
    r"(?:^|: )([^\s:/]+\.so[^\s:]*): cannot open shared object"
    r"|Error loading shared library ([^\s:]+)",
    re.MULTILINE,
)
# Some are opened by several names in turn, and the error tells of the first alone: libgobject-2.0-0.
_BY_OTHER_NAME = re.compile(r"(?:^|: )(lib[\w.+-]+): cannot open shared object", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_OWN_FOLDER = re.compile(r"(?:/carry)?/work/[^\s'\":]*site-packages/")


def inside(text: str) -> str:
    """A text without the rehearsal's own folders: its paths begin below site-packages."""
    return _OWN_FOLDER.sub("", text)


def told(package: str, requested: bool, answer: ImportAnswer) -> ImportSeen:
    """One import's words for the proof: without addresses, and with the library that it misses."""
    match = _LIBRARY.search(answer["text"]) or _BY_OTHER_NAME.search(answer["text"])
    return {
        "package": package,
        "module": answer["module"],
        "requested": requested,
        "error": _ADDRESS.sub("0x…", answer["error"]),
        "library": next(filter(None, match.groups())) if match else "",
        "at": answer["at"],
    }


def _run(installed: Installed) -> list[ImportSeen]:
    if not installed.room.plan.imports:
        return []
    found = installed.found
    rows = [Package(name, tuple(modules), weight) for name, _, modules, weight in found["distributions"]]
    rows = [row for row in rows if row.modules]
    asked = set(installed.carried.requested)
    others = [row for row in rows if row.name not in asked]
    if found["hidden"] and len(others) > 1:
        rows = [*(row for row in rows if row.name in asked), together(others)]
    seen = [told(package, package in asked, answer) for package, _, answer in installed.lanes.run(rows)]
    return sorted(seen, key=lambda row: (not row["requested"], row["package"], row["module"]))


def _judge(rows: Sequence[ImportSeen], case: Case) -> Verdict:
    failed = [each for each in rows if each["requested"] and each["error"]]
    libraries = _failing_libraries(failed, case.seen)
    return Verdict(
        document={"imports": [_row(each) for each in rows]},
        reasons=(*_reasons(failed, case.seen), *native.sources(libraries, case.rules)),
        headline=_headline(failed),
        libraries=libraries,
        warnings=[
            f"{each['package']}: import {each['module']}: {inside(each['error'])}"
            for each in rows
            if each["error"]
        ],
    )


def _row(each: ImportSeen) -> dict[str, object]:
    return {
        "package": each["package"],
        "module": each["module"],
        "requested": each["requested"],
        "error": inside(each["error"]),
        "library": each["library"],
    }


def _reasons(failed: Sequence[ImportSeen], seen: Seen) -> Iterator[str]:
    for each in failed:
        place = f" at {inside(each['at'])}" if each["at"] else ""
        yield f"{each['package']}: import {each['module']} failed: {inside(each['error'])}{place}"
        also = sorted({m["library"] for m in seen["missing_libraries"] if m["package"] == each["package"]})
        if also:
            yield f"{each['package']}: the linker misses {', '.join(also)}"


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
    kind=list[ImportSeen],
    run=_run,
    judge=_judge,
    failed=lambda rows: any(row["error"] for row in rows),
)
