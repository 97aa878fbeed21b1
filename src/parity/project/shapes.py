"""What is read of a project's own files has the types that its readers rely on, or is refused by its place.

Only what is read here is looked at: PEP 621, 735 and 518, uv's settings and uv.lock have more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, cast

from packaging.pylock import Pylock, PylockUnsupportedVersionError, PylockValidationError

from parity.errors import InputFileError

UvTable = TypedDict(
    "UvTable",
    {
        "package": bool,
        "default-groups": list[str] | str,
        "dev-dependencies": list[str],
        "sources": dict[str, object],
        "index": list[dict[str, object]],
        "workspace": dict[str, object],
    },
    total=False,
)
OwnTable = TypedDict(
    "OwnTable",
    {
        "name": str,
        "version": str,
        "requires-python": str,
        "dependencies": list[str],
        "optional-dependencies": dict[str, list[str]],
        "dynamic": list[str],
    },
    total=False,
)


class ToolTable(TypedDict, total=False):
    """`tool`, as far as it is read here."""

    uv: UvTable


Groups = Mapping[str, Sequence[str | Mapping[str, object]]]
Pyproject = TypedDict(
    "Pyproject",
    {
        "project": OwnTable,
        "dependency-groups": Groups,
        "build-system": dict[str, object],
        "tool": ToolTable,
    },
    total=False,
)


class _Needed(TypedDict):
    name: str


class LockedNeed(_Needed, total=False):
    """What a package of uv.lock requires."""

    version: str
    marker: str
    extra: list[str]


_Locked = TypedDict(
    "_Locked",
    {
        "version": str,
        "source": dict[str, object],
        "dependencies": list[LockedNeed],
        "optional-dependencies": dict[str, list[LockedNeed]],
        "dev-dependencies": dict[str, list[LockedNeed]],
        "resolution-markers": list[str],
    },
    total=False,
)


class LockedPackage(_Needed, _Locked):
    """A package of uv.lock."""


UvManifest = TypedDict(
    "UvManifest",
    {
        "members": list[str],
        "overrides": list[_Needed],
        "excludes": list[str],
        "dependency-metadata": list[_Needed],
    },
    total=False,
)


UvLock = TypedDict(
    "UvLock",
    {
        "requires-python": str,
        "supported-markers": list[str],
        "package": list[LockedPackage],
        "manifest": UvManifest,
    },
    total=False,
)
"""uv.lock, as far as it is read here."""


Shape = Callable[[object, str], None]

UV_LOCK_VERSIONS = (1,)
"""The versions of uv.lock that are known; a newer `revision` of one may be read as it is (uv's own rule)."""
_NEWER = "write it with a tool of that version, or use a parity that knows this one"


class _Odd(Exception):
    """A value is not what it must be: where, and what it must be."""


def check_pyproject(document: Mapping[str, object], where: str) -> Pyproject:
    """The document, if pyproject.toml can be read; InputFileError names the first value that cannot be."""
    _check(_PYPROJECT, document, where, "see the packaging guide's page on pyproject.toml, and mend it")
    return cast("Pyproject", document)


def check_uv_lock(document: Mapping[str, object], where: str) -> UvLock:
    """The document, if uv.lock is of a known version and can be read; InputFileError as `check_pyproject`."""
    version = document.get("version")
    if type(version) is not int or version not in UV_LOCK_VERSIONS:
        known = " and ".join(map(str, UV_LOCK_VERSIONS))
        raise InputFileError(
            f"uv.lock has {'no version' if version is None else f'version {str(version)[:20]}'}; "
            f"this parity knows version {known}",
            where=where,
            remedy=f"{_NEWER}; `uv lock` makes it anew",
        )
    _check(_UV_LOCK, document, where, "run `uv lock` in the project: uv writes it anew")
    return cast("UvLock", document)


def check_pylock(document: Mapping[str, object], where: str) -> None:
    """Demand that a pylock.toml is one of version 1 (PEP 751); InputFileError as `check_pyproject`."""
    try:
        Pylock.from_dict(document)
    except PylockUnsupportedVersionError as error:
        message = f"pylock.toml has a lock-version that this parity does not know, it knows 1.0: {error}"
        raise InputFileError(message, where=where, remedy=_NEWER) from error
    except (PylockValidationError, RecursionError) as error:
        remedy = "let the tool that wrote it write it anew"
        raise InputFileError(f"not a PEP 751 lock: {error}", where=where, remedy=remedy) from error


def _check(shape: Shape, document: Mapping[str, object], where: str, remedy: str) -> None:
    try:
        shape(document, "")
    except _Odd as odd:
        place, expected = odd.args
        raise InputFileError(f"{place} must be {expected}", where=where, remedy=remedy) from odd


def _text(value: object, place: str) -> None:
    if not isinstance(value, str):
        raise _Odd(place, "text")


def _flag(value: object, place: str) -> None:
    if not isinstance(value, bool):
        raise _Odd(place, "true or false")


def _array(inner: Shape) -> Shape:
    def check(value: object, place: str) -> None:
        if not isinstance(value, list):
            raise _Odd(place, "a list")
        for number, each in enumerate(value):
            inner(each, f"{place}[{number}]")

    return check


def _table(fields: Mapping[str, Shape], needed: tuple[str, ...] = (), others: Shape | None = None) -> Shape:
    """A table; of its keys those in `fields` are looked at, the others by `others`."""

    def check(value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise _Odd(place, "a table")
        for key in needed:
            if key not in value:
                raise _Odd(f"{place}.{key}".lstrip("."), "there")
        for key, each in value.items():
            shape = fields.get(key, others)
            if shape is not None:
                shape(each, f"{place}.{key}".lstrip("."))

    return check


def _oddity(shape: Shape, value: object, place: str) -> _Odd | None:
    try:
        shape(value, place)
    except _Odd as odd:
        return odd
    return None


def _either(*shapes: Shape) -> Shape:
    def check(value: object, place: str) -> None:
        odd = [found for shape in shapes if (found := _oddity(shape, value, place))]
        if len(odd) == len(shapes):
            raise odd[0]

    return check


_TEXTS = _array(_text)
_ANY_TABLE = _table({})
_UV = _table(
    {
        "package": _flag,
        "default-groups": _either(_TEXTS, _text),
        "dev-dependencies": _TEXTS,
        "sources": _table({}, others=_either(_ANY_TABLE, _array(_ANY_TABLE))),
        "index": _array(_table({"name": _text})),
        "workspace": _ANY_TABLE,
    }
)
_PYPROJECT = _table(
    {
        "project": _table(
            {
                "name": _text,
                "version": _text,
                "requires-python": _text,
                "dependencies": _TEXTS,
                "optional-dependencies": _table({}, others=_TEXTS),
                "dynamic": _TEXTS,
            }
        ),
        "dependency-groups": _table(
            {}, others=_array(_either(_text, _table({"include-group": _text}, ("include-group",))))
        ),
        "build-system": _table({"requires": _TEXTS, "build-backend": _text, "backend-path": _TEXTS}),
        "tool": _table({"uv": _UV}),
    }
)
_NEED = _table({"name": _text, "version": _text, "marker": _text, "extra": _TEXTS}, ("name",))
_NAMED = _array(_table({"name": _text}, ("name",)))
_UV_LOCK = _table(
    {
        "requires-python": _text,
        "supported-markers": _TEXTS,
        "manifest": _table(
            {"members": _TEXTS, "overrides": _NAMED, "excludes": _TEXTS, "dependency-metadata": _NAMED}
        ),
        "package": _array(
            _table(
                {
                    "name": _text,
                    "version": _text,
                    "source": _table(dict.fromkeys(("editable", "virtual", "directory"), _text)),
                    "dependencies": _array(_NEED),
                    "optional-dependencies": _table({}, others=_array(_NEED)),
                    "dev-dependencies": _table({}, others=_array(_NEED)),
                    "resolution-markers": _TEXTS,
                },
                ("name",),
            )
        ),
    }
)
