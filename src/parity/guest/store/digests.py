"""A wheel to fetch, and what its bytes must be."""

import hashlib
import json
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Tuple, Union

from ...portable.sha256 import is_sha256

if TYPE_CHECKING:
    from ...wire.network import IndexSaid, Reach
    from ...wire.store import FileWanted

# Only these by name: `hashlib.new` would hand any other to OpenSSL.
_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")


def announced_sha256(said: object) -> str:
    """The SHA-256 that an index announces, in lower case; empty where it announces none.

    Raises:
        ValueError: it is something else.
    """
    if said is None or said == "":
        return ""
    found = said.lower() if isinstance(said, str) else said
    if not is_sha256(found):
        raise ValueError("what is announced as a SHA-256 is none")
    return str(found)


class Wheel(NamedTuple):
    """A wheel to fetch; `size` is None, `sha256` empty where nobody tells; `hashes` are further ones.

    `scope` names the indexes that told of it: what one set of indexes began, no other goes on with.
    """

    filename: str
    url: str
    sha256: str
    size: Optional[int]
    hashes: Tuple[Tuple[str, str], ...] = ()
    scope: str = ""

    @property
    def key(self) -> str:
        """What its unfinished file is called."""
        if self.sha256:
            return self.sha256
        # Without a digest, two files may share a name: the address and who told of it keep them apart.
        said = json.dumps([self.scope, self.url, self.hashes])
        return "first-" + hashlib.sha256(said.encode("ascii")).hexdigest()


def wheel_of(said: "FileWanted", scope: str = "") -> Wheel:
    """A wheel as a job names it; ValueError where its SHA-256 is none."""
    hashes = tuple(sorted((said.get("hashes") or {}).items()))
    sha256 = announced_sha256(said["sha256"])
    return Wheel(said["filename"], said["url"], sha256, said.get("size"), hashes, scope)


def scope_of(job: "Reach") -> str:
    """A digest of the indexes that a job names, and of who asks them; no password is in it."""
    indexes = [
        [each["name"], each["url"], each["packages"], _users(each)] for each in job.get("indexes") or ()
    ]
    said = json.dumps([job.get("index_url"), _users(job), indexes], sort_keys=True)
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def _users(said: "Union[Reach, IndexSaid]") -> Dict[str, str]:
    # A changed password is the same user, whose unfinished downloads go on.
    return {where: login[0] for where, login in (said.get("credentials") or {}).items()}


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
        # Announced hashes that Python cannot make are not compared; the SHA-256 is always made, for the
        # store.
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
        # Reversed, so that of several wrong ones a SHA-2 is named before MD5.
        for name, value in sorted(self._expected.items(), reverse=True):
            found = self._running[name].hexdigest()
            if found != value:
                expected = "locked" if name == "sha256" else "announced"
                spelled = name.upper().replace("SHA", "SHA-")
                return f"the server's bytes have the {spelled} {found}, not the {expected} one"
        return ""


def _new(name: str) -> "Optional[hashlib._Hash]":
    """A running hash; None for one that Python does not have, or that FIPS rules forbid it to use."""
    if name not in _ALGORITHMS:
        return None
    try:
        return hashlib.new(name)
    except ValueError:
        return None
