"""What a wheel says of itself in METADATA (core metadata 2.x), read as text: nothing of the wheel runs."""

import email.parser
import os
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from ...portable.wheel.zipcheck import ZipBroken, read_directory

if TYPE_CHECKING:
    from ...wire.store import WheelMetadata

MOST = 4 * 1024 * 1024
"""Bytes of METADATA: its description may be long, and none is longer."""
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


def of_wheel(path: str) -> "WheelMetadata":
    """{"requires": [Requires-Dist lines], "requires_python": specifier or empty, "provides_extra": [names]}.

    Raises:
        ValueError: it has no METADATA that can be read.
    """
    message = email.parser.HeaderParser().parsestr(text_of_wheel(path).decode("utf-8"))
    return {
        "requires": [str(line) for line in message.get_all("Requires-Dist") or []],
        "requires_python": str(message.get("Requires-Python") or ""),
        "provides_extra": [str(name) for name in message.get_all("Provides-Extra") or []],
    }


def text_of_wheel(path: str) -> bytes:
    """The wheel's METADATA as it is; ValueError as in `of_wheel`."""
    try:
        with open(path, "rb") as file:
            read_directory(file, os.path.getsize(path))  # not larger than a directory may be
            with zipfile.ZipFile(file) as wheel:
                return _text(wheel)
    except ZipBroken as error:
        raise ValueError(f"the wheel's METADATA cannot be read: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"the wheel's METADATA cannot be read: {error}") from error


def _text(wheel: zipfile.ZipFile) -> bytes:
    names = [each for each in wheel.namelist() if _METADATA.fullmatch(each)]
    if len(names) != 1:
        raise ValueError(f"the wheel has {len(names) or 'no'} METADATA")
    with wheel.open(names[0]) as file:
        # Not by the size in the directory, which is the wheel's own word.
        text = file.read(MOST + 1)
    if len(text) > MOST:
        raise ValueError("the wheel's METADATA is absurdly large")
    return text
