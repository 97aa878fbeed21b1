"""`parity profile list | show | check` and `parity schema`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from parity.cli.shared import complete
from parity.cli.shared.apps import App
from parity.cli.shared.options import RequirementFiles
from parity.cli.shared.output import output, print_json, stdout, write_lines
from parity.cli.shared.words import sort_files
from parity.errors import Problem, ProfileError, ProfileNotFound, RootError
from parity.model import Profile
from parity.portable.texts import printable
from parity.profile import (
    Overrides,
    available,
    check_profile,
    is_seen,
    load_effective,
    load_profile,
    render_effective,
    schema_text,
)

app = App(name="profile", help="List, show and check profiles.")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("list", epilog="`parity profile list --json`")
def list_profiles(*, as_json: Json = False) -> None:
    """List the profiles at hand: those here and in ./profiles, then the shipped ones.

    Not seen: the recipe of the image follows the vendor's documents, and none of parity's tests has built
    it yet. A profile that cannot be read is listed with its error; `parity profile check` tells all about it.
    """
    output.json = as_json
    rows = [_row(name, path) for name, path in available().items()]
    if as_json:
        print_json({"profiles": rows})
    elif stdout().is_terminal:
        stdout().print(_table(rows))
    else:
        for row in rows:
            write_lines(["\t".join(printable(cell) for cell in _cells(row))])


def _row(name: str, path: Path) -> dict[str, str | bool]:
    row: dict[str, str | bool] = {
        "name": name,
        "path": str(path),
        "target": "",
        "image": "",
        "seen": False,
        "installs": "",
        "error": "",
    }
    try:
        profile = load_profile(path)
    except RootError as error:
        if error.ends_the_command:
            raise
        return {**row, "error": error.message}
    said = {"target": _target(profile), "image": str(profile.image), "installs": _installs(profile)}
    return {**row, **said, "seen": is_seen(profile)}


def _target(profile: Profile) -> str:
    target = profile.target
    return f"{target.os_id} {target.os_version}, Python {target.python}, {target.libc}, {target.arch}"


def _installs(profile: Profile) -> str:
    wanted, project = profile.requirements, profile.project
    told = [*wanted.inline, *(path.name for path in wanted.files)]
    if project is not None:
        told.append(project.script or f"the project {project.package or project.folder.name}")
    return ", ".join(told) or "nothing yet"


def _cells(row: Mapping[str, str | bool]) -> list[str]:
    if row["error"]:
        return [str(row["name"]), f"error: {row['error']}", "", ""]
    image = str(row["image"]) if row["seen"] else f"{row['image']} (not seen)"
    return [str(row["name"]), str(row["target"]), image, str(row["installs"])]


def _table(rows: Sequence[Mapping[str, str | bool]]) -> Table:
    table = Table("Profile", "Target", "Image", "Installs", box=box.SIMPLE)
    for row in rows:
        table.add_row(*map(escape, _cells(row)), style="red" if row["error"] else "")
    return table


@app.command("show", epilog="`parity profile show debian11-py39 -r requirements.txt`")
def show_profile(
    profile: Annotated[
        str,
        typer.Argument(
            metavar="PROFILE",
            help="A path, or the name of a profile at hand.",
            autocompletion=complete.profiles,
        ),
    ],
    *,
    requirement: RequirementFiles = None,
    as_json: Json = False,
) -> None:
    """Show the effective profile: bases merged in, and for each line the file that it comes from."""
    output.json = as_json
    files = sort_files(requirement or [])
    overrides = Overrides(requirements=files.lists, project=files.project, script=files.script)
    effective = load_effective(profile, overrides=overrides)
    if as_json:
        loaded = load_profile(profile, overrides=overrides)
        print_json({
            "name": loaded.name,
            "sources": [str(path) for path in effective.sources],
            "document": json.loads(loaded.document),
        })  # fmt: skip
    else:
        sys.stdout.write(render_effective(effective))


@app.command("check", epilog="`parity profile check profiles/*.yaml`")
def check_profiles(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Paths, or names of profiles at hand.",
            autocompletion=complete.profiles,
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Check profiles and tell every problem, each with its file and line; exit code 10 if there is any."""
    output.json = as_json
    gone: list[str] = []
    found = {file: _problems(file, gone) for file in files}
    problems = tuple(dict.fromkeys(problem for some in found.values() for problem in some))
    if as_json:
        print_json({"ok": not problems, "problems": [vars(problem) for problem in problems]})
        raise typer.Exit(ProfileError.exit_code if problems else 0)
    for file, some in found.items():
        if not some:
            write_lines([f"{file}: ok"])
    if problems:
        bad = sum(bool(some) for some in found.values())
        remedy = ProfileNotFound.default_remedy if len(gone) == bad else ""
        raise ProfileError(f"{bad} of {len(found)} profiles cannot be used", problems=problems, remedy=remedy)


def _problems(file: str, gone: list[str]) -> tuple[Problem, ...]:
    try:
        return check_profile(file)
    except ProfileNotFound as error:
        gone.append(file)
        return (Problem(file, 0, "", error.message),)


def print_schema() -> None:
    """Print the JSON Schema of profiles (draft 2020-12), for editors and other tools.

    Example: `parity schema > profile.schema.json`
    """
    sys.stdout.write(schema_text())
