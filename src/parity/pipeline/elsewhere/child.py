"""A build for somebody else: the child of a worker, which has its request in a folder and no keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from parity.cluster import BUNDLE, PARCEL, REPORT, ROOT, unpack
from parity.errors import RootError
from parity.model import Profile
from parity.pipeline.build import build
from parity.pipeline.context.values import World
from parity.pipeline.elsewhere.asking import AskedBuild, read_asked
from parity.pipeline.elsewhere.built import built_elsewhere
from parity.pipeline.elsewhere.telling import Telling
from parity.progress import Reporter

ASKED = "asked.json"
"""The request, in the parcel."""
_OUT = "out"


class Prepare(Protocol):
    """Gives the world of a profile; its sealer signs with no key."""

    def __call__(self, profile: Profile, reporter: Reporter, *, fresh: bool) -> AbstractContextManager[World]:
        """For as long as the context lasts."""


def build_for_caller(folder: Path, prepare: Prepare, write: Callable[[str], object]) -> None:
    """Build what lies in a worker's folder, and lay what came of it beside it.

    Args:
        folder: with the caller's parcel.
        prepare: gives what the build may use.
        write: gets each line for the caller, the last one of which says how it ended.

    Raises:
        Terminated, Interrupted: the worker ends it.
    """
    root = folder / ROOT

    def plain(text: str) -> str:
        """Without the folder of this worker: the caller knows its own paths."""
        return text.replace(f"{root}/", "/")

    try:
        unpack(folder / PARCEL, folder)
        (folder / PARCEL).unlink()
        asked = read_asked((folder / ASKED).read_text(), root)
        _build(folder, asked, prepare, Telling(write, plain, verbose=asked.verbose))
    except RootError as error:
        if error.ends_the_command:
            raise
        write(json.dumps({"ended": "failed", "error": _said(error, plain)}))
        return
    write(json.dumps({"ended": "built"}))


def _build(folder: Path, asked: AskedBuild, prepare: Prepare, reporter: Reporter) -> None:
    request = replace(asked.request, output=folder / _OUT)
    with prepare(request.profile, reporter, fresh=asked.fresh) as world:
        report = build(request, world)
    report.bundle.path.rename(folder / BUNDLE)
    (folder / REPORT).write_text(built_elsewhere(request, report).text())


def _said(error: RootError, plain: Callable[[str], str]) -> dict[str, object]:
    return {
        "kind": error.kind,
        "message": plain(error.message),
        "where": plain(error.where),
        "remedy": plain(error.remedy),
        "details": [plain(each) for each in error.details],
        "exit_code": error.exit_code,
    }
