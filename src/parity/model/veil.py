"""Variables in the paths of addresses (`https://host/${TOKEN}/simple/`): their values, which may be secrets.

On this machine such an address is kept as it was written. Its value is put in for the guest that asks the
server, and taken out of all that comes back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlsplit

T = TypeVar("T")

VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
"""What pip takes for a variable."""
ADDRESS = re.compile(r"(?<![\w+])(https?://[^\s/?#'\"`<>\\]+)(/[^\s?#'\"`<>\\]*)")
"""An address in any text: what comes before its path, and the path. Those of git have other ways."""
# A value is put in where an address stands alone: not where one is part of a stranger's, as in a query.
_ALONE = re.compile(r"(?<![^\s'\"])" + ADDRESS.pattern)
_PORTS = {"http": 80, "https": 443}
_SHORTEST = 8
"""Letters: what is shorter may be a word, and is taken out of addresses alone."""


def origin(url: str) -> str:
    """`scheme://host:port`, always with the port; what credentials belong to (RFC 6454)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}:{parts.port or _PORTS.get(parts.scheme, 0)}"


@dataclass(frozen=True)
class Veil:
    """What is said in the place of which part of a path, and at which server alone it is put in.

    Attributes:
        parts: origin, what is told (`${TOKEN}`, `team-${TOKEN}`), what it stands for.
    """

    parts: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)

    def over(self, text: str) -> str:
        """A text whose addresses tell variables, whichever server they name."""
        if not self.parts:
            return text
        return ADDRESS.sub(lambda found: found[1] + self._told(found[2]), text)

    def off(self, text: str) -> str:
        """A text whose addresses have the values in them, those of the variables' own servers alone."""
        if not self.parts:
            return text
        return _ALONE.sub(lambda found: found[1] + self._real(found[1], found[2]), text)

    def all_over(self, value: T) -> T:
        """A JSON value with `over` done to each text in it, keys too."""
        return _everywhere(self.over, value) if self.parts else value

    def all_off(self, value: T) -> T:
        """The same with `off`."""
        return _everywhere(self.off, value) if self.parts else value

    def out_of(self, message: str) -> str:
        """A message for people without the values, in addresses and elsewhere."""
        message = self.over(message)
        for _, told, real in self.parts:
            for each in _spellings(real):
                message = message.replace(each, told) if len(each) >= _SHORTEST else message
        return message

    def _told(self, path: str) -> str:
        for _, told, real in self.parts:
            for each in _spellings(real):
                path = _replaced(path, each, told)
        return path

    def _real(self, begin: str, path: str) -> str:
        for server, told, real in self.parts:
            if _is_at(begin, server):
                path = _replaced(path, told, real)
        return path


def _spellings(real: str) -> list[str]:
    """As it is, and as servers and uv may write it; the longest first."""
    return sorted({real, quote(real, safe=""), quote(real)}, key=len, reverse=True)


def _replaced(path: str, one: str, other: str) -> str:
    """A path with whole parts of it replaced."""
    # Twice: of two that follow each other, the first takes the slash between them.
    for _ in range(2):
        path = f"{path}/".replace(f"/{one}/", f"/{other}/")[:-1]
    return path


def _is_at(begin: str, server: str) -> bool:
    try:
        return origin(begin) == server
    except ValueError:
        return False


def _everywhere(change: Callable[[str], str], value: T) -> T:
    done: object = value
    if isinstance(value, str):
        done = change(value)
    elif isinstance(value, dict):
        done = {_everywhere(change, key): _everywhere(change, each) for key, each in value.items()}
    elif isinstance(value, (list, tuple)):
        done = type(value)([_everywhere(change, each) for each in value])
    return done  # type: ignore[return-value]
