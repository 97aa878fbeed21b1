"""How one YAML scalar is read: as YAML 1.2's core schema does, doubtful spellings refused.

YAML 1.1 and 1.2 read `no`, `010`, `1:30` or `3.10` differently from each other, or differently from
what was meant. Such text becomes `Unclear`, which fits no type of the schema, so that whoever wrote it
is told to quote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_BOOLEAN = {"yes": True, "no": False, "on": True, "off": False}
# Eighteen digits fit every reader's 64 bits.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_OTHER_NUMBER = re.compile(
    r"""[-+]?( [0-9][0-9_]*            # leading zeros, underscores, more digits than fit
      | 0b[01_]+ | 0o[0-7]+ | 0x[0-9a-fA-F_]+
      | [0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?      # sexagesimal, YAML 1.1
      | (\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?
      | \.(inf|Inf|INF) ) | \.(nan|NaN|NAN)""",
    re.VERBOSE,
)


_HALF_PAIR = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Unclear:
    """Plain text that YAML versions read differently, or as a number with a fraction."""

    text: str

    @property
    def boolean(self) -> bool | None:
        """What YAML 1.1 takes it for, None where that is no boolean."""
        return _OLD_BOOLEAN.get(self.text.lower())


def read_plain(text: str) -> object:
    """The value of an unquoted scalar: None, bool, int, `Unclear` or the text itself."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if text.lower() in _OLD_BOOLEAN or _OTHER_NUMBER.fullmatch(text):
        return Unclear(text)
    return text


def fault_of(text: str) -> str:
    """Why this text can stand nowhere in a profile; empty where it can."""
    if _HALF_PAIR.search(text):
        return "holds half of a surrogate pair, which is no character"
    if _CONTROL.search(text):
        return "holds a control character"
    return ""
