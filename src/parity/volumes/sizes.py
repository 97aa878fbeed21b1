"""Sizes as people write them. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

# Bounded digits: no number that is written for a disc is longer.
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(?:([kKmMgGtT])([iI]?))?[bB]?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str) -> int:
    """Bytes of `4GiB`, `700MB`, `4.7 GB`, `1048576`; without the `i`, units are powers of 1000.

    Raises:
        ValueError: it is no size, or less than one byte.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size; write it like 4GiB, 700MB or 1048576")
    number, unit, binary = found.groups()
    # Decimal: 4.7 GB is 4,700,000,000 bytes, and not what a float is near to.
    size = int(Decimal(number) * (1024 if binary else 1000) ** _POWERS[(unit or "").lower()])
    if size < 1:
        raise ValueError(f"{text!r} is less than one byte")
    return size
