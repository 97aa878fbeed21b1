"""The user's own pipeline file, from templates: thin calls of the command, and no more."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from parity.errors import OptionConflict
from parity.files import write_atomic

PLACES: Mapping[str, str] = {
    "github": ".github/workflows/parity.yml",
    "gitlab": ".gitlab-ci.yml",
    "jenkins": "Jenkinsfile",
}
"""Where each host looks for its pipeline."""
# Words that need no quotes in YAML, Groovy and the shell alike.
_PLAIN = re.compile(r"[A-Za-z0-9./][A-Za-z0-9._/+-]{0,199}")
_SHORT = ("-r", "-p")
# Shells, Groovy and GitHub have all other marks for themselves.
_MARK = "@@what@@"
_SHIPPED = {"github": "github.yml", "gitlab": "gitlab.yml", "jenkins": "Jenkinsfile"}


def plain_word(word: str) -> str:
    """The word, which needs no quotes in YAML, Groovy and the shell alike; OptionConflict for any other."""
    # Refused rather than quoted: the text passes YAML or Groovy, and then a shell.
    if not _PLAIN.fullmatch(word.removeprefix("--") if word.startswith("-") else word) and word not in _SHORT:
        raise OptionConflict(
            f"{word!r} cannot stand in a pipeline's file as it is",
            remedy="put the packages into a requirements file, and give files names of plain letters",
        )
    return word


def demand_host(host: str) -> None:
    """OptionConflict for a host that is none of PLACES."""
    if host not in PLACES:
        raise OptionConflict(f"there is no pipeline for {host!r}", remedy=f"--ci {' | '.join(PLACES)}")


def pipeline_text(host: str, what: tuple[str, ...], target: str = "") -> str:
    """The pipeline's file.

    Args:
        host: one of PLACES.
        what: the words of `parity build` that say target and contents.
        target: what stands before them, ready for the shell: where a variable says the target.

    Raises:
        OptionConflict: no such host, or a word that would need quotes.
    """
    demand_host(host)
    words = [*filter(None, [target]), *(shlex.quote(plain_word(word)) for word in what)]
    text = resources.files("parity.ci").joinpath(f"templates/{_SHIPPED[host]}").read_text("utf-8")
    return text.replace(_MARK, " ".join(words))


def write_pipeline(host: str, folder: Path, target: str, what: tuple[str, ...], *, force: bool) -> Path:
    """Write it where the host looks for it; gives the path.

    Args:
        host: one of PLACES.
        folder: the project's.
        target: a profile's name, or its file.
        what: what to install, as `parity build` takes it; nothing for a profile that says it itself.
        force: replace a file that is there.

    Raises:
        OptionConflict: nobody said what to build, a file is there already, or a link is on the way.
        WriteFailed: it cannot be written.
    """
    if not target:
        raise OptionConflict(
            "a pipeline must know for which target it builds",
            remedy=f"parity init --ci {host} --extends TARGET; `parity profile list` shows them",
        )
    text = pipeline_text(host, (target, *what))
    path = folder / PLACES[host]
    # A checkout may be a stranger's, and its links lead where they like.
    link = next((each for each in path.relative_to(folder).parents if (folder / each).is_symlink()), None)
    if link is not None and link != Path():
        raise OptionConflict(
            f"{folder / link} is a link, and nothing is written through it", remedy="put a folder there"
        )
    if os.path.lexists(path) and not force:
        raise OptionConflict(f"{path} is there already", remedy="look at it, then replace it with --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.encode())
    return path
