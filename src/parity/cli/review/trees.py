"""How a graph reads: an indented tree, or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from difflib import get_close_matches

from parity.errors import InputFileError
from parity.graph import DrawnLine, Graph, drawn, told_need
from parity.portable.names import normalize_name
from parity.portable.texts import printable


def tree_lines(graph: Graph) -> Iterator[str]:
    """What was asked for, and below each package what it requires."""
    for line in drawn(graph, graph.roots):
        yield f"{line.branch}{_title(graph, line.name)}{printable(told_need(line.need))}{_again(line)}"


def why_lines(graph: Graph, name: str) -> Iterator[str]:
    """A package, and below it who requires it, up to what was asked for.

    Raises:
        InputFileError: it is not there.
    """
    for line in drawn(graph, [member(graph, name)], upwards=True):
        asked = " (asked for)" if graph.packages[line.name].requested else ""
        said = f" requires {line.need.of}{printable(told_need(line.need))}" if line.need else ""
        yield f"{line.branch}{_title(graph, line.name)}{said}{asked}{_again(line)}"


def member(graph: Graph, name: str) -> str:
    """The normalised name of a package that is there; InputFileError as in `why_lines`."""
    wanted = normalize_name(name)
    if wanted in graph.packages:
        return wanted
    near = get_close_matches(wanted, graph.packages, 3)
    raise InputFileError(
        f"{name} is not in it: nothing asks for it on this target",
        where=name,
        remedy=f"did you mean {' or '.join(near)}?" if near else "`parity tree` shows all that is there",
    )


def graph_document(graph: Graph, names: Iterable[str]) -> dict[str, object]:
    """Some packages of a graph as JSON values, in the format `parity-graph/1`."""
    return {
        "format": "parity-graph/1",
        "packages": [
            {
                "name": name,
                "version": graph.packages[name].version,
                "requested": graph.packages[name].requested,
                "requires": [asdict(need) for need in graph.below[name]],
                "required_by": [asdict(need) for need in graph.above[name]],
            }
            for name in sorted(names)
        ],
    }


def above(graph: Graph, name: str) -> set[str]:
    """A package, and all that requires it, directly or not."""
    # Not by recursion: needs may go in a circle, and a stranger's wheels decide how deep they go.
    found, waiting = {name}, [name]
    while waiting:
        fresh = {need.by for need in graph.above[waiting.pop()]} - found
        found |= fresh
        waiting.extend(fresh)
    return found


def _title(graph: Graph, name: str) -> str:
    # A name was normalised; a version may be any text that a wheel says.
    return f"{name} {printable(graph.packages[name].version)}"


def _again(line: DrawnLine) -> str:
    return " (*)" if line.again else ""
