"""Which of two rpm versions is newer: epoch, version, release (rpm's rpmvercmp). Python 3.6 and later."""

import re
from typing import List, Tuple

_PIECES = re.compile(r"~|\^|[0-9]+|[A-Za-z]+")


def compare(one: str, other: str) -> int:
    """-1, 0 or 1 for `one` older than, the same as, newer than `other`; both as `epoch:version-release`."""
    for mine, theirs in zip(_parts(one), _parts(other)):
        found = compare_part(mine, theirs)
        if found:
            return found
    return 0


def _parts(text: str) -> Tuple[str, str, str]:
    epoch, colon, rest = text.rpartition(":")
    version, dash, release = rest.rpartition("-")
    return (epoch if colon else "0", version, release) if dash else (epoch if colon else "0", rest, "")


def compare_part(one: str, other: str) -> int:
    """The same for one part: a version, or a release."""
    mine, theirs = _PIECES.findall(one), _PIECES.findall(other)
    for left, right in zip(mine, theirs):
        if left != right:
            found = _compare_pieces(left, right)
            if found:
                return found
    if len(mine) == len(theirs):
        return 0
    return _tail(mine[len(theirs) :]) if len(mine) > len(theirs) else -_tail(theirs[len(mine) :])


def _compare_pieces(left: str, right: str) -> int:
    if "~" in (left, right):  # before everything, the end too
        return -1 if left == "~" else 1
    if "^" in (left, right):  # before everything but the end
        return -1 if left == "^" else 1
    # rpmvercmp: a number is newer than letters.
    if left.isdigit() != right.isdigit():
        return 1 if left.isdigit() else -1
    if left.isdigit():
        return (int(left) > int(right)) - (int(left) < int(right))
    return (left > right) - (left < right)


def _tail(pieces: List[str]) -> int:
    """What a longer one is to one that ends before its first further piece."""
    return -1 if pieces[0] == "~" else 1
