"""Requirements that name their source themselves: a repository, an archive, a folder of the user's.

As PEP 508 and pip's requirements files write them: `name @ address`, a bare address, a bare path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from parity.errors import InputFileError
from parity.markers import marker_holds
from parity.model import SourcePackage
from parity.model.network import clean_url, names_a_server
from parity.model.project import told_address
from parity.portable.sha256 import is_sha256
from parity.resolve.linefile import as_pip_splits

_EXTRAS = r"(\s*\[[^\]]*\])?"
_LOCAL = re.compile(
    rf"(\.{{0,2}}/|file:).*|\.{{1,2}}{_EXTRAS}|[^@\s:]+/[^@\s]*{_EXTRAS}|[^@\s]*\.(whl|zip|tgz|tar\.(gz|bz2|xz)){_EXTRAS}"
)
_REMOTE = re.compile(r"(git|hg|svn|bzr)\+.*|(https?|ssh|git):.*")
_SERVER = re.compile(r"(git\+)?(https?|ssh)://|git\+(git://|\w[\w.-]*@)")
_IN_ADDRESSES, _IN_PATHS = re.compile(r"(?<=\s);|;(?=\s)"), re.compile(";")
"""Where a marker begins: an address may hold a `;` itself. pip has it so, too."""
_NAMED_EXTRAS = re.compile(r"(?P<rest>.*?)\[(?P<extras>[^\]]*)\]")
_SECRET = re.compile(r"https?://[^/\s]*@|://[^/\s@]*:[^/\s@]*@")
_OTHER_DIGESTS = ("md5", "sha1", "sha224", "sha384", "sha512")
_NO_SECRETS = "put them into git's credential helper or ~/.netrc, never into requirements"


@dataclass(frozen=True)
class DirectRequirement:
    """A requirement whose source stands with it.

    Attributes:
        name: normalised (PEP 503); empty where only the source tells.
        extras: of it.
        url: absolute: `git+…`, `https://…` or `file:///…`, with its fragment.
        marker: PEP 508; empty for none.
        where: `file:line`, or the profile's name.
        sha256: what the archive must be; empty where nobody said.
        absolute: whether a path was written so.
    """

    name: str
    extras: tuple[str, ...]
    url: str
    marker: str = ""
    where: str = ""
    sha256: str = ""
    absolute: bool = False

    def holds(self, markers: Mapping[str, str]) -> bool:
        """Whether its marker is true in that environment (a complete one, see Facts.markers)."""
        return marker_holds(self.marker, markers, self.where)

    @property
    def is_local(self) -> bool:
        """Whether it leads to this machine's own files."""
        return not _SERVER.match(self.url)

    def document(self, base: Path) -> list[str]:
        """What it says, for a digest: free of this machine's folders."""
        of = self.source(base)
        address = told_address(of.kind, of.address)
        words = [of.kind, address, of.revision, of.sha256, of.subdirectory, self.marker]
        return [self.name, *self.extras, *words]

    def source(self, base: Path) -> SourcePackage:
        """What is to be built; paths start at `base`, but those that were said absolute and lead out.

        Raises:
            InputFileError: it is nothing that can be fetched here.
        """
        address, _, fragment = self.url.partition("#")
        parts = dict(part.partition("=")[::2] for part in fragment.split("&") if part)
        inside = unquote(parts.get("subdirectory", ""))
        if address.startswith("git+"):
            head, revision = _at_revision(address.removeprefix("git+"))
            return SourcePackage(self.name, "", "git", head, revision=revision, subdirectory=inside)
        sha256 = self.sha256 or parts.get("sha256", "").lower()
        if sha256 and not is_sha256(sha256):
            raise InputFileError("a SHA-256 is 64 hexadecimal digits", where=self.where or clean_url(address))
        if not sha256 and (other := next((kind for kind in _OTHER_DIGESTS if kind in parts), "")):
            raise InputFileError(
                f"#{other}= behind an address: archives are held to their SHA-256 alone",
                where=self.where,
                remedy=f"write #sha256=DIGEST in the place of #{other}=… (`sha256sum FILE` tells it)",
            )
        if address.startswith("file:"):
            path = self._path(path_of(address, self.where), base)
            return SourcePackage(self.name, "", "path", path, sha256=sha256, subdirectory=inside)
        if address.startswith(("https://", "http://")) and names_a_server(address):
            if "?" in address and not sha256:
                raise InputFileError(
                    f"an address with a query: {clean_url(address)[:60]}?…",
                    where=self.where,
                    remedy="add #sha256=DIGEST: a query is not written into the lock, so only the digest "
                    "tells one answer from another",
                )
            return SourcePackage(self.name, "", "url", address, sha256=sha256, subdirectory=inside)
        raise InputFileError(
            f"an address that is neither git's nor an archive's: {clean_url(address)[:60]}",
            where=self.where,
            remedy="write git+https://, git+ssh://, https:// or a path",
        )

    def _path(self, full: str, base: Path) -> str:
        """The path from `base`; the full one where that would tell, and hang on, where the project lies."""
        found = os.path.relpath(full, base)
        outside = found.split("/")[0] == ".."
        by_the_root = os.path.commonpath([full, base]) == "/"
        return full if outside and (self.absolute or by_the_root) else found


