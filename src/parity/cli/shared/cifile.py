"""`parity init --ci`: the user's own pipeline file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from parity.ci import write_pipeline
from parity.cli.shared.lying import suggestions
from parity.cli.shared.output import stderr
from parity.profile import find_profile


def new_pipeline(host: str, target: str, files: Sequence[Path], *, force: bool) -> None:
    """Write the pipeline for this project, and say what it still needs.

    Args:
        host: whose pipeline, see `parity.ci.PLACES`.
        target: a profile's name or file.
        files: what to install, for `-r`; with none, what lies here, or nothing for one's own profile.
        force: whether a file that is there may be replaced.

    Raises:
        OptionConflict: see `write_pipeline`.
        ProfileNotFound: there is no such target.
    """
    # Before anything is written; a pipeline that fails on its first line helps nobody.
    if target:
        find_profile(target)
    given = tuple(word for each in files for word in ("-r", each.as_posix()))
    # A profile of one's own says itself what it installs.
    found = given or (() if target.endswith((".yaml", ".yml")) else _lying_here())
    path = write_pipeline(host, Path(), target, found, force=force)
    told = f"wrote {path}; next: commit it with the lock, and give it a signing key (`parity docs {host}`)"
    stderr().print(Text(told), soft_wrap=True)


def _lying_here() -> tuple[str, ...]:
    """What `init` would propose first, as `parity build` takes it."""
    for each in suggestions(Path()):
        return ("-r", each.file) if each.file else (each.source or ".",)
    return ()
