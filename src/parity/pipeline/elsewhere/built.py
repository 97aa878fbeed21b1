"""What a worker tells of a bundle that it built: a stranger's word, until `checking` has looked at it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from parity import __version__
from parity.gems import GEM_LOCK
from parity.model import BundleFile, GemSet, Lock, PinnedImage, Proof, SystemSet
from parity.pipeline.context.values import BuildReport, BuildRequest
from parity.system import SYSTEM_LOCK
from parity.wire.facts import FactsSaid
from parity.wire.shapes import read

MOST = 64 * 1024 * 1024
"""The largest report: locks and proofs of thousands of packages are far below it."""


@dataclass(frozen=True)
class FileSaid:
    """A file of the payload, as `BundleFile`."""

    path: str
    size: int
    sha256: str
    executable: bool


@dataclass(frozen=True)
class BuiltElsewhere:
    """What the caller cannot know by itself of a bundle.

    Attributes:
        parity: the worker's version.
        image: in which it was rehearsed.
        facts: of that image.
        lock: what was resolved, with what building had to say.
        locks: the texts of the locks as they lie there now: of the wheels, the system's packages, the gems;
            empty for none.
        sizes: of the wheels, in bytes, in the lock's order.
        fetched, fetched_bytes: what came over the network there.
        more: other files that travel.
        system, gems: what is carried besides wheels.
        proof: what the rehearsal saw.
    """

    parity: str
    image: PinnedImage
    facts: FactsSaid
    lock: Lock
    locks: tuple[str, str, str]
    sizes: tuple[int, ...]
    fetched: int
    fetched_bytes: int
    more: tuple[FileSaid, ...]
    system: SystemSet | None
    gems: GemSet | None
    proof: Proof

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, data: bytes) -> BuiltElsewhere:
        """The inverse; Malformed, ValueError or RecursionError where it is none."""
        return read(cls, json.loads(data), "the report")


def lock_paths(request: BuildRequest) -> tuple[Path, Path, Path]:
    """Where the locks of the wheels, the system's packages and the gems lie."""
    path = request.lock_path
    return path, SYSTEM_LOCK.path(path), GEM_LOCK.path(path)


def built_elsewhere(request: BuildRequest, report: BuildReport) -> BuiltElsewhere:
    """What is to be told of a build that was done here for somebody else."""
    draft = report.draft
    paths = lock_paths(request)
    wheel, system, gems = (path.read_text() if path.is_file() else "" for path in paths)
    return BuiltElsewhere(
        parity=__version__,
        image=draft.image,
        facts=draft.facts.document,
        lock=draft.lock,
        locks=(wheel, system, gems),
        sizes=tuple(wheel.size for wheel in draft.wheels.wheels),
        fetched=draft.wheels.fetched,
        fetched_bytes=draft.wheels.fetched_bytes,
        more=tuple(FileSaid(each.path, each.size, each.sha256, each.executable) for each in draft.more),
        system=draft.system,
        gems=draft.gems,
        proof=report.proof,
    )


def named_file(said: FileSaid) -> BundleFile:
    """The same as a file of the payload whose bytes come from elsewhere."""
    return BundleFile(said.path, said.size, said.sha256, None, said.executable)
