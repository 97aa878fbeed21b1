"""What a wheel says of itself in METADATA (core metadata 2.x), read as text: nothing of the wheel runs."""

import email.parser
import zipfile
import zlib
from typing import Any, Dict


def of_wheel(path: str) -> Dict[str, Any]:
    """{"requires": [Requires-Dist lines], "requires_python": specifier or empty, "provides_extra": [names]}.

    Raises:
        ValueError: it has no METADATA that can be read.
    """
    try:
        with zipfile.ZipFile(path) as wheel:
            name = next((each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")), None)
            if name is None:
                raise ValueError("the wheel has no METADATA")
            text = wheel.read(name).decode("utf-8")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"the wheel's METADATA cannot be read: {error}") from error
    message = email.parser.HeaderParser().parsestr(text)
    return {
        "requires": [str(line) for line in message.get_all("Requires-Dist") or []],
        "requires_python": str(message.get("Requires-Python") or ""),
        "provides_extra": [str(name) for name in message.get_all("Provides-Extra") or []],
    }
