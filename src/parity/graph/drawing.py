"""A graph as an indented tree, each package's own branch drawn once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from parity.graph.needs import Graph, Need

_DEEPEST = 60
"""Steps that are drawn: further ones would leave every screen."""


@dataclass(frozen=True)
class DrawnLine:
    """A line of the tree.

    Attributes:
        depth: 0 for a root.
        lasts: for each step down to it, whether it was the last branch there.
        name: of the package.
        need: what leads to it from the line above, None for a root.
        again: whether its branch is drawn elsewhere.
    """

    depth: int
    lasts: tuple[bool, ...]
    name: str
    need: Need | None
    again: bool = False

    @property
    def branch(self) -> str:
        """What stands before the name."""
        if not self.lasts:
            return ""
        trunk = "".join("    " if last else "│   " for last in self.lasts[:-1])
        return trunk + ("└── " if self.lasts[-1] else "├── ")


def told_need(need: Need | None) -> str:
    """What a line asks of its package, in brackets and behind a space; empty where that is any version."""
    if need is None:
        return ""
    extras = f"[{','.join(need.extras)}]" if need.extras else ""
    # The extra says why a line holds better than the marker that names it.
    why = f"by its extra {need.extra}" if need.extra else f"since {need.marker}" if need.marker else ""
    said = "; ".join(part for part in (extras + need.specifier, why) if part)
    return f" ({said})" if said else ""


def drawn(graph: Graph, roots: Iterable[str], *, upwards: bool = False) -> Iterator[DrawnLine]:
    """The lines below each root, the root's own first.

    Args:
        graph: the set.
        roots: names of packages in it.
        upwards: whether below a package stands who requires it, not what it requires.
    """
    beyond = graph.above if upwards else graph.below
    seen: set[str] = set()
    for root in roots:
        yield from _drawn(beyond, root, None, (), seen, upwards=upwards)


def _drawn(
    beyond: Mapping[str, tuple[Need, ...]],
    name: str,
    need: Need | None,
    lasts: tuple[bool, ...],
    seen: set[str],
    *,
    upwards: bool,
) -> Iterator[DrawnLine]:
    further = beyond[name]
    # A leaf is never marked: whoever looked for its branch would find none.
    again = bool(further) and (name in seen or len(lasts) >= _DEEPEST)
    yield DrawnLine(len(lasts), lasts, name, need, again)
    seen.add(name)
    if again:
        return
    for at, each in enumerate(further, 1):
        after = each.by if upwards else each.of
        yield from _drawn(beyond, after, each, (*lasts, at == len(further)), seen, upwards=upwards)
