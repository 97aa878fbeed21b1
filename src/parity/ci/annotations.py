"""The document of `--json` as annotations of a pipeline's host, and as a summary in Markdown. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from parity.ci.markdown import as_shown

_PLACE = re.compile(r"([^:\s][^:]*):([1-9][0-9]{0,8}): (.*)", re.DOTALL)
_MOST_WARNINGS = 50


class HostRemark(NamedTuple):
    """One thing to show beside the sources.

    Attributes:
        level: `error` or `warning`.
        kind: the error's name, or `warning`.
        text: what it is, and what to do.
        file: where; empty where it is in no file.
        line: of that file; 0 where that is not known.
    """

    level: str
    kind: str
    text: str
    file: str = ""
    line: int = 0


def annotated(document: object, form: str) -> str:
    """What `--json` printed, as one of FORMATS."""
    return FORMATS[form](remarks_of(document))


def remarks_of(document: object) -> list[HostRemark]:
    """Every error with its place, then the warnings of bundles that were made."""
    return [remark for part in _parts(document) for remark in _remarks(part)]


def summary_of(document: object) -> str:
    """What a person wants to see on the pipeline's page, in Markdown."""
    return "\n".join(line for part in _parts(document) for line in _section(part)) + "\n"


def _parts(document: object) -> Iterator[Mapping[str, Any]]:
    """The runs in the document; an error that ended them all is one of them."""
    if isinstance(document, dict):
        bundles = document.get("bundles")
        for part in bundles if isinstance(bundles, list) else [document]:
            if isinstance(part, dict):
                yield part


def _remarks(part: Mapping[str, Any]) -> Iterator[HostRemark]:
    error = part.get("error")
    if isinstance(error, dict):
        yield from _errors(error)
    # Hosts show some dozen annotations at most, and drop the rest silently.
    for text in _list(part.get("warnings"))[:_MOST_WARNINGS]:
        yield _placed("warning", "warning", str(text), "")


def _errors(error: Mapping[str, Any]) -> Iterator[HostRemark]:
    kind, remedy = str(error.get("kind", "error")), str(error.get("remedy", ""))
    details = [str(each) for each in _list(error.get("details"))]
    placed = [each for each in details if _PLACE.fullmatch(each)]
    for each in placed:
        yield _placed("error", kind, each, remedy)
    # An error that names no line is shown once, as a whole.
    if not placed:
        where = str(error.get("where", ""))
        text = "\n".join([str(error.get("message", "")), *details])
        place = _PLACE.fullmatch(f"{where}: ")
        yield HostRemark(
            "error", kind, f"{text}\ndo: {remedy}", *((place[1], int(place[2])) if place else ())
        )


def _placed(level: str, kind: str, text: str, remedy: str) -> HostRemark:
    what = f"\ndo: {remedy}" if remedy else ""
    if place := _PLACE.fullmatch(text):
        return HostRemark(level, kind, place[3] + what, place[1], int(place[2]))
    return HostRemark(level, kind, text + what)


def _section(part: Mapping[str, Any]) -> Iterator[str]:
    error = part.get("error")
    if isinstance(error, dict):
        kind, code = _cell(error.get("kind")), _cell(error.get("exit_code"))
        yield f"### parity: {_cell(part.get('profile') or 'failed')}: {kind} ({code})\n"
        yield f"{_cell(error.get('message'))}\n"
        yield from (f"- {_cell(each)}" for each in _list(error.get("details")))
        yield f"\n**What to do:** {_cell(error.get('remedy'))}\n"
    elif part.get("bundle"):
        yield f"### parity: {_cell(part.get('profile') or 'bundle')}\n"
        yield "| | |\n| --- | --- |"
        for name in ("bundle", "sha256", "payload_sha256", "product", "version", "serial", "size", "lock"):
            if name in part:
                yield f"| {_cell(name)} | {_cell(part[name])} |"
        yield f"| packages | {len(_list(part.get('packages')))} |"
        yield f"| warnings | {len(_list(part.get('warnings')))} |\n"


def _list(value: object) -> list[Any]:
    """A list of the document; nothing where it is none."""
    return value if isinstance(value, list) else []


def _cell(value: object) -> str:
    """On one line, and with nothing in it that Markdown or HTML would read."""
    return as_shown(" ".join(("" if value is None else str(value)).split()))


def _github(remarks: list[HostRemark]) -> str:
    lines = []
    for each in remarks:
        place = f"file={_property(each.file)},line={each.line}," if each.line else ""
        title = f"title={_property(f'parity: {each.kind}')}"
        lines.append(f"::{each.level} {place}{title}::{_data(each.text)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    """As GitHub's workflow commands escape: a text of several lines cannot be a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _gitlab(remarks: list[HostRemark]) -> str:
    """A report of code quality, the artifact that merge requests show."""
    found = [
        {
            "description": each.text,
            "check_name": each.kind,
            "fingerprint": hashlib.sha256("\0".join(map(str, each)).encode()).hexdigest(),
            "severity": "blocker" if each.level == "error" else "minor",
            "location": {"path": each.file or "parity", "lines": {"begin": each.line or 1}},
        }
        for each in remarks
    ]
    return json.dumps(found, indent=2) + "\n"


def _text(remarks: list[HostRemark]) -> str:
    """As compilers say it, which the plug-ins of Jenkins and editors read."""
    places = [f"{each.file or 'parity'}:{each.line or 1}" for each in remarks]
    texts = [f"{each.level}: {each.kind}: {' '.join(each.text.split())}" for each in remarks]
    return "".join(f"{place}: {text}\n" for place, text in zip(places, texts, strict=True))


FORMATS: Mapping[str, Callable[[list[HostRemark]], str]] = {
    "github": _github,
    "gitlab": _gitlab,
    "text": _text,
}
