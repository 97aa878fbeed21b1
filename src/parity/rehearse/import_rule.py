"""What is imported of whom, and which failures count. Pure.

The main modules of a requested package must import: those that its metadata names (Import-Name, PEP 794),
else those that bear its name, else at least one of any. Others may want a module that nobody promises. Each
may want settings or a display, which a rehearsal does not have; none may want for a library of the system.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from parity.model import RehearsalPlan
from parity.portable.names import normalize_name
from parity.rehearse.import_workers import Package, together
from parity.wire.rehearsing import DistributionFound, ImportAnswer, ImportSeen

ALLOWABLE = "import"
"""The finding that `rehearsal.allow` may accept by name, as `import:MODULE` or `import:PACKAGE`."""
_ELSEWHERE = frozenset(("settings", "display", "program"))
"""What a module may want without any fault of its package: it has it where it is used."""
# A package writes these words, and a package manager may be asked by them: no pattern, no path, no option.
_PLAIN = r"[A-Za-z0-9_][A-Za-z0-9_.+-]*"
_LIBRARY = re.compile(
    rf"(?:^|: )({_PLAIN}\.so(?:[.-][A-Za-z0-9_.+-]*)?): cannot open shared object"
    rf"|Error loading shared library ({_PLAIN})(?=[\s:]|$)",
    re.MULTILINE,
)
# Some are opened by several names in turn, and the error tells of the first alone: libgobject-2.0-0.
_BY_OTHER_NAME = re.compile(r"(?:^|: )(lib[\w.+-]+): cannot open shared object", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_NAME = re.compile(r"\s*([A-Za-z0-9._-]+)")
_MOST_DEPENDENTS = 5


class Scope:
    """What is imported of an environment.

    Args:
        distributions: what is installed.
        asked: normalised names of the packages that the user asked for.
        plan: which modules the profile demands and leaves out.
    """

    def __init__(
        self, distributions: Sequence[DistributionFound], asked: Collection[str], plan: RehearsalPlan
    ) -> None:
        self._distributions = {each["name"]: each for each in distributions}
        self._asked = frozenset(asked)
        self._plan = plan
        # Asked for once for each module, of which a package may have very many.
        self._mains: dict[str, frozenset[str]] = {}
        self._requires = {
            name: _names(each["requires"]) - {name} for name, each in self._distributions.items()
        }
        self._dependents: dict[str, list[str]] = {}
        for name, required in self._requires.items():
            for other in required:
                self._dependents.setdefault(other, []).append(name)
        roots = {module for name in self._distributions for module in self._all(name)}
        self._promised = roots | {parent for module in roots for parent in _parents(module)}
        self._roots = roots

    def packages(self, *, hidden: bool) -> list[Package]:
        """Requested ones alone, and what came along together, where workers can hide; else each alone."""
        alone = {name: set(self._modules(name)) for name in self._distributions if name in self._asked}
        for module in self._plan.require:
            alone.setdefault(self._owner(module), set()).add(module)
        rows = [
            Package(name, (*sorted(each), *self.targets(name)), self._weight(name))
            for name, each in alone.items()
            if each
        ]
        along = [
            Package(name, left, self._distributions[name]["files"])
            for name in self._distributions
            if name not in self._asked
            and (left := tuple(each for each in self._modules(name) if each not in alone.get(name, ())))
        ]
        return [*rows, together(along)] if hidden and len(along) > 1 else [*rows, *along]

    def _weight(self, name: str) -> int:
        """How many files a package has with all that it requires: it loads these as well."""
        seen: set[str] = set()
        ahead = {name}
        while ahead:
            seen |= ahead
            ahead = {other for each in ahead for other in self._requires.get(each, ())} - seen
        return sum(self._distributions[each]["files"] for each in seen if each in self._distributions)

    def targets(self, name: str) -> list[str]:
        """What the scripts of a requested package start: `module:object`, sorted."""
        found = self._distributions.get(name)
        return sorted({target for _, target in found["scripts"]}) if found and name in self._asked else []

    def bare(self) -> list[str]:
        """Requested packages of which nothing is imported."""
        return sorted(name for name in self._distributions if name in self._asked and not self._modules(name))

    def seen(self, package: str, answer: ImportAnswer) -> ImportSeen:
        """One import's words for the proof: without addresses, and with what it lacks."""
        module = answer["module"]
        match = _LIBRARY.search(answer["text"]) or _BY_OTHER_NAME.search(answer["text"])
        library = next(filter(None, match.groups())) if match else ""
        requested = package in self._asked or module in self._plan.require
        return {
            "package": package,
            "module": module,
            "requested": requested,
            "error": shown(answer),
            "library": library,
            "at": answer["at"],
            "main": module in self._plan.require or module in self._main(package),
            "wants": self._wants(package, answer) if requested and not library else "",
            "missing": answer["missing"] if requested else "",
            "after": "",
        }

    def dependents(self, package: str, worked: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Who requires it, with modules that could be imported, a few.

        Args:
            package: a normalised name.
            worked: package → its modules that could be imported.
        """
        found = (name for name in self._dependents.get(package, ()) if name in worked)
        return {name: worked[name] for name in itertools.islice(found, _MOST_DEPENDENTS)}

    def _modules(self, name: str) -> list[str]:
        skipped = frozenset(self._plan.skip)
        return [each for each in self._all(name) if not skipped & {each, *_parents(each)}]

    def _all(self, name: str) -> list[str]:
        """Its modules; of requested ones something in any case, if there is anything."""
        found = self._distributions[name]
        if name not in self._asked:
            return found["modules"]
        return sorted({*(found["modules"] or found["deeper"]), *found["import_names"]})

    def _main(self, package: str) -> frozenset[str]:
        if package not in self._mains:
            self._mains[package] = self._main_of(package)
        return self._mains[package]

    def _main_of(self, package: str) -> frozenset[str]:
        found = self._distributions.get(package)
        if found is None:
            return frozenset()
        return frozenset(found["import_names"]) or frozenset(
            each
            for each in self._all(package)
            if normalize_name(each) == package and not any(part.startswith("_") for part in each.split("."))
        )

    def _owner(self, module: str) -> str:
        """The package that has a module: whose root is the nearest to it."""
        near = {root: name for name in self._distributions for root in self._all(name)}
        for name in (module, *_parents(module)):
            if name in near:
                return near[name]
        below = sorted(root for root in near if module in _parents(root))
        return near[below[0]] if below else module.partition(".")[0]

    def _wants(self, package: str, answer: ImportAnswer) -> str:
        kind, missing = answer["wants"], answer["missing"]
        if answer["module"] in self._plan.require or not answer["error"]:
            return ""
        if kind in _ELSEWHERE - {"program"}:
            return kind
        if kind != "module" or (missing in self._promised or self._roots & set(_parents(missing))):
            return ""
        own = self._distributions.get(package)
        return "program" if own and own["programs"] and normalize_name(missing) == package else kind


def shown(answer: ImportAnswer) -> str:
    """How an import ended, without addresses of memory, which differ from run to run."""
    return _ADDRESS.sub("0x…", answer["error"])


def counting(rows: Sequence[ImportSeen], plan: RehearsalPlan) -> list[ImportSeen]:
    """The failures for which a bundle is refused."""
    fine = {row["package"] for row in rows if works(row)}
    have_main = {row["package"] for row in rows if row["main"]}
    return [
        row
        for row in rows
        if row["requested"]
        and not works(row)
        and (
            row["library"]
            or not (
                row["wants"] in _ELSEWHERE
                or is_allowed(row, plan)
                or (row["wants"] == "module" and not row["main"] and row["package"] in fine | have_main)
            )
        )
    ]


def works(row: ImportSeen) -> bool:
    """Whether it could be imported, at once or the second time."""
    return not row["error"] or bool(row["after"])


def is_allowed(row: ImportSeen, plan: RehearsalPlan) -> bool:
    """Whether the profile accepts that this cannot be imported."""
    return is_accepted(row["package"], row["module"], plan)


def is_accepted(package: str, module: str, plan: RehearsalPlan) -> bool:
    """Whether the profile accepts, by either name, that a module of a package cannot be imported."""
    names = {module, *_parents(module)}
    accepted = [name for kind, _, name in (each.partition(":") for each in plan.allow) if kind == ALLOWABLE]
    return any(name in names or normalize_name(name) == package for name in accepted)


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def _names(requires: Iterable[str]) -> set[str]:
    """The normalised names of what Requires-Dist lines (PEP 508) ask for, whatever their markers say."""
    return {normalize_name(found[1]) for line in requires if (found := _NAME.match(line))}
