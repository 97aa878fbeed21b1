"""What the native libraries of an environment ask of the target, judged. Pure.

A wheel's platform tag is a promise (PEP 600): `manylinux_2_17` runs wherever glibc is 2.17 or newer.
What its files really need is held against that promise and against the target's own libc, which the
image may not have where it is a stand-in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from parity.model import Libc, RehearsalPlan, Target
from parity.wire.rehearsing import NativeNeed, NativePackage, Seen, VersionMissing

ALLOWABLE = "libc-newer-than-tag"
"""The finding that `rehearsal.allow` may accept by name, as `libc-newer-than-tag:PACKAGE`."""

# PEP 600 gives the glibc; the rest of a manylinux platform's libraries is auditwheel's policy, from which
# `make pins` writes the table: from which minor of glibc 2 on, GLIBCXX_3.4.N and CXXABI_1.3.N.
_CXX = tuple(
    (row["glibc"], row["glibcxx"], row["cxxabi"])
    for row in json.loads(resources.files("parity.rehearse").joinpath("cxxabi.json").read_bytes())["rows"]
)
_AARCH64_FIRST = (2, 18)  # what manylinux_2_17 may need on aarch64, by the same policy


@dataclass(frozen=True)
class NativeRules:
    """What a judge of native libraries must know besides what the rehearsal saw.

    Attributes:
        target: the machine that the bundle is for.
        system: what people call its system, `Debian 11`.
        wheels: package → file name of its wheel.
        providers: a library's soname → the target's packages that provide it, empty if unknown.
        soname: names by which a library is opened → its soname, empty where no package is known.
        apart: a module that is not there → the one that the distribution has in a package of its own.
        vendor: a library's soname → who gives it out where no distribution does, empty for others.
    """

    target: Target
    system: str
    wheels: Mapping[str, str] = field(default_factory=dict)
    providers: Callable[[str], tuple[str, ...]] = lambda _: ()
    vendor: Callable[[str], str] = lambda _: ""
    soname: Callable[[Sequence[str]], str] = lambda _: ""
    apart: Callable[[str], str] = lambda _: ""


@dataclass(frozen=True)
class TooNew:
    """A file that needs a newer library than its wheel's `tag` promises, or than `have` on the target.

    `tag` is empty where the wheel promises nothing, `have` where the target is new enough.
    """

    package: str
    file: str
    version: str
    tag: str
    have: str

    @property
    def short(self) -> str:
        """`demo/x.so needs GLIBC_2.38, Debian 11 has glibc 2.31`."""
        return f"{self.file} needs {self.version}" + (f", {self.have}" if self.have else "")

    def __str__(self) -> str:
        promise = f"; the tag {self.tag} promises less" if self.tag else ""
        return f"{self.package}: {self.short}{promise}"


def beyond_target(natives: Sequence[NativePackage], rules: NativeRules) -> list[TooNew]:
    """Files that cannot be loaded on the target, whatever was seen in the image."""
    return [found for found, binding in _beyond(natives, rules) if binding]


def extras_beyond_target(natives: Sequence[NativePackage], rules: NativeRules) -> list[TooNew]:
    """The same of wheels that promise no platform, and of files there that are no extension modules.

    Such wheels bring a file for each of many platforms, and do without it where it cannot be loaded.
    """
    return [found for found, binding in _beyond(natives, rules) if not binding]


def _beyond(natives: Sequence[NativePackage], rules: NativeRules) -> Iterator[tuple[TooNew, bool]]:
    for each, need in _needs(natives):
        found = _too_new(each, need, rules)
        if found.have:
            yield found, need["module"]


def tag_lies(natives: Sequence[NativePackage], rules: NativeRules) -> list[TooNew]:
    """Files that need more than any glibc that their wheel's tags promise to run with."""
    found = [_too_new(each, need, rules) for each, need in _needs(natives)]
    return [each for each in found if each.tag]


def is_allowed(lie: TooNew, plan: RehearsalPlan) -> bool:
    """Whether the profile accepts that this wheel's tag promises too much."""
    return f"{ALLOWABLE}:{lie.package}" in plan.allow


def _needs(natives: Sequence[NativePackage]) -> Iterator[tuple[NativePackage, NativeNeed]]:
    return ((each, need) for each in natives for need in each["needs"])


def _numbers(need: NativeNeed) -> tuple[int, ...]:
    return tuple(int(part) for part in need["version"].split("."))


def _too_new(each: NativePackage, need: NativeNeed, rules: NativeRules) -> TooNew:
    libc, number = rules.target.libc, _numbers(need)
    short = need["family"] == "GLIBC" and libc.family == "glibc" and number > libc.version
    promised = _promise([*each["platforms"], *_platforms(rules.wheels.get(each["package"], ""))])
    lies = promised is not None and number > _most(need["family"], promised[1], promised[0])
    return TooNew(
        package=each["package"],
        file=need["file"],
        version=f"{need['family']}_{need['version']}",
        tag=promised[0] if promised and lies else "",
        have=f"{rules.system} has {libc}" if short else "",
    )


