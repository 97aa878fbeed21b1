"""What a campaign tells of one hostile input. Frozen; how outcomes are counted is `table`'s."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """One hostile input and how it ended.

    Attributes:
        kind: what sort of attack it is, such as `data-path` or `submodule-through-symlink`.
        name: this one input, so that it can be found and tried again.
        right: whether it ended as it must: refused, nothing written elsewhere, no fault.
        ended: how it ended, in a few words: `refused (45)`, `installed`.
    """

    kind: str
    name: str
    right: bool
    ended: str
