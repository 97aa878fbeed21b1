"""What to write in the place of a line that is no requirement: the mistakes that people make. Pure."""

from __future__ import annotations

import re
import unicodedata

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = r"(?:\[[A-Za-z0-9._, -]*\])?"
_VERSION = r"v?[0-9][A-Za-z0-9.!+_-]*"
_ONE = re.compile(rf"{_NAME}{_EXTRAS}(?:[<>=!~]{{1,3}}{_VERSION})?")
_CONDA = re.compile(r"[A-Za-z0-9._-]+=[A-Za-z0-9._!+-]+=[A-Za-z0-9._-]+")
_SINGLE = re.compile(rf"({_NAME}{_EXTRAS})\s*=\s*({_VERSION})")
_LISTED = re.compile(rf"({_NAME})\s+({_VERSION})")
_HEADED = re.compile(r"Package\s+Version(?:\s.*)?|-{3,}(?:\s.*)?")
_STARRED = re.compile(r"([<>]=?\s*[0-9]+(?:\.[0-9]+)*)\.\*")
_RUN_ON = re.compile(rf"({_NAME}{_EXTRAS}\s*[<>=!~]=?=?\s*[0-9][0-9.]*)\s*([<>!~]=?=?.+|=[=]+.+)")
_COMMAND = re.compile(r"(?:python[0-9.]* -m )?pip[0-9.]* install(?: .*)?")
_MERGE = re.compile(r"(?:<{7}|={7}|>{7})(?: .*)?")
_TURNED = re.compile(r"=([<>])")
_UNQUOTED = re.compile(r"(python_(?:full_)?version\s*[<>=!~]{1,2}\s*)([0-9][0-9.]*)")
_COMMENT = re.compile(rf"{_NAME}{_EXTRAS}\s*(?:[<>=!~]=?=?\s*{_VERSION})?#.*")
_LONGEST = 200
_FREEZE = "`pip freeze` (in conda `pip list --format=freeze`) writes lines that can be taken"


def written_instead(text: str) -> str:
    """What to write; empty where it cannot be told."""
    if len(text) > _LONGEST:
        return ""
    if hidden := sorted({each for each in text if _is_invisible(each)}):
        shown = ", ".join(f"U+{ord(each):04X}" for each in hidden[:3])
        return f"take out what is not seen in it: {shown}"
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return f"write it without quotes: {text[1:-1]}"
    return _of_signs(text) or _of_tools(text) or _of_versions(text)


def _of_signs(text: str) -> str:
    if "\0" in text:
        return "save it as UTF-8"
    if text.endswith("\\"):
        return "take out the blank behind the \\: it ends the line no more"
    if _COMMENT.fullmatch(text):
        return "write a blank before the #"
    return f"write {text.replace(chr(92), '/')}" if text.startswith((".\\", "..\\")) else ""


def _of_tools(text: str) -> str:
    if _CONDA.fullmatch(text) or text == "@EXPLICIT":
        return f"conda wrote it, whose packages cannot be carried: {_FREEZE}"
    if _HEADED.fullmatch(text):
        return f"`pip list` wrote it: {_FREEZE}"
    if _COMMAND.fullmatch(text):
        return "write what stands behind `pip install` alone"
    return "finish the merge: these are marks of git's" if _MERGE.fullmatch(text) else ""


def _of_versions(text: str) -> str:
    if found := _SINGLE.fullmatch(text) or _LISTED.fullmatch(text):
        return f"write {found[1]}=={found[2]}"
    if _STARRED.search(text):
        return "write " + _STARRED.sub(r"\1", text)
    if ";" in text and _UNQUOTED.search(text):
        return "write " + _UNQUOTED.sub(r"\1'\2'", text)
    if _TURNED.search(text):
        return "write " + _TURNED.sub(r"\1=", text)
    if found := _RUN_ON.fullmatch(text):
        return f"write a comma between: {found[1]},{found[2]}"
    words = re.split(r"[\s,]+", text)
    several = len(words) > 1 and all(map(_ONE.fullmatch, words))
    return "write each requirement on a line of its own" if several else ""


def _is_invisible(letter: str) -> bool:
    return not letter.isascii() and unicodedata.category(letter) in ("Cf", "Zs", "Cc", "Zl", "Zp")
