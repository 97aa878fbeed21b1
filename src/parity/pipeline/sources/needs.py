"""What builds need of the index: their requirements, limited as the user says, as locks of wheels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parity.errors import BuildFailed, NoWheel, ParityError, Unresolvable
from parity.model import Lock, LockedWheel, Requirements, SourcePackage
from parity.pipeline.context.run import BuildRun
from parity.pipeline.sources.built import NOTHING, Built, is_wheel, known_of
from parity.portable.names import normalize_name
from parity.resolve import RequirementLine, ResolveInputs, read_requirements, resolve_lock

_ROUNDS = 12
"""Each round builds what the one before has shown to be needed."""


@dataclass(frozen=True)
class Needs:
    """The build requirements of one source.

    Attributes:
        run: whose profile and index count.
        source: what is built.
        build: builds what has no fitting wheel, where the profile lets whatever has none be built; None
            where no build may lead to another one.
        limits: lines besides those that the profile has for builds.
    """

    run: BuildRun
    source: SourcePackage
    build: Callable[[SourcePackage], Built] | None = None
    limits: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        """Requirement lines that the user adds to what the source says."""
        return self._of_this(self.run.profile.sources.requirements)

    @property
    def decided(self) -> list[object]:
        """What of the user's words decides about a build, for a key."""
        return [self.added, self._limits(), [line.text for line in self.run.request.what.constraints]]

    def names(self, package: str) -> bool:
        """Whether the user has a word about a build requirement, by its normalised name."""
        lines = Requirements(inline=(*self._limits(), *self.added))
        said = (*read_requirements(lines, "builder").requirements, *self.run.request.what.constraints)
        return any(line.name == package for line in said)

    def locked(self, lines: Sequence[str]) -> Lock:
        """Lines of a build as a lock of wheels; what has none is built, where that may be.

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
        return (*self._of_this(self.run.profile.sources.constraints), *self.limits)

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
        try:
            return resolve_lock(run.guest, inputs, None, timeout=run.world.limits.resolving)
        except (NoWheel, Unresolvable):
            if self.build is None or not profile.sources.auto:
                raise
        return self._with_builds(replace(inputs, auto=True), self.build)

    def _with_builds(self, inputs: ResolveInputs, build: Callable[[SourcePackage], Built]) -> Lock:
        """Resolve and build in turns, as for what is installed; the lock has the built wheels."""
        run, built = self.run, dict[tuple[str, str], Built]()
        for _ in range(_ROUNDS):
            known = tuple(known_of(each, (), "") for each in built.values())
            lock = resolve_lock(run.guest, inputs, None, timeout=run.world.limits.resolving, known=known)
            sources = {(file.name, file.version): file for file in lock.wheels if not is_wheel(file)}
            if sources.keys() <= built.keys():
                made = (built[key].wheel if key in sources else file for key, file in _by_version(lock))
                return replace(lock, wheels=tuple(made))
            built.update({key: build(_sdist(sources[key])) for key in sources.keys() - built.keys()})
        raise Unresolvable(f"what the build of {self._name} needs comes to no end", where=self._name)

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


def _by_version(lock: Lock) -> list[tuple[tuple[str, str], LockedWheel]]:
    return [((file.name, file.version), file) for file in lock.wheels]


def _sdist(file: LockedWheel) -> SourcePackage:
    return SourcePackage(
        file.name, file.version, "sdist", file.url, sha256=file.sha256, index=file.index, path=file.path
    )