def is_direct(text: str) -> bool:
    """Whether a line is an address or a path without a name before it."""
    address, _ = _without_marker(text)
    return bool(_LOCAL.fullmatch(address) or _REMOTE.match(address))


def _without_marker(text: str) -> tuple[str, str]:
    begins = _IN_ADDRESSES if _REMOTE.match(text) or text.startswith("file:") else _IN_PATHS
    address, *rest = begins.split(text, maxsplit=1)
    return address.strip(), "".join(rest).strip()


@dataclass(frozen=True)
class Stated:
    """How a line stands.

    Attributes:
        where: `file:line`, or the profile's name.
        folder: what its relative paths start at; None for no paths.
        sha256: its hash; empty for none.
        called_from: where pip has them start: they do where there is a source, and none in `folder`.
    """

    where: str
    folder: Path | None = None
    sha256: str = ""
    called_from: Path | None = None


def requirement_name(text: str) -> str:
    """The name in a requirement (PEP 508) as it is written there; empty where the text is none."""
    try:
        return Requirement(text).name
    except InvalidRequirement:
        return ""


def addressed_requirement(text: str) -> Requirement | None:
    """A requirement (PEP 508) that names its address; None where the text is none, or names none."""
    try:
        found = Requirement(as_pip_splits(text))
    except InvalidRequirement:
        return None
    return found if found.url else None


def bare_requirement(text: str, stated: Stated) -> DirectRequirement:
    """A line, without its hash, for which `is_direct`.

    Raises:
        InputFileError: it cannot be carried.
    """
    address, marker = _without_marker(text)
    _check_marker(marker, stated.where)
    name, extras = "", ""
    if _REMOTE.match(address):
        egg = re.search(r"[#&]egg=([^&]*)", address)
        name, _, extras = unquote(egg[1]).partition("[") if egg else ("", "", "")
        extras = extras.rstrip("]")
    elif found := _NAMED_EXTRAS.fullmatch(address):
        address, extras = found["rest"].strip(), found["extras"]
    chosen = tuple(sorted(part.strip() for part in extras.split(",") if part.strip()))
    return _direct(canonicalize_name(name) if name else "", chosen, address, marker, stated)


def named_requirement(found: Requirement, stated: Stated) -> DirectRequirement:
    """A PEP 508 requirement with an address; errors as `bare_requirement`."""
    extras = tuple(sorted(found.extras))
    return _direct(canonicalize_name(found.name), extras, found.url or "", str(found.marker or ""), stated)


def _direct(
    name: str, extras: tuple[str, ...], address: str, marker: str, stated: Stated
) -> DirectRequirement:
    where = stated.where
    if _SECRET.search(address):
        raise InputFileError("an address with a user or password in it", where=where, remedy=_NO_SECRETS)
    absolute = address.startswith(("/", "file:/"))
    if not _REMOTE.match(address):
        address = _local_url(address, stated)
    made = DirectRequirement(name, extras, address, marker, where, stated.sha256, absolute)
    source = made.source(stated.folder or Path("/"))
    if stated.sha256 and source.kind == "git":
        raise InputFileError(
            "a hash for a repository", where=where, remedy="name the full commit: it is its own digest"
        )
    return made


def _local_url(address: str, stated: Stated) -> str:
    """A path, or what a file: address names, made an absolute file: address."""
    if stated.folder is None:
        raise InputFileError(f"a path is not known here: {address[:60]}", where=stated.where)
    path, mark, fragment = address.partition("#")
    if path.startswith("file:"):
        path = path_of(path, stated.where)
    starts = [each for each in (stated.folder, stated.called_from) if each]
    places = [Path(os.path.normpath(each / path)) for each in starts]
    found = next((each for each in places if _is_source(each, fragment)), places[0])
    return found.as_uri() + mark + fragment


def _is_source(path: Path, fragment: str) -> bool:
    """Whether a source lies there: an archive, or a folder with a project (or one deeper in it)."""
    if os.path.isdir(path) and "subdirectory=" not in fragment:
        return any(os.path.isfile(path / name) for name in ("pyproject.toml", "setup.py"))
    return os.path.exists(path)


def path_of(address: str, where: str) -> str:
    """The path that a file: address names (RFC 8089)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        # It names nothing, and is refused below.
        parts = urlsplit("file://?")
    path = unquote(parts.path)
    if parts.netloc not in ("", "localhost") or not path or "\0" in path:
        raise InputFileError(
            f"a file: address that names no file of this machine: {address[:60]!r}",
            where=where,
            remedy="write file:///PATH, or the path alone",
        )
    return path


def _at_revision(address: str) -> tuple[str, str]:
    """A repository's address, and the revision behind the last `@` of its path (before it is a user)."""
    start = address.find("/", address.find("://") + len("://"))
    head, at, revision = address[start:].rpartition("@")
    return (address[:start] + head, revision) if at and start >= 0 else (address, "")


def _check_marker(marker: str, where: str) -> None:
    try:
        if marker:
            Marker(marker)
    except InvalidMarker as error:
        raise InputFileError(f"not a marker: {marker[:60]}", where=where) from error
