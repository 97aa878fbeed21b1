"""The manifest: what a bundle holds and whom it is for. Standard library only, Python 3.6 and later."""

from typing import TYPE_CHECKING, List, NamedTuple, Tuple, cast

from .. import canonical
from ..errors import BundleDamaged
from ..families.registry import FAMILIES
from ..installers.registry import INSTALLERS
from . import ustar

if TYPE_CHECKING:
    from ..documents.bundles import GemRow, ManifestDocument

FORMAT = "parity-bundle/2"
FIRST_FORMAT = "parity-bundle/1"
"""Without `asked`, the packages' origins and the one folder; it is still read."""
TOP = "parity-bundle/"
"""The one folder of the archive, which `tar xf` makes; paths in the manifest start in it."""
NAME = "manifest.json"
ENVELOPE_NAME = "parity-envelope.json"
HEAD_SIZE = 65536
"""Bytes before the payload: the envelope and its tar header."""
LIMIT = 16 * 1024 * 1024
"""The largest manifest, in bytes: some 80,000 files."""
OTHER_FILES = "files/"
"""Where whatever else the application needs lies, in the payload and in the environment alike."""
SYSTEM = "system/"
GEMS = "gems/"
ASKED = "asked/"
"""Where the user's own texts of what to install lie."""
ASKED_FILES, ASKED_BYTES = 1000, LIMIT
"""The most of them, and of their bytes in all."""


class Member(NamedTuple):
    """A file of the payload: path, bytes, hexadecimal SHA-256, where its first byte lies in the bundle."""

    path: str
    size: int
    sha256: str
    offset: int


class Manifest(NamedTuple):
    """A checked manifest.

    `document` is its JSON (see the bundle format note), `members` its files in payload order,
    `payload_size` the bytes from the manifest's own header to the end.
    """

    document: "ManifestDocument"
    members: Tuple[Member, ...]
    payload_size: int

    @property
    def top(self) -> str:
        """The folder that its files lie in, with its slash; empty in the first format."""
        return top_of(self.document)


TARGET = canonical.record(
    {
        "os": canonical.record({"id": canonical.text, "version": canonical.text}),
        "libc": canonical.record(
            {
                "family": canonical.one_of("glibc", "musl"),
                "version": canonical.array(canonical.count, least=2, most=3),
            }
        ),
        "python": canonical.text,
        "arch": canonical.text,
        "implementation": canonical.text,
    }
)
"""The shape of what tells whom something is for."""
_FIRST_PACKAGE = {
    "name": canonical.text,
    "version": canonical.text,
    "wheel": canonical.text,
    "sha256": canonical.digest,
    "size": canonical.count,
    "requested": canonical.flag,
}
_ORIGIN = canonical.record(
    {
        "kind": canonical.one_of("index", "url", "path", "git", "sdist"),
        "index": canonical.short_text,
        "address": canonical.short_text,
    }
)
_ASKED = canonical.record(
    {
        "path": canonical.text,
        "kind": canonical.one_of("lines", "requirements", "constraints", "project"),
        "name": canonical.short_text,
        "changed": canonical.flag,
    }
)
_SYSTEM = canonical.record(
    {
        "manager": canonical.one_of(*FAMILIES),
        "packages": canonical.array(
            canonical.record(
                {
                    "name": canonical.text,
                    "version": canonical.text,
                    "arch": canonical.text,
                    "path": canonical.text,
                    "requested": canonical.flag,
                }
            )
        ),
    }
)
_GEMS = canonical.record(
    {
        "ruby": canonical.text,
        "packages": canonical.array(
            canonical.record(
                {
                    "name": canonical.name,
                    "version": canonical.name,
                    "platform": canonical.name,
                    "path": canonical.text,
                    "requested": canonical.flag,
                    "features": canonical.array(canonical.short_text, most=100),
                }
            ),
            least=1,
        ),
    }
)
_OTHER_FILE = canonical.record({"path": canonical.text, "executable": canonical.flag})
_FIRST = {
    "format": canonical.one_of(FIRST_FORMAT),
    "target": TARGET,
    "installer": canonical.one_of(*INSTALLERS),
    "uv": canonical.optional(canonical.text),
    "stand_in": canonical.optional(canonical.record({"image": canonical.text, "for": canonical.text})),
    "packages": canonical.array(canonical.record(_FIRST_PACKAGE)),
    "allow": canonical.array(canonical.text),
    "system": canonical.optional(_SYSTEM),
    "other_files": canonical.array(_OTHER_FILE),
    "imports": canonical.array(canonical.record({"package": canonical.text, "module": canonical.text})),
    "files": canonical.array(
        canonical.record({"path": canonical.text, "size": canonical.count, "sha256": canonical.digest})
    ),
}
_SECOND = {
    **_FIRST,
    "format": canonical.one_of(FORMAT),
    "packages": canonical.array(canonical.record({**_FIRST_PACKAGE, "origin": _ORIGIN})),
    "asked": canonical.array(_ASKED, most=ASKED_FILES),
}
_SHAPES = {FIRST_FORMAT: canonical.record(_FIRST), FORMAT: canonical.record(_SECOND)}
# `gems` is there only where some are carried: bundles without them are read by every parity.
_WITH_GEMS = canonical.record({**_SECOND, "gems": _GEMS})


