"""A new profile from a few answers, commented for whoever edits it next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from parity.errors import OptionConflict
from parity.files import write_atomic
from parity.profile.load import check_text, load_effective
from parity.profile.render import scalar
from parity.profile.search import available, shipped_root


@dataclass(frozen=True)
class NewProfile:
    """What a new profile says.

    Either `extends` names a base, and the target's fields say only what differs from it (empty: nothing
    does), or there is none and all of them, and `image`, must be filled. `image` is a reference, or a
    folder where it holds a recipe. Paths are written as given: relative to the new file. The notes become
    comments, one line each: on the whole, and on the image. `project` is the folder of one, `script` a file
    that says itself what it needs; `recipe` is the text of a Dockerfile for `image_folder`.
    """

    extends: str = ""
    os_id: str = ""
    os_version: str = ""
    libc: str = ""
    python: str = ""
    arch: str = ""
    image: str = ""
    image_folder: str = ""
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    image_notes: tuple[str, ...] = ()
    project: str = ""
    only_dependencies: bool = False
    project_lock: str = "auto"
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    script: str = ""
    recipe: str = ""

    @property
    def installs(self) -> bool:
        """Whether it says what to install."""
        return bool(self.packages or self.files or self.project or self.script)


def shipped_for(os_id: str, os_version: str, python: str = "") -> Mapping[str, NewProfile]:
    """The shipped profiles for this system (and Python, where given), by name, with their targets."""
    found = {}
    for name, target in shipped_targets().items():
        same_version = target.os_version == os_version or os_version.startswith(target.os_version + ".")
        if target.os_id == os_id and same_version and python in ("", target.python):
            found[name] = target
    return found


def shipped_targets() -> dict[str, NewProfile]:
    """Every shipped profile that is a target of its own, no example that extends one, by name."""
    folder = shipped_root() / "profiles"
    targets = {}
    for name, path in available((folder,)).items():
        effective = load_effective(path, (folder,))
        if len(effective.sources) > 1:
            continue
        target = effective.layer.value["target"]
        targets[name] = NewProfile(
            extends=name,
            os_id=target["os"]["id"],
            os_version=target["os"]["version"],
            libc=target["libc"],
            python=target["python"],
            arch=target["arch"],
        )
    return targets


def render_new(new: NewProfile) -> str:
    """The profile's text."""
    parts = [_HEAD + _comments(new.notes), _base(new), _target(new), _image(new), _install(new), _TAIL]
    return "\n".join(part for part in parts if part)


def write_new(new: NewProfile, path: Path, *, force: bool = False) -> None:
    """Write a new profile once it has passed every check.

    Args:
        new: what it says.
        path: the new file; its folder is made where it is missing. So is the image's, for a `recipe`; one
            that lies there stays.
        force: whether an existing file may be replaced.

    Raises:
        ProfileError: the answers do not make a profile; the problems name the lines of its text.
        OptionConflict: the file exists and `force` is not set.
        WriteFailed: the file could not be written; an old one is untouched.
    """
    # A folder that is still to be made cannot be looked at.
    check_text(render_new(replace(new, image_folder="", image="made-here") if new.recipe else new), path)
    if path.exists() and not force:
        raise OptionConflict(f"{path} exists", remedy="choose another --output, or add --force")
    recipe = path.parent / new.image_folder / "Dockerfile"
    if new.recipe and not recipe.exists():
        write_atomic(recipe, new.recipe.encode())
    write_atomic(path, render_new(new).encode())


def _comments(lines: tuple[str, ...]) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _base(new: NewProfile) -> str:
    if not new.extends:
        return ""
    return f"""\
# Target and image come from this profile; what stands below is laid over it.
extends: {scalar(new.extends)}
"""


def _target(new: NewProfile) -> str:
    system = [
        f"    {key}: {_quoted(text)}"
        for key, text in (("id", new.os_id), ("version", new.os_version))
        if text
    ]
    values = (("libc", new.libc), ("python", new.python), ("arch", new.arch))
    rows = (["  os:", *system] if system else []) + [
        f"  {key}: {_quoted(text)}" for key, text in values if text
    ]
    if not rows:
        return ""
    head = "# The disconnected machine: ID and VERSION_ID of /etc/os-release, `ldd --version`, `uname -m`."
    return "\n".join([head, "target:", *rows, ""])


def _quoted(text: str) -> str:
    # A version is quoted always: whoever changes "3.9" to 3.10 should see that the quotes matter.
    return f'"{text}"' if text.replace(".", "").isdigit() else scalar(text)


def _image(new: NewProfile) -> str:
    if not (new.image or new.image_folder):
        return ""
    value = f"folder: {scalar(new.image_folder)}" if new.image_folder else f"reference: {scalar(new.image)}"
    return f"""\
# The container image that matches the target: a reference, or a folder to build it from.
{_comments(new.image_notes)}image:
  {value}
"""


def _install(new: NewProfile) -> str:
    if not new.installs:
        return _NOTHING_YET
    rows = ["# What to install; paths are relative to this file."]
    inherits = bool(new.extends) and new.extends not in shipped_targets()
    if inherits:
        rows.append("# A list replaces the base's list of that name, so an empty one leaves the base's out.")
    rows.append("install:")
    for key, lines in (("requirements", new.packages), ("files", new.files)):
        if lines:
            rows += [f"  {key}:", *(f"    - {scalar(line)}" for line in lines)]
        elif inherits:
            rows.append(f"  {key}: []")
    if new.script:
        rows.append(f"  script: {scalar(new.script)}")
    return "\n".join([*rows, *(_project(new) if new.project else ()), ""])


def _project(new: NewProfile) -> Iterator[str]:
    yield "  project:"
    yield f"    path: {scalar(new.project)}"
    if new.only_dependencies:
        yield "    only-dependencies: true"
    if new.project_lock != "auto":
        yield f"    lock: {scalar(new.project_lock)}"
    for key, names in (("extras", new.extras), ("groups", new.groups)):
        if names:
            yield f"    {key}: [{', '.join(map(scalar, names))}]"


_HEAD = """\
# A profile for parity. `parity schema` explains every key; `parity profile check FILE` checks this file.
"""

_NOTHING_YET = """\
# What to install; paths are relative to this file. Or leave it out and use `parity build -r FILE`.
# install:
#   requirements:
#     - numpy>=1.26
#   files:
#     - requirements.txt
#   constraints:
#     - constraints.txt
"""

_TAIL = """\
# What the rehearsal checks besides installing; these are the defaults.
# rehearsal:
#   imports: true
#   commands: []
#   memory: 4GiB
#   timeout: 15m
#   missing-libraries: warn

# What a build allows itself on this machine; these are the defaults. Nothing of it travels.
# limits:
#   resolving: 10m
#   audit: 30m
#   system-packages: 1h
#   building: 2h
#   workshop: 24h
#   memory: 4GiB

# How the packages come into the target's environment; `parity schema` tells of each installer.
# installer: uv

# Consider only files that the index had before this date, so that a build can be repeated later.
# exclude-newer: "2026-11-01"

# Left out, this machine's own index settings are used. Credentials never belong here.
# index:
#   url: https://packages.example.org/simple/

# Signed into the bundle; a target refuses a serial that is not above the installed one.
# product: my-product
# version: "1.0"
# serial: 1
"""
