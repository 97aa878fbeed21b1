"""What the profile's indexes say of the packages of a lock, asked in the workshop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from parity.engine.guests import Guest, GuestFailed
from parity.errors import IndexFailed
from parity.model import LockedWheel
from parity.wire.resolving import CatalogueJob, ProjectListed
from parity.wire.tasks import CATALOGUE

_SECONDS = 60.0
_SILENCE = 20.0
"""Seconds without a byte after which an index does not answer: one that hangs must not hold a plan up."""


def listed(
    guest: Guest, wheels: Iterable[LockedWheel], tags: Sequence[str], python: str
) -> Mapping[str, ProjectListed]:
    """What the indexes say of each package that came from one, by name; see `parity.guest.tasks.catalogue`.

    Empty where no index is known, for then nobody can be asked.

    Args:
        guest: the workshop's; its network's indexes are asked.
        wheels: of a lock.
        tags: wheel tags that fit, best first.
        python: the target's, in full.

    Raises:
        IndexFailed: asking came to no end, or died.
    """
    network = guest.network
    index = network.index_url or network.default_index
    wanted = [wheel for wheel in wheels if wheel.origin is None or wheel.origin.kind == "sdist"]
    if index is None or not wanted:
        return {}
    job: CatalogueJob = {
        **network.job(),
        "index_url": index,
        "projects": [{"name": wheel.name, "filename": _file_of(wheel)} for wheel in wanted],
        "tags": list(tags),
        "python_version": python,
        "deadline": _SECONDS,
        "timeout": _SILENCE,
    }
    try:
        # The guest keeps its own deadline; this one is for a guest that no longer answers.
        found = guest.ask(CATALOGUE, job, timeout=5 * _SECONDS)["projects"]
    except (GuestFailed, TimeoutError) as error:
        told = error.last_line if isinstance(error, GuestFailed) else "it took too long"
        raise IndexFailed(network.redact(f"the index could not be asked: {told}")) from error
    # It may speak of nothing that it was not asked for.
    names = {wheel.name for wheel in wanted}
    return {each["name"]: each for each in found if each["name"] in names}


def _file_of(wheel: LockedWheel) -> str:
    """The file on the index: the wheel, or the source distribution that it is built from."""
    return wheel.origin.address.rpartition("/")[2] if wheel.origin else wheel.filename
