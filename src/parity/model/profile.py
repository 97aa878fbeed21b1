"""The profile as a value: what the target is, what stands for it, what to install and to check."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from parity.model.gems import GemsPlan
from parity.model.image import ImageSource
from parity.model.inputs import IndexSettings, OtherFile, SourcePlan, SystemPlan
from parity.model.limits import Limits
from parity.model.project import ProjectPlan
from parity.model.vehicle import VehiclePlan

LibcFamily = Literal["glibc", "musl"]

_LIBC = re.compile(r"(glibc|musl) (\d+)\.(\d+)|(musl) (\d+)\.(\d+)\.(\d+)")
_LIBC_TAG = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)(?:_\w+)?")
# PEP 600's table of what the older names mean.
_LEGACY_TAGS = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


@dataclass(frozen=True, order=True)
class Libc:
    """A C library: its family and its (major, minor) version.

    Attributes:
        patch: of musl, whose tags do not tell what its patch releases brought; -1 for any.
    """

    family: LibcFamily
    version: tuple[int, int]
    patch: int = -1

    @classmethod
    def parse(cls, text: str) -> Libc:
        """Read `glibc 2.34`, `musl 1.2.5` or a platform tag such as `manylinux_2_34` (PEP 600, 656).

        A tag may name its architecture too, as wheels do: `manylinux2014_x86_64`.

        Raises:
            ValueError: the text is none of these.
        """
        if match := _LIBC.fullmatch(text):
            if match[4]:
                return cls("musl", (int(match[5]), int(match[6])), int(match[7]))
            family: LibcFamily = "glibc" if match[1] == "glibc" else "musl"
            return cls(family, (int(match[2]), int(match[3])))
        if match := _LIBC_TAG.fullmatch(text):
            family = "glibc" if match[1] == "manylinux" else "musl"
            return cls(family, (int(match[2]), int(match[3])))
        legacy = text.partition("_")[0]
        if legacy in _LEGACY_TAGS:
            return cls("glibc", _LEGACY_TAGS[legacy])
        raise ValueError(f"{text!r} is neither 'glibc X.Y', 'musl X.Y' nor a manylinux/musllinux tag")

    @property
    def tag(self) -> str:
        """The newest platform tag this libc can run, without the architecture: `manylinux_2_34`."""
        prefix = "manylinux" if self.family == "glibc" else "musllinux"
        return f"{prefix}_{self.version[0]}_{self.version[1]}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version, with its patch where that is told."""
        return self.version if self.patch < 0 else (*self.version, self.patch)

    def admits(self, other: Libc) -> bool:
        """Whether that one is what this one says; a patch that is not told here may be any."""
        return self.family == other.family and self.numbers == other.numbers[: len(self.numbers)]

    def __str__(self) -> str:
        return f"{self.family} {'.'.join(map(str, self.numbers))}"


@dataclass(frozen=True)
class Target:
    """The machine behind the gap. `arch` is as `uname -m` says it; `python` is `X.Y` or `X.Y.Z`."""

    os_id: str
    os_version: str
    libc: Libc
    python: str
    arch: str

    @property
    def python_minor(self) -> str:
        """The `X.Y` that wheels are tagged for."""
        return ".".join(self.python.split(".")[:2])


@dataclass(frozen=True)
class Requirements:
    """What to install: inline requirement lines (PEP 508) and files, all paths absolute.

    `folder` is what relative paths in inline lines start at, None where there can be none.
    """

    inline: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    constraints: tuple[Path, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True)
class RehearsalPlan:
    """What the rehearsal checks beyond installing.

    `memory` and `disk` are in bytes, `timeout` in seconds for the whole rehearsal. `commands` run in the new
    environment through `sh -c`, its `bin` first on PATH. `allow` names findings of the audit, and wheels
    whose tags promise too much, that are accepted, as `KIND:PACKAGE`, such as `pth-file:setuptools`; and
    modules that need not import, as `import:MODULE`. `require` names modules that must, `skip` those that are
    not tried. `environment` holds variables for commands, and for imports that fail without.
    """

    imports: bool = True
    require: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    memory: int = 4 * 1024**3
    timeout: int = 900
    missing_libraries: Literal["error", "warn"] = "warn"
    allow: tuple[str, ...] = ()
    disk: int = 32 * 1024**3


@dataclass(frozen=True)
class Profile:
    """A checked profile, `extends` resolved, every path absolute.

    `document` is the merged YAML as canonical JSON text without the folders of this machine;
    it is what travels in the bundle as profile.yaml (JSON is YAML) and what the digest is of.
    `prereleases` lets the resolver choose them for everything (pip's --pre).
    """

    name: str
    path: Path
    target: Target
    image: ImageSource
    requirements: Requirements
    index: IndexSettings
    rehearsal: RehearsalPlan
    installer: str
    exclude_newer: str | None
    product: str | None
    version: str | None
    serial: int | None
    document: str
    project: ProjectPlan | None = None
    sources: SourcePlan = field(default_factory=SourcePlan)
    system: SystemPlan = field(default_factory=SystemPlan)
    gems: GemsPlan = field(default_factory=GemsPlan)
    other_files: tuple[OtherFile, ...] = ()
    prereleases: bool = False
    limits: Limits = field(default_factory=Limits)
    vehicle: VehiclePlan = field(default_factory=VehiclePlan)

    @property
    def installs(self) -> bool:
        """Whether it says itself what to install; a target leaves that to the command line."""
        wanted = self.requirements
        return bool(wanted.inline or wanted.files or self.project or self.gems.any)

    @property
    def building(self) -> RehearsalPlan:
        """The rehearsal's limits with the time that a step of building a source may take."""
        return replace(self.rehearsal, timeout=self.limits.building)
