"""`parity init`: a new profile from options, or from questions on a terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.cifile import new_pipeline
from parity.cli.shared.factsfile import facts_file
from parity.cli.shared.output import stderr
from parity.errors import OptionConflict
from parity.probe import read_facts
from parity.profile import NewProfile, available, propose, shipped_for, write_new

_OS_PARTS = 2
_NAMES = "from `parity profile list`"


def init(
    *,
    facts: Annotated[
        str,
        typer.Option("--from", metavar="FACTS", help="What `parity probe` wrote on the target; - is stdin."),
    ] = "",
    system: Annotated[
        str, typer.Option("--os", metavar="'ID VERSION'", help="ID and VERSION_ID of /etc/os-release.")
    ] = "",
    python: Annotated[str, typer.Option(metavar="X.Y", help="The target's Python.")] = "",
    libc: Annotated[str, typer.Option(metavar="LIBC", help="`glibc 2.34`, `musl 1.2` or a tag.")] = "",
    arch: Annotated[str, typer.Option(metavar="ARCH", help="As `uname -m` says it.")] = "",
    image: Annotated[
        str, typer.Option(metavar="REF|FOLDER", help="The image, or a folder with its Dockerfile.")
    ] = "",
    extends: Annotated[
        str, typer.Option("--extends", "--from-profile", metavar="PROFILE", help="Start from this profile.")
    ] = "",
    package: Annotated[
        list[str] | None, typer.Option("-p", "--package", metavar="REQ", help="Install this; repeatable.")
    ] = None,
    requirement: Annotated[
        list[Path] | None, typer.Option("-r", "--requirement", metavar="FILE", help="Install this file too.")
    ] = None,
    where: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: named after the target.")
    ] = None,
    pipeline: Annotated[
        str, typer.Option("--ci", metavar="HOST", help="Write a pipeline instead: github, gitlab or jenkins.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a new, commented profile, asking for what the options leave open.

    With --from the facts say what the target is, and the image is proposed. Where a shipped profile
    describes the same system, the new one extends it. An existing file stays unless --force is given.

    Example: `parity init --os "rhel 9" --python 3.12 -p requests -o plant.yaml`
    """
    if pipeline:
        new_pipeline(pipeline, extends, requirement or (), force=force)
        return
    interview = _Interview(asking=sys.stdin.isatty() and sys.stderr.isatty(), measured=bool(facts))
    given = NewProfile(
        extends=extends,
        libc=libc,
        python=python,
        arch=arch,
        packages=tuple(package or ()),
        files=tuple(str(path) for path in requirement or ()),
    )
    target = _from_facts(given, facts, system, image) if facts else interview.target(given, system, image)
    answers = interview.packages(interview.image(target, image))
    path = where or Path(_file_name(answers))
    write_new(_relative(answers, path.parent), path, force=force)
    _say(answers, path)


def _say(answers: NewProfile, path: Path) -> None:
    base = f" on top of {answers.extends}" if answers.extends else ""
    stderr().print(Text(f"wrote {path}{base}; next: parity profile check {path}"), soft_wrap=True)


@dataclass(frozen=True)
class _Interview:
    """Fills what the options left open.

    `asking` tells whether there is a person to ask (on stderr, since stdout may be a pipe), `measured`
    whether facts say the target.
    """

    asking: bool
    measured: bool = False

    def target(self, answers: NewProfile, system: str, image: str) -> NewProfile:
        """Operating system, Python, libc and architecture, or a base that has them."""
        if answers.extends:
            return _with_system(answers, system) if system else answers
        question = "The target's ID and VERSION_ID from /etc/os-release, such as 'rhel 9'"
        answers = _with_system(answers, system or self._ask("--os", question))
        base = None if image else self._shipped(answers)
        if base is not None:
            return _difference(answers, base)
        return replace(
            answers,
            python=answers.python or self._ask("--python", "Python on the target, such as 3.9"),
            libc=answers.libc or self._ask("--libc", "Its C library, such as 'glibc 2.34'"),
            arch=answers.arch or self._ask("--arch", "Its architecture (uname -m)", "x86_64"),
        )

    def image(self, answers: NewProfile, image: str) -> NewProfile:
        """The image that stands for the target, where no base has one."""
        image = image or answers.image
        if not (image or answers.extends):
            image = self._ask("--image", "Its container image, or a folder with a Dockerfile")
        if Path(image or "-").is_dir():
            return replace(answers, image="", image_folder=image)
        return replace(answers, image=image)

    def packages(self, answers: NewProfile) -> NewProfile:
        """What to install; nothing is an answer too."""
        if answers.packages or answers.files or not self.asking:
            return answers
        text = typer.prompt("Packages to install, separated by spaces (empty: later)", default="", err=True)
        return replace(answers, packages=tuple(str(text).split()))

    def _shipped(self, answers: NewProfile) -> NewProfile | None:
        found = shipped_for(answers.os_id, answers.os_version, answers.python)
        fitting = {name: base for name, base in found.items() if answers.libc in ("", base.libc)}
        if len(fitting) > 1:
            pythons = ", ".join(base.python for base in fitting.values())
            python = self._ask("--python", f"Which Python of that system: {pythons}")
            return self._shipped(replace(answers, python=python))
        return next(iter(fitting.values()), None)

    def _ask(self, option: str, question: str, default: str = "") -> str:
        if self.asking:
            return str(typer.prompt(question, default=default or None, err=True)).strip()
        if default:
            return default
        raise OptionConflict(
            f"{option} is missing, and there is no terminal to ask on",
            remedy=f"give {option}" if self.measured else f"give {option}, or --extends with a name {_NAMES}",
        )


def _from_facts(answers: NewProfile, facts: str, system: str, image: str) -> NewProfile:
    """The target that was measured, and an image for it unless one was named."""
    if system or answers.python or answers.libc or answers.arch or answers.extends:
        raise OptionConflict("--from says the target", remedy="leave out the other options that say it")
    with facts_file(facts) as (file, where):
        found = propose(read_facts(file, where), where, named_image=bool(image))
    return replace(found, packages=answers.packages, files=answers.files)


def _with_system(answers: NewProfile, system: str) -> NewProfile:
    parts = system.replace(":", " ").split()
    if len(parts) != _OS_PARTS:
        raise OptionConflict(f"{system!r} is not an ID and a version", remedy="write it like 'debian 12'")
    return replace(answers, os_id=parts[0], os_version=parts[1])


def _difference(answers: NewProfile, base: NewProfile) -> NewProfile:
    """Only what departs from the base: everything else is inherited."""
    return replace(
        answers,
        extends=base.extends,
        os_id="",
        os_version="" if answers.os_version == base.os_version else answers.os_version,
        libc="",
        python="",
        arch="" if answers.arch == base.arch else answers.arch,
    )


def _file_name(answers: NewProfile) -> str:
    if answers.extends:
        return f"{Path(answers.extends).stem}.yaml"
    version = answers.os_version.replace(".", "")
    return f"{answers.os_id}{version}-py{answers.python.replace('.', '')}.yaml"


def _relative(new: NewProfile, folder: Path) -> NewProfile:
    """The same with its paths as they must stand in a file in this folder."""
    by_name = not new.extends or new.extends in available()
    return replace(
        new,
        extends=new.extends if by_name else os.path.relpath(new.extends, folder),
        files=tuple(os.path.relpath(path, folder) for path in new.files),
        image_folder=os.path.relpath(new.image_folder, folder) if new.image_folder else "",
    )
