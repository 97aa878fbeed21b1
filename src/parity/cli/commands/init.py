"""`parity init`: a new profile from options, or from questions on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared import complete
from parity.cli.shared.cifile import new_pipeline
from parity.cli.shared.factsfile import facts_file
from parity.cli.shared.interview import Interview
from parity.cli.shared.options import Extras, Groups, Packages, RequirementFiles
from parity.cli.shared.output import stderr
from parity.cli.shared.words import sort_files
from parity.errors import InputFileError, OptionConflict, Problem, ProfileError
from parity.portable.texts import counted
from parity.probe import read_facts
from parity.profile import (
    NewProfile,
    default_search,
    find_profile,
    is_profile_path,
    propose,
    shipped_targets,
    write_new,
)
from parity.resolve import is_direct, requirement_name

EPILOG = """
`parity init` asks for what it needs to know

`parity init --os 'RHEL 9' --python 3.9 -r requirements.txt -o plant.yaml` is for parity build plant

`parity init --os 'rocky 9' --python 3.9 -p pandas -p 'scikit-learn>=1.4'` knows its C library and image

`parity init --extends debian11-py39 --project . -o app.yaml` carries the project here

`parity init --from facts.json` takes what parity probe measured on the target
"""
_SAY_OTHERWISE = "give what is named above otherwise; `parity schema` prints what is allowed"
_OPTIONS = {
    "target.os": "--os",
    "target.python": "--python",
    "target.libc": "--libc",
    "target.arch": "--arch",
    "image": "--image",
    "extends": "--extends",
    "install.requirements": "-p",
    "install.files": "-r",
    "install.script": "-r",
    "install.project.extras": "--extra",
    "install.project.groups": "--group",
    "install.project": "--project",
}
"""Which option says what stands under a profile's key; the file's name is said by -o."""
_NOT_IN_PIPELINES = (
    "--from", "--os", "--python", "--libc", "--arch", "--image",
    "-p", "--project", "--extra", "--group", "-o",
)  # fmt: skip
_Facts = Annotated[
    str, typer.Option("--from", metavar="FACTS", help="What `parity probe` wrote on the target; - is stdin.")
]
_System = Annotated[
    str,
    typer.Option("--os", metavar="'ID VERSION'", help="Such as 'rhel 9', 'Rocky Linux 9.4' or 'Debian 11'."),
]
_Base = Annotated[
    str,
    typer.Option(
        "--extends",
        "--from-profile",
        metavar="PROFILE",
        help="Start from this profile.",
        autocompletion=complete.profiles,
    ),
]
_Where = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: named after the target.")
]
_Pipeline = Annotated[
    str, typer.Option("--ci", metavar="HOST", help="Write a pipeline instead: github, gitlab or jenkins.")
]


def init(
    *,
    facts: _Facts = "",
    system: _System = "",
    python: Annotated[str, typer.Option(metavar="X.Y", help="The target's Python.")] = "",
    libc: Annotated[str, typer.Option(metavar="LIBC", help="`glibc 2.34`, `musl 1.2` or a tag.")] = "",
    arch: Annotated[str, typer.Option(metavar="ARCH", help="As `uname -m` says it.")] = "",
    image: Annotated[
        str, typer.Option(metavar="REF|FOLDER", help="The image, or a folder with its Dockerfile.")
    ] = "",
    extends: _Base = "",
    package: Packages = None,
    requirement: RequirementFiles = None,
    project: Annotated[
        Path | None, typer.Option("--project", metavar="DIR", help="Carry this project, itself included.")
    ] = None,
    extra: Extras = None,
    group: Groups = None,
    where: _Where = None,
    pipeline: _Pipeline = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a new, commented profile, asking for what the options leave open.

    With --from the facts say what the target is, and the image is proposed. Where a shipped profile
    describes the same system, the new one extends it. What lies here (uv.lock, requirements.txt,
    pyproject.toml) is installed unless -r, -p or --project say else. An existing file stays unless --force
    is given.
    """
    if pipeline:
        _demand_no_other(facts, system, python, libc, arch, image, package, project, extra, group, where)
        new_pipeline(pipeline, extends, requirement or (), force=force)
        return
    interview = Interview(asking=sys.stdin.isatty() and sys.stderr.isatty(), measured=bool(facts))
    given = _installing(
        NewProfile(
            extends=extends, libc=libc, python=python, arch=arch,
            packages=tuple(package or ()), extras=tuple(extra or ()), groups=tuple(group or ()),
        ),
        requirement or [],
        project,
    )  # fmt: skip
    target = _from_facts(given, facts, system, image) if facts else interview.target(given, system, image)
    answers = interview.packages(interview.image(target, image), Path())
    if (answers.extras or answers.groups) and not answers.project:
        raise OptionConflict("--extra and --group are of a project", remedy="add --project DIR")
    _write(answers, where or Path(_file_name(answers)), facts, force=force)


def _demand_no_other(*given: object) -> None:
    """Refuse what says nothing to a pipeline, rather than drop it: the values of _NOT_IN_PIPELINES."""
    said = [option for option, value in zip(_NOT_IN_PIPELINES, given, strict=True) if value]
    if said:
        raise OptionConflict(
            f"a pipeline takes its target and what to install by --extends and -r, not {' or '.join(said)}",
            remedy="write a profile first (`parity init -o plant.yaml` with these options), then name it: "
            "--ci HOST --extends plant.yaml",
        )


