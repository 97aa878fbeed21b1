"""A release's receipt as a file: written whole or not at all, and believed only where its shape is right.

Standard library only, Python 3.6 and later. What stands in it is `receipt`'s.
"""

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional, cast

from ...portable.atomic import sync_folder
from ...portable.plainfile import parse_json, read_whole

if TYPE_CHECKING:
    from ...portable.documents.installations import ReceiptDocument

RECEIPT = "parity-receipt.json"
# 32 MiB; it is read as root, out of a folder that others may have had their hands in.
_LIMIT = 1 << 25


def write_receipt(environment: str, receipt: "ReceiptDocument") -> None:
    """Put a receipt into an environment, whole or not at all: JSON in ASCII, brought to the disk.

    Raises:
        OSError: it cannot be written; an older one is untouched.
    """
    partial = os.path.join(environment, RECEIPT + ".partial")
    with suppress(FileNotFoundError):  # of a killed run, or a link that leads elsewhere
        os.unlink(partial)
    with open(partial, "x", encoding="ascii") as handle:
        json.dump(receipt, handle, indent=2, sort_keys=True)
        handle.write("\n")
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, os.path.join(environment, RECEIPT))
    sync_folder(environment)


def read_receipt(environment: str) -> "Optional[ReceiptDocument]":
    """An environment's receipt, None where it has none: a file of that name in another shape is none.

    Raises:
        OSError: there is a plain file, and it may not be read.
    """
    path = os.path.join(environment, RECEIPT)
    if not _is_plain(path):
        return None
    try:
        receipt = parse_json(read_whole(path, _LIMIT, follow=False))
    except (FileNotFoundError, ValueError):
        return None
    return cast("ReceiptDocument", receipt) if _has_shape(receipt) else None


def has_receipt(environment: str) -> bool:
    """Whether there is anything by a receipt's name."""
    return os.path.lexists(os.path.join(environment, RECEIPT))


def _is_plain(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) <= _LIMIT


# --- the shape --------------------------------------------------------------------------------------------

_Is = Callable[[object], bool]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _word(value: object) -> bool:
    return value is None or isinstance(value, str)


def _number(value: object) -> bool:
    # `type`, since True is an int to isinstance.
    return value is None or type(value) is int


def _rows(**fields: _Is) -> _Is:
    """A list of objects that have these fields."""

    def check(value: object) -> bool:
        return isinstance(value, list) and all(
            isinstance(row, dict) and all(name in row and fine(row[name]) for name, fine in fields.items())
            for row in value
        )

    return check


def _object(**fields: _Is) -> _Is:
    """An object whose fields, where they are there, are these."""

    def check(value: object) -> bool:
        return isinstance(value, dict) and all(
            fine(value[name]) for name, fine in fields.items() if name in value
        )

    return check


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


_BUNDLE = _object(product=_word, version=_word, serial=_number)
_SHAPE = _object(
    release=_text,
    payload_sha256=_word,
    bundle=lambda value: value is None or _BUNDLE(value),
    signature=_object(signers=_texts),
    installed_at=_text,
    installer=_object(tool=_text, version=_text, checked_with=_text),
    packages=_rows(name=_text, version=_text, size=_number),
    imports=_object(tried=_number),
    modules=_rows(package=_text, module=_text),
    overrides=_texts,
    warnings=_texts,
)
_NEEDED = ("installer", "packages", "imports")


def _has_shape(receipt: object) -> bool:
    return isinstance(receipt, dict) and _SHAPE(receipt) and all(key in receipt for key in _NEEDED)
