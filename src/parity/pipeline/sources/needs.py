"""What builds need of the index: their requirements, limited as the user says, as locks of wheels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.errors import BuildFailed, NoWheel, ParityError, Unresolvable
from parity.model import Lock, Requirements, SourcePackage
from parity.pipeline.context.run import BuildRun
from parity.pipeline.sources.built import NOTHING
from parity.portable.names import normalize_name
from parity.resolve import RequirementLine, ResolveInputs, read_requirements, resolve_lock


@dataclass(frozen=True)
class Needs:
    """The build requirements of one source."""

    run: BuildRun
    source: SourcePackage

    @property
    def added(self) -> tuple[str, ...]:
        """Requirement lines that the user adds to what the source says."""
        return self._of_this(self.run.profile.sources.requirements)

    @property
    def decided(self) -> list[object]:
        """What of the user's words decides about a build, for a key."""
        return [self.added, self._limits(), [line.text for line in self.run.request.what.constraints]]

    def locked(self, lines: Sequence[str]) -> Lock:
        """Lines of a build as a lock of wheels: no build leads to another build.

        The limits that the profile has for builds hold; those of install.constraints too, unless there is no
        way then: that is a warning.

        Raises:
            BuildFailed: they cannot be had as wheels.
        """
        constraints = self.run.request.what.constraints
        own = self._constraints()
        try:
            return self._resolved(lines, (*own, *constraints))
        except (NoWheel, Unresolvable) as error:
            if not constraints:
                raise self._failed("a build requirement", error) from error
        try:
            found = self._resolved(lines, own)
        except (NoWheel, Unresolvable) as error:
            raise self._failed("a build requirement", error) from error
        self.run.world.reporter.warn(
            f"install.constraints leave no way to build {self._name}: its build requirements do without them"
        )
        return found

    def tools(self, lines: Sequence[str], what: str) -> Lock:
        """Tools that have nothing to do with the source, whatever limits there are."""
        try:
            return self._resolved(lines, ())
        except (NoWheel, Unresolvable) as error:
            raise self._failed(what, error) from error

    @property
    def _name(self) -> str:
        return self.source.name or self.source.address

    def _of_this(self, said: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        address = self.source.address.rstrip("/").rpartition("/")[2]
        names = {normalize_name(self.source.name or address), ""}
        return tuple(line for name, line in said if name in names)

    def _limits(self) -> tuple[str, ...]:
        return self._of_this(self.run.profile.sources.constraints)

    def _constraints(self) -> tuple[RequirementLine, ...]:
        where = "builder.build-constraints"
        return read_requirements(Requirements(inline=self._limits()), where).requirements

    def _resolved(self, lines: Sequence[str], constraints: Sequence[RequirementLine]) -> Lock:
        run, profile = self.run, self.run.profile
        what = read_requirements(Requirements(inline=tuple(lines)), f"the build requirements of {self._name}")
        if what.direct:
            raise BuildFailed(
                f"{self._name} cannot be built: a build requirement of it is named by its address",
                where=self._name,
                remedy="build requirements come as wheels of an index",
            )
        inputs = ResolveInputs(
            what=replace(what, constraints=tuple(constraints)),
            facts=run.facts,
            tags=run.tags,
            index=profile.index,
            exclude_newer=profile.exclude_newer,
        )
        if not what.requirements:
            return replace(NOTHING, requires_python=inputs.requires_python, created_by="none")
        return resolve_lock(run.guest, inputs, None, timeout=run.world.limits.resolving)

    def _failed(self, what: str, error: ParityError) -> BuildFailed:
        limits = ", ".join(self._limits())
        held = f" (builder.build-constraints: {limits})" if limits else ""
        return BuildFailed(
            f"{self._name} cannot be built: {what} cannot be had as a wheel{held}: {error.message}",
            where=self._name,
            remedy="what a build needs comes as wheels alone: put a wheel of it on your own index, "
            "or use another version",
            details=error.details,
        )
