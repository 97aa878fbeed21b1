"""JSON with one spelling only, and checks of its shape. Standard library only, Python 3.6 and later.

A document that is signed must have exactly one encoding, or its bytes could change without its
meaning changing. So every document read here is encoded again and compared with what was read.
"""

import json
import re
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from .errors import BundleDamaged
from .plainfile import parse_json
from .sha256 import is_sha256

Check = Callable[[object, str], None]

LONGEST_TEXT = 8192
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,127}")


def encode(value: object) -> bytes:
    """A JSON value's only encoding: sorted keys, no spaces, ASCII with escapes, no final newline.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def decode(data: bytes, what: str) -> object:
    """Read JSON that must be exactly as `encode` writes it; `what` names it in errors.

    Raises:
        BundleDamaged: no JSON, or another spelling of it (spaces, key order, double keys, NaN,
            escapes that are not needed, nesting too deep), or numbers and values without measure.
    """
    try:
        value = parse_json(data, _unique)
        same = encode(value) == data
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{what} is not canonical JSON: {_brief(error)}") from error
    if not same:
        raise BundleDamaged(f"{what} is not canonical JSON: it can be written in another way")
    return value


def _unique(pairs: List[Tuple[str, object]]) -> Dict[str, object]:
    """An object whose keys are all different."""
    # json takes the last of two equal keys silently; another reader may take the first.
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _brief(error: BaseException) -> str:
    """An error's text without the bytes that caused it, which may be long or hostile."""
    return ascii(str(error))[1:-1][:120]


# --- shapes: each check takes a value and the place it stands at, and raises BundleDamaged -----------


def record(fields: Mapping[str, Check]) -> Check:
    """An object with exactly these keys."""

    def check(value: object, where: str) -> None:
        if not isinstance(value, dict) or set(value) != set(fields):
            raise BundleDamaged(f"{where} must be an object with the keys {', '.join(sorted(fields))}")
        for key, inner in fields.items():
            inner(value[key], f"{where}.{key}")

    return check


def array(inner: Check, least: int = 0, most: int = 1000000) -> Check:
    """A list of `least` to `most` values of one kind."""

    def check(value: object, where: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise BundleDamaged(f"{where} must be a list of {least} to {most} values")
        for index, item in enumerate(value):
            inner(item, f"{where}[{index}]")

    return check


def optional(inner: Check) -> Check:
    """Null, or a value of that kind."""

    def check(value: object, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def one_of(*allowed: str) -> Check:
    """One of these strings."""

    def check(value: object, where: str) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise BundleDamaged(f"{where} must be {' or '.join(allowed)}")

    return check


def text(value: object, where: str) -> None:
    """A string that can be shown on a terminal: no control characters, no lone surrogates."""
    if not isinstance(value, str) or not value.isprintable():
        raise BundleDamaged(f"{where} must be printable text")


def short_text(value: object, where: str) -> None:
    """Such a string of at most 8192 characters."""
    text(value, where)
    if len(str(value)) > LONGEST_TEXT:
        raise BundleDamaged(f"{where} must have at most {LONGEST_TEXT} characters")


def name(value: object, where: str) -> None:
    """A short string that can be a part of a file name; see `is_name`."""
    if not isinstance(value, str) or not is_name(value):
        raise BundleDamaged(f"{where} must be 1 to 128 letters, digits or . _ + ! - in ASCII")


def is_name(value: str) -> bool:
    """Whether a product, version or profile may be called so: it begins with a letter or a digit."""
    return _NAME.fullmatch(value) is not None


def count(value: object, where: str) -> None:
    """A whole number from 0 to 2**63 - 1."""
    # `type`, since True is an int to isinstance.
    if type(value) is not int or not 0 <= value < 2**63:
        raise BundleDamaged(f"{where} must be a whole number, 0 or more")


def flag(value: object, where: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise BundleDamaged(f"{where} must be true or false")


def digest(value: object, where: str) -> None:
    """A SHA-256 as 64 lower-case hexadecimal digits."""
    if not is_sha256(value):
        raise BundleDamaged(f"{where} must be a SHA-256 in lower-case hexadecimal")


def strictly_rising(values: Sequence[str], where: str) -> None:
    """Sorted without two equal ones."""
    if any(not left < right for left, right in zip(values, values[1:])):
        raise BundleDamaged(f"{where} must be sorted, each one once")
