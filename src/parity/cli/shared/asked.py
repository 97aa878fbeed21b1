"""What to build and how, as the command line says it: the same for every command that takes it.

`words` are targets, packages and folders in any order (`parity.cli.shared.words`); `build_requests` reads
every file of it, before engine and image are touched.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from parity.cli.shared.lying import suggestions
from parity.cli.shared.naming import Naming, of_file, of_packages, of_project
from parity.cli.shared.places import base_folder, lock_folder, lock_label
from parity.cli.shared.words import sort_constraints, sort_files, sort_words
from parity.errors import InputFileError, OptionConflict, ParityError, ProfileNotFound
from parity.model import BundleIdentity, ImageSource, Profile
from parity.pipeline.context.values import BuildRequest
from parity.portable.names import normalize_name
from parity.profile import TARGETS, Overrides, find_profile, is_bare, is_paritys, load_profile
from parity.project import NO_LOCK, Project, read_project
from parity.resolve import (
    WhatToInstall,
    lock_path,
    read_requirements,
    requirement_name,
    with_file_options,
)


@dataclass(frozen=True)
class WhatToBuild:
    """What one call asks for, as it was given.

    Attributes:
        words: the call's own, without options.
        files: of -r: requirements files, pyproject.toml, uv.lock, pylock.toml, a script (PEP 723).
        constraints: of -c: files.
        packages: of -p.
        extras: of the project.
        groups: of the project.
        product: what the bundle is called.
        version: of the bundle.
        serial: of the bundle.
        exclude_newer: a date.
        arch: of the target, instead of the profile's.
        build_from_source: names of packages.
        allow: findings, several to a word with commas between.
        command: how the call begins, for remedies.
    """

    words: tuple[str, ...]
    files: tuple[Path, ...] = ()
    constraints: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    product: str | None = None
    version: str | None = None
    serial: int | None = None
    exclude_newer: str | None = None
    arch: str | None = None
    build_from_source: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    command: str = "build"

    def said(self) -> tuple[str, ...]:
        """Its options that say what to install, as they are typed."""
        lists = (
            ("-r", map(str, self.files)),
            ("-c", map(str, self.constraints)),
            ("-p", self.packages),
            ("--extra", self.extras),
            ("--group", self.groups),
        )
        return tuple(word for option, values in lists for value in values for word in (option, value))


@dataclass(frozen=True)
class HowToBuild:
    """Where the bundle goes, and how the lock is used; `upgraded` are packages to resolve anew."""

    output: Path = Path("dist")
    lock: Path | None = None
    locked: bool = False
    upgrade: bool = False
    stand_in: str | None = None
    upgraded: tuple[str, ...] = ()


def build_requests(what: WhatToBuild, how: HowToBuild) -> list[BuildRequest]:
    """One request for each target that the words name.

    Raises:
        ProfileNotFound, ProfileError: no target is named, or its profile cannot be used.
        InputFileError: a file cannot be read, or nothing is asked to be installed.
        OptionConflict: options that exclude each other.
    """
    if how.locked and (how.upgrade or how.upgraded):
        raise OptionConflict("--locked keeps the lock, --upgrade replaces it: choose one")
    words = sort_words(what.words, what.command, what.said())
    if how.lock and len(words.targets) > 1:
        raise OptionConflict(
            "--lock names one file, but there are several profiles",
            remedy="build each by itself, or leave --lock out",
        )
    asked = _overrides(what, words.packages, words.projects)
    profiles = [load_profile(target, overrides=asked) for target in words.targets]
    stand_in = _stand_in(how.stand_in) if how.stand_in else None
    for profile in profiles if stand_in else ():
        _demand_own_image(profile, how)
    requests = [_Reading(what, how, asked, profile).request(stand_in) for profile in profiles]
    files = [request.filename for request in requests]
    # Side by side they would write into one file; the last one would win.
    if len(set(files)) != len(files):
        twice = sorted({file for file in files if files.count(file) > 1})
        raise OptionConflict(
            f"two profiles would write the same bundle: {', '.join(twice)}",
            remedy="name each target once; build profiles of one name apart, each with a -o of its own",
        )
    return requests


def _overrides(what: WhatToBuild, packages: tuple[str, ...], folders: tuple[Path, ...]) -> Overrides:
    """What the call says instead of the profile."""
    files = sort_files(what.files, folders)
    return Overrides(
        requirements=files.lists,
        packages=(*packages, *what.packages),
        constraints=sort_constraints(what.constraints),
        project=files.project,
        script=files.script,
        extras=what.extras,
        groups=what.groups,
        product=what.product,
        version=what.version,
        serial=what.serial,
        exclude_newer=what.exclude_newer,
        arch=what.arch,
        build_from_source=what.build_from_source,
        allow=tuple(word for given in what.allow for word in given.split(",") if word),
    )


@dataclass(frozen=True)
class _Reading:
    """One target of a call on its way to a request."""

    call: WhatToBuild
    how: HowToBuild
    asked: Overrides
    profile: Profile

    def request(self, stand_in: ImageSource | None) -> BuildRequest:
        """What is asked for, every file of it read."""
        what = read_requirements(self.profile.requirements, self.profile.name)
        profile = with_file_options(self.profile, what.options)
        if not (profile.project or what.requirements or what.direct or profile.gems.any):
            raise self._nothing()
        project = self._project(what)
        found = self._naming(project)
        identity = self._identity(found)
        given = list(self._files())
        return BuildRequest(
            profile=profile,
            what=what,
            identity=identity,
            output=self.how.output,
            lock_path=self.how.lock
            or lock_path(lock_folder(profile.path, given, self.how.output), self._label(identity.product)),
            base=base_folder(profile.path, given),
            locked=self.how.locked,
            upgrade=self.how.upgrade,
            renewed=frozenset(map(normalize_name, self.how.upgraded)),
            stand_in=stand_in,
            version_of="" if profile.version or found.version else found.own,
        )

    def _project(self, what: WhatToInstall) -> Project | None:
        if self.profile.project is None:
            if self.call.extras or self.call.groups:
                raise OptionConflict(
                    "--extra and --group are of a project, and none is named",
                    remedy="add -r pyproject.toml, or the project's folder",
                )
            return None
        project = read_project(self.profile.project)
        said = self.call.groups or project.lock != NO_LOCK or "project" in project.pyproject
        if self.profile.project.only_dependencies and not said:
            raise self._no_table(project)
        _check_python(project, self.profile.target.python)
        if self.asked.replaces and project.lock != NO_LOCK and (what.requirements or what.direct):
            raise OptionConflict(
                f"the project in {project.plan.folder} has a {project.lock}, so nothing can join in",
                remedy="add the others to the project (`uv add NAME`), or build them by themselves",
            )
        return project

    def _files(self) -> Iterator[Path]:
        """The files that say what to install, or what stands for them; the lock lies beside the first."""
        if self.asked.project:
            yield self.asked.project.folder / "pyproject.toml"
        if self.asked.script:
            yield self.asked.script
        yield from self.asked.requirements
        if self.asked.packages:
            # There is no such file: what was typed belongs to the folder that it was typed in.
            yield Path.cwd() / "packages"

    def _identity(self, found: Naming) -> BundleIdentity:
        now, profile = clock(), self.profile
        firm, loose = (found.product, "") if found.firm else ("", found.product)
        if self.asked.product or not self.asked.replaces:
            firm, loose = "", loose or firm  # profile.product is what was asked for, or is said there
        version = profile.version or found.version
        return BundleIdentity(
            product=firm or profile.product or loose or profile.name,
            version=version or datetime.fromtimestamp(now, timezone.utc).strftime("%Y.%m.%d"),
            # Time only grows, so it serves as a serial where nobody counts; targets compare serials, no
            # clocks.
            serial=now if profile.serial is None else profile.serial,
            profile=profile.name,
        )

    def _naming(self, project: Project | None) -> Naming:
        if project is not None:
            return of_project(project)
        if self.asked.requirements:
            return of_file(self.asked.requirements[0])
        return of_packages(self.asked.packages)

    def _label(self, product: str) -> str:
        """What the lock is called after: no folder, which is another one for each colleague.

        Each product has a lock of its own: `-r web.txt` must not replace that of the profile's own packages.
        """
        project = self.asked.project or self.asked.script
        if self.asked.requirements and not (project or self.asked.product):
            product = self.asked.requirements[0].stem
        elif not self.asked.replaces:
            product = self.profile.product or self.profile.name
        return lock_label(product, self.profile.name)

    def _no_table(self, project: Project) -> InputFileError:
        folder = os.path.relpath(project.plan.folder)
        folder = shlex.quote(folder if folder.startswith(".") else f"./{folder}")
        file = project.said[0]
        return InputFileError(
            f"{file} has no [project]: what its package requires is known when it is built",
            where=str(file),
            remedy=f"parity {self.call.command} {self.profile.name} {folder} builds it and carries it, too",
        )

    def _nothing(self) -> ParityError:
        if self.asked.requirements:
            files = ", ".join(map(str, self.asked.requirements))
            return InputFileError(
                f"{files} asks for nothing to be installed",
                where=str(self.asked.requirements[0]),
                remedy="write a requirement on a line of it",
            )
        call = f"parity {self.call.command} {self.profile.name}"
        here = [*_lying_here()]
        ways = [f"{call} {way}" for way in here or ("-r requirements.txt", "pandas 'scikit-learn>=1.4'")]
        more = () if here else (f"{call} ./PROJECT for a folder with a pyproject.toml",)
        ways = [f"{call} -p {each} for the package of that name" for each in self._called_alike()] + ways
        own = f"parity init --extends {self.profile.name} for a profile of your own"
        if not is_paritys(self.profile.path.parent):
            own = "name requirements under install.requirements or install.files in it"
        return InputFileError(
            f"{self.profile.name} asks for nothing to be installed: say what",
            where=str(self.profile.path),
            remedy=", or ".join((*ways, *more, own)),
        )

    def _called_alike(self) -> Iterator[str]:
        """Profiles of one's own among the words, each of which may have been meant as a package."""
        named = (word for word in self.call.words if is_bare(word) and requirement_name(word))
        for word in named:
            if word != self.profile.name and not is_paritys(find_profile(word).parent):
                yield word


