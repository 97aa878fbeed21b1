"""Reading TOML on every Python of the near side."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOMLError = tomllib.TOMLDecodeError
"""What `parse` raises; a ValueError."""


def parse(text: str) -> dict[str, Any]:
    """The document as plain values.

    Raises:
        TOMLError: the text is not TOML 1.0.
    """
    document: dict[str, Any] = tomllib.loads(text)
    return document
