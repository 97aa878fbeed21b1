"""`parity init --ci`: the user's own pipeline file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from parity.ci import demand_host, write_pipeline
from parity.cli.shared.lying import suggestions
from parity.cli.shared.output import stderr
from parity.cli.shared.words import sort_files
from parity.errors import InputFileError, OptionConflict
from parity.profile import load_profile


def new_pipeline(host: str, target: str, files: Sequence[Path], *, force: bool) -> None:
    """Write the pipeline for this project, and say what it still needs.

    Args:
        host: whose pipeline, see `parity.ci.PLACES`.
        target: a profile's name or file.
        files: what to install, for `-r`; with none, what lies here, or nothing for a profile that says it.
        force: whether a file that is there may be replaced.

    Raises:
        OptionConflict: see `write_pipeline`; or nobody says what to install.
        ProfileNotFound, ProfileError: there is no such target, or it cannot be used.
        InputFileError: a file is not there, or is no list.
    """
    # Before anything is written; a pipeline that fails on its first line helps nobody.
    demand_host(host)
    _demand_lists(files)
    given = tuple(word for each in files for word in ("-r", each.as_posix()))
    found = given or (() if not target or load_profile(target).installs else _lying_here(host, target))
    path = write_pipeline(host, Path(), target, found, force=force)
    told = f"wrote {path}; next: commit it with the lock, and give it a signing key (`parity docs {host}`)"
    stderr().print(Text(told), soft_wrap=True)


def _demand_lists(files: Sequence[Path]) -> None:
    sort_files(files)
    for each in files:
        if not each.is_file():
            raise InputFileError(f"there is no file {each}", where="-r", remedy="name another with -r")


def _lying_here(host: str, target: str) -> tuple[str, ...]:
    """What `init` would propose first, as `parity build` takes it."""
    for each in suggestions(Path()):
        return ("-r", each.file) if each.file else (each.source or ".",)
    raise OptionConflict(
        f"{target} installs nothing by itself, and nothing lies here that could be installed",
        remedy=f"parity init --ci {host} --extends {shlex.quote(target)} -r FILE",
    )