def _stand_in(name: str) -> ImageSource:
    try:
        return load_profile(name).image
    except ProfileNotFound as error:
        remedy = f"--stand-in takes the name of a profile: {TARGETS}"
        raise ProfileNotFound(error.message, where="--stand-in", remedy=remedy) from error


def _demand_own_image(profile: Profile, how: HowToBuild) -> None:
    if profile.vehicle.form == "image":
        raise OptionConflict(
            f"{profile.name} makes an image on the target's own, and {how.stand_in} only stands in for that",
            where=str(profile.path),
            remedy="leave out --stand-in, or say `vehicle: bundle` or `vehicle: environment`",
        )


def _check_python(project: Project, python: str) -> None:
    """Demand that the project takes some release of the target's Python: which one, the image will tell."""
    # Its first release, and one behind all that there will be.
    if not any(_takes(project, release) for release in (f"{python}.0", f"{python}.99")):
        project.check_python(python)


def _takes(project: Project, python: str) -> bool:
    try:
        project.check_python(python)
    except InputFileError:
        return False
    return True


def _lying_here() -> Iterator[str]:
    """What of the current folder could be meant, as it is typed."""
    for each in suggestions(Path()):
        yield f"-r {each.file}" if each.file else each.source or "."


def clock() -> int:
    """Seconds since 1970; SOURCE_DATE_EPOCH where it is set (reproducible-builds.org)."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
