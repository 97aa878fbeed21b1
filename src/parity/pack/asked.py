"""What was asked for, as it travels: the user's text without credentials and this machine's folders. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from parity.errors import InputFileError
from parity.model import AskedFile, AskedText
from parity.model.network import names_a_server
from parity.pack.contents import file_of_bytes
from parity.portable.bundle.manifest import ASKED, ASKED_BYTES, ASKED_FILES

ROOT = "${PROJECT_ROOT}"
"""What stands for the project's folder, as uv and PDM write it."""

# Each begins where nothing of its own kind stands before it, so a long text takes no more than its length.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z0-9+.-]+)://(?P<rest>(?:[^\s\"<>\\]|\\\r?\n|\\)*)"
)
# pip ends an address at a space alone: what follows a quote may be the rest of a password, but for a port's.
_QUOTED = re.compile(r"://[^\s/@:]{0,256}:(?!\d{0,5}[\"'<])[^\s/@\"'<]{0,512}[\"'<][^\s@]{0,512}@")
_FILE = re.compile(r"file:(?P<path>[^\s\"'<>#]*)")
# `user:password@host` without a scheme, as proxies are told.
_LOGIN = re.compile(
    r"(?<![^\s\"'])(?P<option>--?[\w-]+=)?(?://)?[^\s\"':/@]+:(?!//)(?:[^\s\"'@]+@)+(?=[\w\[])"
)
# Settings that are called so, in tables of other tools, in comments and options; no requirement is `token=1`.
_SETTING = re.compile(
    r"(?P<name>(?:password|passwd|passphrase|secret|token|api[_-]?key)[\"']?(?:\s{0,8}=(?![=\s]*=)|\s{0,8}:(?!//))\s{0,8}"
    r"(?:[a-z]+\s)?)(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"',;\]})]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>authorization[\"']?\s{0,8}[:=]\s{0,8}[\"']?(?:basic|bearer|token)\s)[^\s\"']+", re.IGNORECASE
)
_PART = r"(egg|subdirectory|sha(1|224|256|384|512)|md5)=[\w./\[\],%+-]*"
_FRAGMENT = re.compile(rf"{_PART}(&{_PART})*|[\w-]*")
_ABSOLUTE = re.compile(r"(?<![^\s\"'=,(\[:@])/(?:[\w.+~%-]+/)+(?P<last>[\w.+~%-]+)")
# Folders that lie on every machine; what is in them tells of no user.
_COMMON = re.compile(r"/(bin|dev|etc|lib|lib64|proc|sbin|sys|usr)/")
_CLOSERS = "'`)],;.:"
_LONGEST_NAME = 100


def asked_files(texts: Sequence[AskedText], base: Path) -> tuple[AskedFile, ...]:
    """The payload's files of what was asked for.

    Args:
        texts: in the order in which they were read.
        base: the project's folder.

    Raises:
        InputFileError: there are more of them, or of their bytes, than a bundle takes.
    """
    found = tuple(_travelling(number, text, base) for number, text in enumerate(texts, 1))
    total = sum(each.file.size for each in found)
    if len(found) > ASKED_FILES or total > ASKED_BYTES:
        raise InputFileError(
            f"{len(found)} files of {total} bytes say what to install: a bundle takes {ASKED_FILES} files "
            f"of {ASKED_BYTES} bytes in all",
            where=next((each.name for each in found if each.name), ""),
            remedy="write into fewer files what the target needs",
        )
    return found


def _travelling(number: int, asked: AskedText, base: Path) -> AskedFile:
    text = without_secrets(asked.text, (base,))
    name = _told_name(asked.path, base) if asked.path else ""
    last = re.sub(r"[^A-Za-z0-9._-]", "_", name.rpartition("/")[2] or "lines.txt")[-_LONGEST_NAME:]
    file = file_of_bytes(f"{ASKED}{number:02}-{last}", text.encode("utf-8", "backslashreplace"))
    return AskedFile(asked.kind, name, text != asked.text, file)


def _told_name(path: Path, base: Path) -> str:
    """The path from the project's folder; of a file elsewhere the last name, which tells no folder."""
    if path.parts[:2] in (("/", "dev"), ("/", "proc")):
        return "stdin"  # a pipe's name is another one in each run
    told = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
    return "".join(char if char.isprintable() else "?" for char in told)


def without_secrets(text: str, roots: Iterable[Path]) -> str:
    """A text without users, passwords and queries in its addresses, and without this machine's folders.

    What it says of the project's own folder is told as uv does, by `${PROJECT_ROOT}`; other folders of this
    machine are left out, so that two people's checkouts give the same text.
    """
    for root in (str(root) for root in roots if len(root.parts) > 1):
        for spelt in {root, quote(root)}:
            text = re.sub(re.escape(spelt) + r"(?![\w.-])", lambda _found: ROOT, text)
    text = _FILE.sub(_without_folder, text)
    text = _QUOTED.sub("://***@", text)
    text = _ADDRESS.sub(_without_login, text)
    text = _LOGIN.sub(r"\g<option>***@", text)
    text = _HEADER.sub(r"\g<name>***", _SETTING.sub(r'\g<name>"***"', text))
    return _ABSOLUTE.sub(_last_name, text)


def _without_folder(found: re.Match[str]) -> str:
    path = found["path"]
    if path.lstrip("/").startswith(ROOT) or not path.startswith("/"):
        return found[0]
    return "file:" + path.rstrip("/").rpartition("/")[2]


def _last_name(found: re.Match[str]) -> str:
    return found[0] if _COMMON.match(found[0]) else found["last"]


def _without_login(found: re.Match[str]) -> str:
    whole = found["rest"]
    rest = whole.rstrip(_CLOSERS)
    closing = whole[len(rest) :]
    rest, mark, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    server, slash, path = rest.partition("/")
    user, at, server = server.rpartition("@")
    if not at and "@" in path and not names_a_server(f"https://{server}/"):
        return f"{found['scheme']}://***{closing}"  # what is no port may be a password with a `/` in it
    kept = user + at if user == "git" else "***@" if at else ""
    asked = "?***" if query else ""
    marked = mark + fragment if _FRAGMENT.fullmatch(fragment) else ""
    return f"{found['scheme']}://{kept}{server}{slash}{path}{asked}{marked}{closing}"
