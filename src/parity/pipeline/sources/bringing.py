"""What a failing build lacks of the distribution: which package has it, and building again with that."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from parity.engine.guests import GuestFailed
from parity.errors import BuildFailed, Missing
from parity.pipeline.context.run import BuildRun
from parity.project import likely
from parity.wire.building import DevelJob
from parity.wire.tasks import DEVEL

T = TypeVar("T")

_ROUNDS = 8
"""A build tells one thing that it lacks after the other."""
_FOLDER = "/tmp/parity-devel"  # noqa: S108 - inside the workshop, made with mode 0700
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,127}")


@dataclass(frozen=True)
class Lookup:
    """What was looked up: the packages, and why nothing could be told."""

    found: tuple[tuple[Missing, str], ...] = ()
    problem: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """Each package once."""
        return tuple(dict.fromkeys(package for _, package in self.found))

    @property
    def lines(self) -> tuple[str, ...]:
        """What is in which package."""
        return tuple(f"{_shown(missing)} is in {package}" for missing, package in self.found)


@dataclass(frozen=True)
class Bringing:
    """Builds again with what a build lacks, where the profile wants that; else names it."""

    run: BuildRun
    _known: dict[Missing, str] = field(default_factory=dict)

    def built(self, make: Callable[[tuple[str, ...]], T]) -> T:
        """What `make` gives with these packages of the distribution besides; called until it lacks none.

        Raises:
            BuildFailed: it fails for another reason, or lacks what no package is known to have.
        """
        brought: tuple[str, ...] = ()
        plan = self.run.profile.sources
        for _ in range(_ROUNDS):
            made, failed = _tried(make, brought)
            if failed is None or not failed.missing or self._without_builder(failed):
                break
            lookup = self._looked_up(failed.missing)
            fresh = [name for name in lookup.packages if name not in (*brought, *plan.packages)]
            if not fresh or not plan.bring:
                raise _named(failed, lookup, fresh, (*plan.packages, *brought)) from failed
            self.run.world.reporter.note(f"building again with {', '.join(fresh)}: {lookup.lines[0]}")
            brought += tuple(fresh)
        if failed is not None:
            raise failed
        return cast("T", made)

    def _without_builder(self, failed: BuildFailed) -> bool:
        """Whether all that it lacks is a compiler, since no builder is asked for: its remedy says that."""
        return not self.run.profile.sources.apart and failed.remedy != failed.default_remedy

    def _looked_up(self, missing: Sequence[Missing]) -> Lookup:
        """Ask the target's own package manager, in the workshop."""
        asked = [each for each in missing if each not in self._known]
        problem = self._ask(asked) if asked else ""
        return Lookup(tuple((each, self._known[each]) for each in missing if each in self._known), problem)

    def _ask(self, missing: Sequence[Missing]) -> str:
        run, network = self.run, self.run.world.network
        job: DevelJob = {
            "folder": _FOLDER,
            "wanted": [
                {"kind": each.kind, "name": each.name, "likely": list(likely(each))} for each in missing
            ],
            "timeout": run.world.limits.system_packages,
            "proxies": dict(network.proxies),
            "ca": network.ca_bundle,
        }
        try:
            result = run.guest.ask(DEVEL, job, timeout=2 * run.world.limits.system_packages)
        except (GuestFailed, TimeoutError) as error:
            return network.redact(str(error))
        for found in result["found"]:
            if _PACKAGE.fullmatch(found["package"]):
                self._known[Missing(found["kind"], found["name"])] = found["package"]
        return network.redact(result["problem"])


def _tried(
    make: Callable[[tuple[str, ...]], T], brought: tuple[str, ...]
) -> tuple[T | None, BuildFailed | None]:
    try:
        return make(brought), None
    except BuildFailed as failed:
        return None, failed


def _named(failed: BuildFailed, lookup: Lookup, fresh: Sequence[str], there: Sequence[str]) -> BuildFailed:
    """The same error, with what the build lacks and who has it."""
    known = {missing for missing, _ in lookup.found}
    unknown = [_shown(each) for each in failed.missing if each not in known]
    remedy = failed.remedy
    if fresh:
        listed = ", ".join([*there, *fresh])
        remedy = f"name what it lacks in the profile, `builder: {{packages: [{listed}]}}`, or have all that "
        remedy += "builds lack brought: `builder: {packages: auto}`"
    elif unknown and not lookup.found:
        remedy = "find the package of the distribution that has it, and name it in builder.packages"
    lacks = [f"it lacks {each}, which no package of the distribution is known to have" for each in unknown]
    lacks = [f"it cannot be looked up: {lookup.problem}"] if lookup.problem else lacks
    message = failed.args[0] if failed.args else str(failed)
    if fresh:
        message += f"; {lookup.lines[0]}"
    return BuildFailed(
        message, where=failed.where, remedy=remedy, details=(*lookup.lines, *lacks, *failed.details)
    )


def _shown(missing: Missing) -> str:
    words = {"pkg-config": "{}.pc", "library": "lib{}.so"}
    return words.get(missing.kind, "{}").format(missing.name)
