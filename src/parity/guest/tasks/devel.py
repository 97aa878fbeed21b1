"""Which package of the distribution has what a build lacks; asked in the workshop, of the image's own apt.

Job:
    {"folder": a private folder, kept between calls in one container,
     "wanted": [{"kind": "header", "program", "pkg-config" or "library", "name", "likely": [packages]}],
     "timeout": seconds, "proxies": {"http", "https", "no"}, "ca": PEM or null}
Result:
    {"found": [{"kind", "name", "package"}], "problem": why nothing can be told, or ""}

What is wanted is read from a log that a stranger wrote. So nothing is told but names of the signed lists:
the first of the likely ones that they have; else one whose name is like what is wanted and which has it in
it; else what the distribution's index of contents says.
"""

import re
import shutil
from typing import TYPE_CHECKING, Iterable, List, Set

from ..events import Emit
from ..packages.apt import AptAtWork
from ..packages.room import PackageRoot, PackagesProblem

if TYPE_CHECKING:
    from ...wire.building import DevelFound, DevelJob, DevelResult, DevelWanted

_MOST_LOOKED_INTO = 5
_ENDS = re.compile(r"[-._]*[\d.]*$")
_PROGRAMS = r"(?:usr/)?s?bin/%s(?:\.[a-z]+)?"
_PATHS = {
    "header": r"usr/(?:include|lib)/(?:[^ ]*/)?%s",
    "program": _PROGRAMS,
    "pkg-config": r"usr/(?:lib|share)/(?:[^ ]*/)?pkgconfig/%s\.pc",
    "library": r"(?:usr/)?lib/(?:[^ /]*/)?lib%s\.(?:so|a)",
}


def main(job: "DevelJob", emit: Emit) -> "DevelResult":
    """Look up; see the module's docstring."""
    del emit
    result: "DevelResult" = {"found": [], "problem": ""}
    if not shutil.which("apt-get"):
        result["problem"] = "the image has no apt, whose index could tell"
        return result
    try:
        apt = AptAtWork(PackageRoot(job), exact=False)
        apt.update()
        names = apt.names()
        for wanted in job["wanted"]:
            result["found"] += _found(apt, names, wanted)
    except PackagesProblem as problem:
        result["problem"] = problem.message
    return result


def _found(apt: AptAtWork, names: Set[str], wanted: "DevelWanted") -> "List[DevelFound]":
    """The package that has it; nothing where none is known."""
    path = _PATHS[wanted["kind"]] % re.escape(wanted["name"])
    known = [name for name in wanted["likely"] if name in names][:1]
    known = known or _looked_into(apt, similar(wanted["kind"], wanted["name"], names), path)
    if not known:
        known = [name for name in best(apt.contents("^" + path + " "), wanted["kind"]) if name in names][:1]
    return [{"kind": wanted["kind"], "name": wanted["name"], "package": name} for name in known]


def _looked_into(apt: AptAtWork, candidates: Iterable[str], path: str) -> List[str]:
    """The first of the packages that has a file like `path`."""
    for name in candidates:
        if any(re.match(path + r"\Z", file) for file in apt.files_of(name)):
            return [name]
    return []


def similar(kind: str, name: str, names: Iterable[str]) -> List[str]:
    """A few packages that are called like what is wanted, those with the shortest names first."""
    parts = name.split("/")
    stems = {_stem(parts[0]), _stem(parts[-1].partition(".h")[0] if kind == "header" else parts[-1])}
    stems |= {_stem(re.sub("[-_]config$", "", name))}
    found = [each for each in names if each.endswith("-dev") and _stem(each[: -len("-dev")]) in stems]
    own = [each for each in names if kind == "program" and each == name.lower()]
    return own + sorted(found, key=lambda each: (len(each), each))[:_MOST_LOOKED_INTO]


def _stem(name: str) -> str:
    """A name without `lib` before it and numbers after it."""
    name = name.lower()
    name = name[len("lib") :] if name.startswith("lib") and len(name) > len("lib") else name
    return _ENDS.sub("", name)


def best(contents: "Iterable[tuple[str, List[str]]]", kind: str) -> List[str]:
    """Packages in the order in which they are likely meant: high in the tree, for development, short."""
    found = []
    for path, packages in contents:
        for package in packages:
            development = kind == "program" or package.endswith("-dev")
            found.append((not development, path.count("/"), len(package), package))
    return [package for _, _, _, package in sorted(found)]