def _write(answers: NewProfile, path: Path, facts: str, *, force: bool) -> None:
    if path.suffix and path.name not in (".", "..") and not is_profile_path(path.name):
        raise OptionConflict(
            f"{path} is no profile's name", remedy=f"-o {quote(str(path.with_suffix('.yaml')))}"
        )
    with _told_by_options(path, facts):
        write_new(_relative(answers, path.parent), path, force=force)
    _say(answers, path)


@contextmanager
def _told_by_options(path: Path, facts: str) -> Iterator[None]:
    """Tell what is wrong with a new profile by who said it: its own lines stand in no file yet."""

    def told(problem: Problem) -> Problem:
        return replace(problem, file=_said_by(problem.path, facts), line=0) if problem.line else problem

    try:
        yield
    except ProfileError as error:
        count = counted(len(error.problems), "problem")
        message = f"nothing was written: {path} would have {count}"
        problems = tuple(map(told, error.problems))
        raise ProfileError(message, problems=problems, remedy=_SAY_OTHERWISE) from error
    except InputFileError as error:
        raise InputFileError(error.message, where="-r", remedy="name another with -r") from error


def _said_by(key: str, facts: str) -> str:
    """The option, or the file of facts, that says what stands under a profile's key."""
    if facts and key.startswith("target"):
        return facts
    return next((option for stem, option in _OPTIONS.items() if key.startswith(stem)), "-o")


def _demand_requirements(packages: Sequence[str]) -> None:
    """Refuse at once what no build could read."""
    wrong = [each for each in packages if not (requirement_name(each) or is_direct(each))]
    if wrong:
        what = f"{wrong[0][:100]!r} is no requirement, such as pandas or 'scikit-learn>=1.4'"
        problems = (Problem("-p", 0, "install.requirements", what),)
        raise ProfileError("nothing was written", problems=problems, remedy=_SAY_OTHERWISE)


def _installing(new: NewProfile, files: list[Path], folder: Path | None) -> NewProfile:
    """With what -r and --project name, which is what they name for `parity build`."""
    _demand_requirements(new.packages)
    found = sort_files(files, [folder] if folder else [])
    project = found.project
    return replace(
        new,
        files=tuple(map(str, found.lists)),
        script=str(found.script or ""),
        project=str(project.folder) if project else "",
        project_lock=project.lock if project else "auto",
        only_dependencies=bool(project and not project.itself),
    )


def _say(answers: NewProfile, path: Path) -> None:
    base = f" on top of {answers.extends}" if answers.extends else ""
    console = stderr()
    if answers.recipe:
        made = path.parent / answers.image_folder / "Dockerfile"
        console.print(
            Text(f"wrote {made}, the image's recipe (not seen: nobody has built it yet)"), soft_wrap=True
        )
    name = path.stem if path.parent in (Path(), Path("profiles")) else str(path)
    what = "" if answers.installs or answers.extends not in ("", *shipped_targets()) else " -r FILE"
    console.print(Text(f"wrote {path}{base}; next: parity build {name}{what}"), soft_wrap=True)


def _from_facts(answers: NewProfile, facts: str, system: str, image: str) -> NewProfile:
    """The target that was measured, and an image for it unless one was named."""
    if system or answers.python or answers.libc or answers.arch or answers.extends:
        raise OptionConflict("--from says the target", remedy="leave out the other options that say it")
    with facts_file(facts) as (file, where):
        found = propose(read_facts(file, where), where, named_image=bool(image))
        return replace(
            answers,
            extends=found.extends,
            os_id=found.os_id,
            os_version=found.os_version,
            libc=found.libc,
            python=found.python,
            arch=found.arch,
            image=found.image,
            notes=found.notes,
            image_notes=found.image_notes,
        )


def _file_name(answers: NewProfile) -> str:
    if answers.extends:
        return f"{Path(answers.extends).stem}.yaml"
    version = answers.os_version.replace(".", "")
    return f"{answers.os_id}{version}-py{answers.python.replace('.', '')}.yaml"


def _from(folder: Path, package: str) -> str:
    """A requirement as it must stand in a file in this folder: a path leads to the same place from there."""
    path, mark, rest = package.partition("[")
    if "://" in path or not (is_direct(package) and os.path.exists(path)):
        return package
    led = os.path.relpath(path, folder)
    # A bare `..` is no path for whoever reads requirements.
    if os.path.basename(led) in (os.curdir, os.pardir):
        led = os.path.join(led, "")
    return (led if led.startswith(".") else f"./{led}") + mark + rest


def _relative(new: NewProfile, folder: Path) -> NewProfile:
    """The same with its paths as they must stand in a file in this folder."""
    base = find_profile(new.extends) if new.extends else None
    by_name = base is None or base.parent in default_search()
    return replace(
        new,
        extends=new.extends if base is None or by_name else os.path.relpath(base, folder),
        files=tuple(os.path.relpath(path, folder) for path in new.files),
        packages=tuple(_from(folder, each) for each in new.packages),
        project=os.path.relpath(new.project, folder) if new.project else "",
        script=os.path.relpath(new.script, folder) if new.script else "",
        # That of a recipe is made beside the profile.
        image_folder=os.path.relpath(new.image_folder, folder)
        if new.image_folder and not new.recipe
        else new.image_folder,
    )
