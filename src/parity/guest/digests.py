"""A wheel to fetch, and what its bytes must be."""

import hashlib
from typing import Any, Dict, NamedTuple, Optional, Tuple

_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")


class Wheel(NamedTuple):
    """A wheel to fetch; `size` is None, `sha256` empty where nobody tells; `hashes` are further ones."""

    filename: str
    url: str
    sha256: str
    size: Optional[int]
    hashes: Tuple[Tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What its unfinished file is called."""
        return self.sha256 or "first-" + hashlib.sha256(self.url.encode("utf-8")).hexdigest()


def wheel_of(said: Dict[str, Any]) -> Wheel:
    """A wheel as a job names it."""
    hashes = tuple(sorted((said.get("hashes") or {}).items()))
    return Wheel(said["filename"], said["url"], said["sha256"], said.get("size"), hashes)


class Digests:
    """The hashes of one file as it comes: SHA-256, and whatever else is known of it."""

    def __init__(self, wheel: Wheel) -> None:
        expected = dict(wheel.hashes)
        if wheel.sha256:
            expected["sha256"] = wheel.sha256
        self._running = {"sha256": hashlib.sha256()}
        for name in set(expected) - {"sha256"}:
            found = _new(name)
            if found is not None:
                self._running[name] = found
        self._expected = {name: expected[name].lower() for name in self._running if name in expected}

    def update(self, piece: bytes) -> None:
        """Take more of the file in."""
        for digest in self._running.values():
            digest.update(piece)

    @property
    def sha256(self) -> str:
        """Of all that came so far."""
        return self._running["sha256"].hexdigest()

    @property
    def tell(self) -> bool:
        """Whether they can tell a whole file from a part of one."""
        return bool(self._expected)

    def wrong(self) -> str:
        """The first hash that is not as expected, as a sentence; empty where all are."""
        for name, value in sorted(self._expected.items(), reverse=True):
            found = self._running[name].hexdigest()
            if found != value:
                expected = "locked" if name == "sha256" else "announced"
                spelled = name.upper().replace("SHA", "SHA-")
                return f"the server's bytes have the {spelled} {found}, not the {expected} one"
        return ""


def _new(name: str) -> Any:
    """A running hash; None for one that Python does not have, or that FIPS rules forbid it to use."""
    if name not in _ALGORITHMS:
        return None
    try:
        return hashlib.new(name)
    except ValueError:
        return None
