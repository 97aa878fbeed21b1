"""What a worker of a scheduler starts for each build: `python -m parity.cli.working FOLDER PARENT`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from parity.cli import main
from parity.cli.shared.world import connected, world_for
from parity.errors import Terminated
from parity.host.parent import end_with
from parity.model import Profile
from parity.pipeline.context.values import World
from parity.pipeline.elsewhere.child import build_for_caller
from parity.progress import Reporter


def work(folder: Path, parent: int) -> None:
    """Build what lies in a folder, for the worker that is this process's parent."""
    try:
        _demand_parent(parent)
        build_for_caller(folder, _world, _write)
    except Terminated:
        # A worker that was killed cannot clean up after itself.
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _world(profile: Profile, reporter: Reporter, *, fresh: bool) -> Iterator[World]:
    """What the build may use: this worker's engine, and no keys, since the caller signs."""
    with connected() as engine:
        yield world_for(engine, profile, (), reporter, fresh=fresh)


def _demand_parent(parent: int) -> None:
    if not end_with(parent):
        raise Terminated("the worker ended")


def _write(line: str) -> None:
    # A worker that is gone reads no more; the signal that ends this process is on its way then.
    with suppress(BrokenPipeError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(lambda: lambda: work(Path(sys.argv[1]), int(sys.argv[2])))
