"""What `parity doctor PROFILE` looks at besides the machine: the profile's architecture, image and lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from parity.cli.shared.places import lock_folder, lock_label
from parity.cli.shared.world import machine, site_for
from parity.docker_engine import DockerEngine
from parity.engine import EngineInfo
from parity.errors import LockInvalid, ParityError
from parity.images import image_tag, platform_of, program_of, registry_remedy
from parity.images.outlook import image_outlook
from parity.model import Profile
from parity.pipeline.context.lockfiles import remedy_for
from parity.portable.texts import counted
from parity.profile import is_paritys, shipped_root
from parity.progress import Silent
from parity.resolve import lock_path, read_lock


class Looked(NamedTuple):
    """What was looked at: whether it is well, what was found, and what to do where it is not."""

    what: str
    good: bool
    found: str
    remedy: str = ""


def look(profile: Profile, engine: DockerEngine | None) -> Iterator[Looked]:
    """Everything of a profile that a build would stumble over; `engine` is None where none answers."""
    yield _architecture(profile.target.arch)
    if engine is not None:
        yield _image(profile, engine)
    yield _lock(profile)


def _architecture(arch: str) -> Looked:
    here = machine()
    if arch == here.arch:
        return Looked("architecture", True, f"{arch}, as this machine")
    if here.emulates(arch):
        return Looked("architecture", True, f"{arch}, emulated on this {here.arch} machine")
    remedy = "apt-get install qemu-user-static binfmt-support, or build on a machine of that architecture"
    return Looked("architecture", False, f"this {here.arch} machine cannot run {arch} programs", remedy)


def _image(profile: Profile, engine: DockerEngine) -> Looked:
    try:
        # Silent: the command prints its findings, and nothing on the way to them.
        found = image_outlook(profile.image, profile.target.arch, site_for(engine, Silent()).maker)
    except ParityError as error:
        return Looked("image", False, error.message, error.remedy)
    remedy = "" if found.good else image_remedy(profile, engine.info(), found.told)
    return Looked("image", found.good, found.told, remedy)


def image_remedy(profile: Profile, info: EngineInfo, told: str) -> str:
    """What to do where the image is not to be had; `told`: what was said of the ways to it."""
    source, program = profile.image, program_of(info)
    asked = registry_remedy(told, source.reference or "", info) if source.reference else ""
    usual = f"load it with `{program} load`, or build with --stand-in IMAGE"
    if source.folder and source.folder.is_dir():
        tag = image_tag(source.folder, platform_of(profile.target.arch))
        ours = source.folder.parent == shipped_root() / "images"
        named = source.folder.name if ours else quote(str(source.folder))
        made = f"`parity image build {named}` and `{program} save -o image.tar {tag}`"
        usual = f"{made} where it can be made, `{program} load -i image.tar` here; or use --stand-in IMAGE"
    return f"{asked}; or {usual}" if asked else usual


def _lock(profile: Profile) -> Looked:
    # A profile of one's own has its lock beside it, whatever is installed.
    if not profile.installs and is_paritys(profile.path.parent):
        return Looked("lock", True, "that of what is installed: it lies beside the list, or where you are")
    # As `parity build PROFILE` without any other word would call it.
    label = lock_label(profile.product or profile.name, profile.name)
    path = lock_path(lock_folder(profile.path, (), Path("dist")), label)
    try:
        lock = read_lock(path)
    except LockInvalid as error:
        return Looked("lock", False, f"{path}: {error.message}", remedy_for(path))
    if lock is None:
        return Looked("lock", True, f"none yet: the first build writes {path}")
    return Looked("lock", True, f"{path}, {counted(len(lock.wheels), 'package')}")
