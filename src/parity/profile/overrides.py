"""What the command line says instead of the profile, laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.profile.build import source_names
from parity.profile.layers import Layer, Place, merge, value_at

COMMAND_LINE = "command line"
_LIMITS = ("constraints", "build-from-source", "held-back")
"""What of `install` stays where the command line says what to install."""


@dataclass(frozen=True)
class ProjectAsked:
    """A project that the command line names.

    Attributes:
        folder: the one that holds its pyproject.toml.
        lock: which lock decides, as `install.project.lock` says it.
        itself: whether it is carried itself; else only what it requires.
    """

    folder: Path
    lock: str = "auto"
    itself: bool = True


@dataclass(frozen=True)
class Overrides:
    """What the command line says instead of the profile; relative paths start at the current folder.

    `requirements` (files), `packages`, `project` and `script` replace all that the profile installs; its
    constraints stay, to which `constraints` (files) add, and so does what may be built from source, to which
    `build_from_source` adds. `extras`
    and `groups` are of the project, whoever names it. `allow` adds to the findings that the profile accepts.
    `arch` makes another target of the profile, with a name of its own.
    """

    requirements: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    constraints: tuple[Path, ...] = ()
    project: ProjectAsked | None = None
    script: Path | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    product: str | None = None
    version: str | None = None
    serial: int | None = None
    exclude_newer: str | None = None
    arch: str | None = None
    index_url: str | None = None
    build_from_source: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    @property
    def replaces(self) -> bool:
        """Whether it says itself what to install."""
        return bool(self.requirements or self.packages or self.project or self.script)


def override(layer: Layer, overrides: Overrides) -> Layer:
    """The document with what the command line says laid over it."""
    if overrides.replaces:
        layer = _only_limits(layer)
    top: dict[str, object] = {
        "install": _install(layer, overrides) or None,
        "product": overrides.product,
        "version": overrides.version,
        "serial": overrides.serial,
        "exclude-newer": overrides.exclude_newer,
        "rehearsal": _rehearsal(layer, overrides) or None,
        "target": None if overrides.arch is None else {"arch": overrides.arch},
        "index": None if overrides.index_url is None else {"url": overrides.index_url},
    }
    # None is "not said"; an empty text was said, and is judged.
    value = {key: item for key, item in top.items() if item is not None}
    return _constrained(merge(layer, _command_line_layer(value)), overrides.constraints)


def _constrained(layer: Layer, files: Sequence[Path]) -> Layer:
    """With more constraints behind the profile's own, whose paths start at the profile."""
    install = layer.value.get("install", {})
    said = install.get("constraints", []) if isinstance(install, dict) else None
    if not files or not isinstance(said, list):
        return layer  # whoever checks the profile says what is wrong with it
    place = Place(COMMAND_LINE, Path.cwd(), 0)
    trails = [("install", "constraints", len(said) + number) for number in range(len(files))]
    value = {**layer.value, "install": {**install, "constraints": [*said, *map(str, files)]}}
    return Layer(value, {**layer.places, **dict.fromkeys(trails, place)})


def _install(layer: Layer, overrides: Overrides) -> dict[str, object]:
    found: dict[str, object] = {}
    if overrides.requirements:
        found["files"] = [str(path) for path in overrides.requirements]
    if overrides.packages:
        found["requirements"] = list(overrides.packages)
    if overrides.script:
        found["script"] = str(overrides.script)
    if project := _project(layer, overrides):
        found["project"] = project
    if overrides.build_from_source:
        install = layer.value.get("install")
        said = source_names(install) if isinstance(install, dict) else []
        found["build-from-source"] = [*said, *overrides.build_from_source]
    return found


def _project(layer: Layer, overrides: Overrides) -> dict[str, object]:
    asked = overrides.project
    said: dict[str, object] = {}
    if asked is not None:
        said = {"path": str(asked.folder), "lock": asked.lock}
        if not asked.itself:
            said["only-dependencies"] = True
    elif not isinstance(value_at(layer, ("install", "project")), dict):
        return {}  # whoever reads the profile sees that there is no project
    for key, names in (("extras", overrides.extras), ("groups", overrides.groups)):
        if names:
            said[key] = list(names)
    return said


def _rehearsal(layer: Layer, overrides: Overrides) -> dict[str, object]:
    if not overrides.allow:
        return {}
    return {"allow": [*_said(layer, "rehearsal", "allow"), *overrides.allow]}


def _said(layer: Layer, *trail: str) -> list[object]:
    """A list of the document, which nobody has checked yet; empty where there is none."""
    said = value_at(layer, trail)
    return said if isinstance(said, list) else []


def _only_limits(layer: Layer) -> Layer:
    install = layer.value.get("install")
    if not isinstance(install, dict):
        return layer
    kept = {key: value for key, value in install.items() if key in _LIMITS}
    return Layer({**layer.value, "install": kept}, layer.places)


def _command_line_layer(value: dict[str, object]) -> Layer:
    # A problem names its file and line; what was typed has neither, but it has a folder.
    place = Place(COMMAND_LINE, Path.cwd(), 0)
    trails: list[tuple[str | int, ...]] = []

    def walk(item: object, trail: tuple[str | int, ...]) -> None:
        trails.append(trail)
        if isinstance(item, dict):
            for key, child in item.items():
                walk(child, (*trail, key))
        elif isinstance(item, list):
            for number, child in enumerate(item):
                walk(child, (*trail, number))

    for key, child in value.items():
        walk(child, (key,))
    return Layer(value, dict.fromkeys(trails, place))
