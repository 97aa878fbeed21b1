"""proof.json as it is read back: nothing in it is believed before its shape is checked.

It holds what package code said, so its texts are any texts: `texts.printable` is for whoever shows them.
Standard library only, Python 3.6 and later.
"""

import json
from typing import TYPE_CHECKING, Callable, Dict, cast

from ..errors import BundleDamaged

if TYPE_CHECKING:
    from ..documents.evidence import ProofDocument

NAME = "proof.json"
Check = Callable[[object, str], None]


def parse(data: bytes) -> "ProofDocument":
    """A proof; what an older one does not say is there and empty.

    Returns:
        the document, with at least {"image": {"name", maybe "layers", "reference", "platform",
        "stand_in_for", and of an older one "id", "digests"},
        "machine": {"os", ...}, "imports": [{"package", "module", "error", ...}],
        "missing_libraries": [{"package", "file", "library", "packages", ...}],
        "missing_versions": [{"package", "file", "library", "version", ...}],
        "tag_lies": [{"package", "file", "needs", "tag", ...}], "glibc_needed": {"version", ...} or None}

    Raises:
        BundleDamaged: it is no JSON, or something in it has another type.
    """
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{NAME} in the bundle is no JSON") from error
    _object(_FIELDS)(document, NAME)
    found: Dict[str, object] = {key: make() for key, make in _ABSENT.items()}
    found.update(document)
    return cast("ProofDocument", found)


def _text(value: object, where: str) -> None:
    if not isinstance(value, str):
        raise BundleDamaged(f"{where} must be text")


def _object(fields: Dict[str, Check], *needed: str) -> Check:
    """An object; it may have other keys than these, and must have those that are needed."""

    def check(value: object, where: str) -> None:
        if not isinstance(value, dict) or not set(needed) <= set(value):
            words = f" with {', '.join(needed)}" if needed else ""
            raise BundleDamaged(f"{where} must be an object{words}")
        # Keys that are not known pass: a newer parity may have written more.
        for key, inner in fields.items():
            if key in value:
                inner(value[key], f"{where}.{key}")

    return check


def _list(inner: Check) -> Check:
    def check(value: object, where: str) -> None:
        if not isinstance(value, list):
            raise BundleDamaged(f"{where} must be a list")
        for number, each in enumerate(value):
            inner(each, f"{where}[{number}]")

    return check


def _optional(inner: Check) -> Check:
    return lambda value, where: None if value is None else inner(value, where)


def _rows(*names: str) -> Check:
    """A list of objects with these texts."""
    fields: Dict[str, Check] = dict.fromkeys(names, _text)
    return _list(_object({**fields, "packages": _list(_text)}, *names))


_FIELDS: Dict[str, Check] = {
    "image": _object(
        {
            "name": _text,
            "layers": _list(_text),
            "reference": _optional(_text),
            "platform": _text,
            "id": _text,
            "digests": _list(_text),
            "stand_in_for": _optional(_text),
        },
        "name",
    ),
    "machine": _object({"os": _text}, "os"),
    "imports": _rows("package", "module", "error"),
    "missing_libraries": _rows("package", "file", "library"),
    "missing_versions": _rows("package", "file", "library", "version"),
    "tag_lies": _rows("package", "file", "needs", "tag"),
    "glibc_needed": _optional(_object({"version": _text}, "version")),
}
_ABSENT: Dict[str, Callable[[], object]] = {
    "image": lambda: {"name": ""},
    "machine": lambda: {"os": ""},
    "imports": list,
    "missing_libraries": list,
    "missing_versions": list,
    "tag_lies": list,
    "glibc_needed": lambda: None,
}