def _platforms(filename: str) -> list[str]:
    return filename.removesuffix(".whl").rpartition("-")[2].split(".")


def _promise(platforms: Iterable[str]) -> tuple[str, Libc] | None:
    """The platform tag with the oldest glibc: the wheel may be chosen for any one of its tags."""
    promises = sorted((libc, platform) for platform in platforms for libc in _libc_of(platform))
    glibc = [(platform, libc) for libc, platform in promises if libc.family == "glibc"]
    return glibc[0] if glibc else None


def _libc_of(platform: str) -> list[Libc]:
    """The libc that a platform tag promises to run with; none for `any` and `linux_x86_64`."""
    try:
        return [Libc.parse(platform)]
    except ValueError:
        return []


def _most(family: str, libc: Libc, tag: str) -> tuple[int, ...]:
    """The highest version of a family that files of this platform may need."""
    if family == "GLIBC":
        return max(libc.version, _AARCH64_FIRST) if tag.endswith("_aarch64") else libc.version
    _, glibcxx, cxxabi = max(row for row in _CXX if row[0] <= max(libc.version[1], _CXX[0][0]))
    return (3, 4, glibcxx) if family == "GLIBCXX" else (1, 3, cxxabi)


# --- what is missing, and where it comes from -----------------------------------------------------


def library_lines(result: Seen, rules: NativeRules) -> list[str]:
    """`package: file needs libGL.so.1, on Debian 11 in libgl1`, for each missing library."""
    lines = []
    for each in result["missing_libraries"]:
        source = _source(each["library"], rules)
        where = f", {source}" if source else ""
        lines.append(f"{each['package'] or 'environment'}: {each['file']} needs {each['library']}{where}")
    return lines


def version_lines(result: Seen, rules: NativeRules) -> list[str]:
    """The same for symbol versions: what the image's loader misses, and what the target's glibc lacks."""
    return [
        f"{each['package']}: {each['file']} needs {each['version']} of {each['library']}"
        for each in _missing_versions(result, rules)
    ]


def _missing_versions(result: Seen, rules: NativeRules) -> list[VersionMissing]:
    rows = list(result["missing_versions"])
    told = {(row["file"], row["version"]) for row in rows}
    for each in extras_beyond_target(result["natives"], rules):
        if (each.file, each.version) not in told:
            row: VersionMissing = {
                "package": each.package,
                "file": each.file,
                "library": "libc.so.6",
                "version": each.version,
            }
            rows.append(row)
    return sorted(rows, key=lambda row: (row["package"], row["file"], row["version"]))


def sources(libraries: Iterable[str], rules: NativeRules) -> list[str]:
    """A line for each library of which we know where it comes from."""
    told = [(library, _source(library, rules)) for library in sorted(libraries)]
    return [f"{library}: {source}" for library, source in told if source]


def _source(library: str, rules: NativeRules) -> str:
    packages = rules.providers(library)
    if packages:
        return f"on {rules.system} in {' and '.join(packages)}"
    vendor = rules.vendor(library)
    return f"from {vendor}" if vendor else ""


def remedy(libraries: Iterable[str], rules: NativeRules) -> str:
    """What to do about missing libraries."""
    packages = sorted({name for library in libraries for name in rules.providers(library)})
    if not packages:
        return (
            "install the library's system package on the target and in its image, or choose a build "
            "of the package that brings it"
        )
    which, verb, them = (
        ("system package", "provides", "it") if len(packages) == 1 else ("system packages", "provide", "them")
    )
    return (
        f"on {rules.system} the {which} {', '.join(packages)} {verb} what is missing: add {them} to "
        "`system-packages`, or write `system-packages: auto`"
    )


def document(result: Seen, plan: RehearsalPlan, rules: NativeRules) -> dict[str, object]:
    """The part of proof.json about native libraries."""
    needed = [
        (_numbers(need), each["package"], need["file"])
        for each, need in _needs(result["natives"])
        if need["family"] == "GLIBC" and need["module"]
    ]
    highest = max(needed, default=None)
    return {
        "missing_libraries": [
            {**each, "packages": list(rules.providers(each["library"]))}
            for each in result["missing_libraries"]
        ],
        "missing_versions": _missing_versions(result, rules),
        "tag_lies": [
            {
                "package": each.package,
                "file": each.file,
                "needs": each.version,
                "tag": each.tag,
                "allowed": is_allowed(each, plan),
            }
            for each in tag_lies(result["natives"], rules)
        ],
        "glibc_needed": highest
        and {"version": ".".join(map(str, highest[0])), "package": highest[1], "file": highest[2]},
    }