def encode(document: "ManifestDocument") -> bytes:
    """The manifest's bytes: canonical JSON and one newline.

    Raises:
        BundleDamaged: the document is none that `parse` would accept.
    """
    # A manifest that readers would refuse must not be signed: the bundle would be found bad beyond the gap.
    data = canonical.encode(document) + b"\n"
    parse(data)
    return data


def parse(data: bytes) -> Manifest:
    """Read a manifest, every field of it checked.

    Raises:
        BundleDamaged: it is malformed, contradicts itself or is too large.
    """
    if len(data) > LIMIT or data[-1:] != b"\n":
        raise BundleDamaged("the manifest is too large or does not end with a newline")
    found = canonical.decode(data[:-1], "the manifest")
    _shape_of(found)(found, "manifest")
    document = cast("ManifestDocument", found)
    _check_paths([entry["path"] for entry in document["files"]])
    _check_lists(document)
    return _lay_out(document, len(data))


def _shape_of(found: object) -> canonical.Check:
    """The shape of the format that a manifest says it has; the newest for one that says none."""
    said = found.get("format") if isinstance(found, dict) else None
    if isinstance(found, dict) and said == FORMAT and "gems" in found:
        return _WITH_GEMS
    return _SHAPES[said if isinstance(said, str) and said in _SHAPES else FORMAT]


def _check_paths(paths: List[str]) -> None:
    """Refuse paths that are unsafe, out of order, double, ours alone, or files and folders at once."""
    for path in paths:
        # Unpacked, the two names lie beside the payload: a file of that name would take their place.
        if not ustar.is_safe_path(path) or path.split("/")[0] in (NAME, ENVELOPE_NAME):
            raise BundleDamaged(f"the manifest names a file that no bundle may hold: {path[:200]!a}")
    # One order, and none twice: the same files can be written in one way alone.
    canonical.strictly_rising(paths, "manifest.files")
    if ustar.colliding(paths):
        raise BundleDamaged(f"the manifest names a file that is a folder, too: {ustar.colliding(paths)[0]}")


def _check_lists(document: "ManifestDocument") -> None:
    """Refuse lists that do not say the same as the files, or an installer that is not there."""
    files = {entry["path"]: (entry["size"], entry["sha256"]) for entry in document["files"]}
    packages = {entry["wheel"]: (entry["size"], entry["sha256"]) for entry in document["packages"]}
    wheels = {path: facts for path, facts in files.items() if path.startswith("wheels/")}
    # Two lists say what is installed and what is in the archive; a wheel in one of them alone would be
    # installed unseen, or carried for nothing.
    if packages != wheels or len(packages) != len(document["packages"]):
        raise BundleDamaged("manifest.packages and the files under wheels/ differ")
    system = [entry["path"] for entry in (document["system"]["packages"] if document["system"] else ())]
    if sorted(system) != [path for path in files if path.startswith(SYSTEM)]:
        raise BundleDamaged("manifest.system and the files under system/ differ")
    _check_gems(document)
    other = [entry["path"] for entry in document["other_files"]]
    if other != [path for path in files if path.startswith(OTHER_FILES)]:
        raise BundleDamaged("manifest.other_files and the files under files/ differ")
    _check_asked(document)
    uv = document["uv"]
    if (uv is not None and uv not in files) or (uv is None and INSTALLERS[document["installer"]].carries_uv):
        raise BundleDamaged("the manifest names an installer that is not in the bundle")


def _check_gems(document: "ManifestDocument") -> None:
    """Refuse gems that are not the files below `gems/`; in the first format nothing has a meaning there."""
    # Of the second format an older bundle has none there, for no older parity wrote any.
    if document["format"] == FIRST_FORMAT:
        return
    gems = sorted(entry["path"] for entry in gems_of(document))
    if gems != [each["path"] for each in document["files"] if each["path"].startswith(GEMS)]:
        raise BundleDamaged("manifest.gems and the files under gems/ differ")


def gems_of(document: "ManifestDocument") -> "List[GemRow]":
    """The Ruby gems that a bundle carries."""
    carried = document.get("gems")
    return carried["packages"] if carried else []


def _check_asked(document: "ManifestDocument") -> None:
    """Refuse what was asked for where it differs from the files, or is more than a reader should take in."""
    asked = sorted(each["path"] for each in document.get("asked", []))
    files = [entry for entry in document["files"] if entry["path"].startswith(ASKED)]
    # In a bundle of the first format nothing has a meaning there.
    if document["format"] == FORMAT and asked != [entry["path"] for entry in files]:
        raise BundleDamaged("manifest.asked and the files under asked/ differ")
    if asked and sum(entry["size"] for entry in files) > ASKED_BYTES:
        raise BundleDamaged("what was asked for is too large")


def top_of(document: "ManifestDocument") -> str:
    """The folder that a bundle's files lie in, with its slash; empty in the first format."""
    return "" if document["format"] == FIRST_FORMAT else TOP


def _lay_out(document: "ManifestDocument", size: int) -> Manifest:
    """Where each file must lie, given the manifest's own size in bytes."""
    top = top_of(document)
    position = HEAD_SIZE + ustar.member_size(top + NAME, size)
    members = []
    for entry in document["files"]:
        path, length = entry["path"], entry["size"]
        begin = position + len(ustar.header(top + path, length))
        members.append(Member(path, length, entry["sha256"], begin))
        position += ustar.member_size(top + path, length)
    return Manifest(document, tuple(members), position + len(ustar.END) - HEAD_SIZE)
