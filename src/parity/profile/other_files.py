"""The profile's `files`: read, and judged beyond what the schema can say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from parity.errors import Problem
from parity.model import OtherFile
from parity.profile.layers import Layer, problem_at, resolved
from parity.profile.schema import fits
from parity.profile.search import is_file, is_folder

_KEY = "files"


def other_files(layer: Layer) -> tuple[OtherFile, ...]:
    """The entries of a document that fits the schema, paths absolute."""
    return tuple(
        OtherFile(
            path=resolved(layer, (_KEY, number, "path"), one["path"]) if "path" in one else None,
            url=one.get("url", ""),
            sha256=one.get("sha256", ""),
            to=one.get("to", ""),
            executable=one.get("executable"),
        )
        for number, one in enumerate(layer.value.get(_KEY, ()))
    )


def travelling(one: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as it travels in the bundle: no folder of this machine, no query of an address."""
    entry = dict(one)
    if "path" in entry:
        entry["path"] = entry["path"].rstrip("/").rpartition("/")[2] or entry["path"]
    if "url" in entry:
        # Signed addresses carry their secret in the query.
        entry["url"] = entry["url"].partition("?")[0]
    return entry


def problems(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """What is wrong with entries that fit the schema.

    Args:
        layer: the merged document.
        faulty: the paths of values whose problems are known already; one below `files` and none is judged.
    """
    if any(path.startswith(_KEY) for path in faulty):
        return []
    entries = other_files(layer)
    found = [(number, _fault(one)) for number, one in enumerate(entries)]
    found += list(_overlaps(entries))
    return [problem_at(layer, (_KEY, number), fault) for number, fault in found if fault]


def _fault(one: OtherFile) -> str:
    if (one.path is None) == (not one.url):
        return "name either a `path` or a `url`"
    if one.url and not one.sha256:
        return "an address needs the `sha256` of what lies there"
    if not fits([{"to": one.place}], _KEY):
        return f"its own name {one.place[:60]!r} cannot be its place on the target; give a `to`"
    return _fault_on_disk(one)


def _fault_on_disk(one: OtherFile) -> str:
    if one.path is None or is_file(one.path):
        return ""
    if not is_folder(one.path):
        return f"there is no file or folder {one.path}"
    if one.sha256 or one.executable is not None:
        return f"{one.path} is a folder; `sha256` and `executable` are for single files"
    return ""


def _overlaps(entries: tuple[OtherFile, ...]) -> Iterator[tuple[int, str]]:
    """Entries that would lie where an earlier one lies, below it or around it."""
    for number, one in enumerate(entries):
        for earlier, other in enumerate(entries[:number]):
            if (one.place + "/").startswith(other.place + "/"):
                yield number, f"its place {one.place} is taken by files[{earlier}]"
            elif other.place.startswith(one.place + "/"):
                yield number, f"its place {one.place} is a folder of files[{earlier}], {other.place}"
