"""What bundles hold, as a package index sees it. Standard library only, Python 3.6 and later.

Nothing is unpacked: a wheel is a range of its bundle's bytes, and its METADATA a few bytes of that. All
reading is by offset (`os.pread`), so that any number of threads may share the open bundles.
"""

import hashlib
import io
import os
from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from email.parser import HeaderParser
from typing import (
    TYPE_CHECKING,
    BinaryIO,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from ...portable.bundle.envelope import Checker
from ...portable.bundle.manifest import Member
from ...portable.bundle.reader import VerifiedBundle, member_chunks, open_bundle, verify_bundle
from ...portable.errors import BundleDamaged, BundlesDisagree, BundleUnreadable, HostileContent
from ...portable.names import normalize_name, parse_wheel_name
from ...portable.wheel import inflate, zipcheck
from ...portable.wheel.zipcheck import CentralEntry, ZipBroken

if TYPE_CHECKING:
    from ...portable.documents.bundles import PackageRow

_FOLDER = "wheels/"
_MAX_METADATA = 16 << 20
_BUFFER = 1 << 16

Progress = Callable[[str, int, int], None]
"""Hears a bundle's path and how many bytes of its payload are verified, out of how many."""


class CatalogueWheel(NamedTuple):
    """A wheel in a bundle.

    `project` is normalized (PEP 503); `offset` counts bytes from the bundle's beginning; `bundle` is
    the bundle's place in `Catalogue.bundles`; `requires_python` and `summary` are one line, maybe empty;
    `packed` says where METADATA lies, offsets counting from the wheel's own beginning.
    """

    filename: str
    project: str
    version: str
    size: int
    sha256: str
    bundle: int
    offset: int
    requires_python: str
    summary: str
    metadata_sha256: str
    packed: Tuple[CentralEntry, int]


class ListedWheel(NamedTuple):
    """The same without where its bytes lie: what pages tell."""

    filename: str
    project: str
    version: str
    size: int
    sha256: str
    requires_python: str
    summary: str
    metadata_sha256: str


AnyWheel = Union[CatalogueWheel, ListedWheel]
W = TypeVar("W", CatalogueWheel, ListedWheel)


def listed(wheel: AnyWheel) -> ListedWheel:
    """What pages tell of a wheel."""
    return ListedWheel(*(getattr(wheel, field) for field in ListedWheel._fields))


class ListedBundle(NamedTuple):
    """What pages tell of a bundle; `made_for` is its target in words."""

    product: str
    version: str
    serial: int
    payload_sha256: str
    made_for: str
    signers: Tuple[str, ...]


class Carrier(NamedTuple):
    """A verified bundle: its path as given, and what it says of itself."""

    path: str
    verified: VerifiedBundle

    def listed(self) -> ListedBundle:
        """What pages tell of it."""
        said, target = self.verified.statement, self.verified.manifest.document["target"]
        libc = ".".join(str(part) for part in target["libc"]["version"])
        made_for = (
            f"{target['os']['id']} {target['os']['version']}, {target['libc']['family']} {libc}, "
            f"Python {target['python']}, {target['arch']}"
        )
        signers = tuple(self.verified.signers)
        return ListedBundle(said.product, said.version, said.serial, said.payload.sha256, made_for, signers)


def by_project(wheels: Sequence[W]) -> "OrderedDict[str, List[W]]":
    """The wheels of each project, in their order."""
    found: "OrderedDict[str, List[W]]" = OrderedDict()
    for wheel in wheels:
        found.setdefault(wheel.project, []).append(wheel)
    return found


class Catalogue:
    """The wheels of some verified bundles. Made by `open_catalogue`; threads may share all but `chunks`."""

    def __init__(
        self, bundles: Sequence[Carrier], files: Sequence[BinaryIO], wheels: Sequence[CatalogueWheel]
    ) -> None:
        self.bundles = tuple(bundles)
        ordered = sorted(wheels, key=lambda one: (one.project, one.filename))
        self.wheels = OrderedDict((wheel.filename, wheel) for wheel in ordered)
        self.projects = by_project(ordered)
        self._files = tuple(files)

    def descriptor(self, wheel: CatalogueWheel) -> int:
        """The open bundle's file descriptor; read it with offsets, never move it."""
        return self._files[wheel.bundle].fileno()

    def metadata(self, wheel: CatalogueWheel) -> bytes:
        """The wheel's METADATA as it stands in the wheel.

        Raises:
            BundleDamaged, BundleUnreadable: the bundle is no longer what was verified.
        """
        try:
            data = _unpack(_window(self.descriptor(wheel), wheel.offset, wheel.size), *wheel.packed)
        except ZipBroken as broken:
            raise BundleDamaged(f"{wheel.filename}: {broken.finding.message}") from broken
        except OSError as error:
            raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != wheel.metadata_sha256:
            raise BundleDamaged(f"{wheel.filename} in the bundle is not what was verified")
        return data

    def chunks(self, wheel: CatalogueWheel) -> Iterator[bytes]:
        """The wheel's bytes, hashed again; for one thread at a time, see `reader.member_chunks`."""
        return member_chunks(
            self._files[wheel.bundle],
            Member(_FOLDER + wheel.filename, wheel.size, wheel.sha256, wheel.offset),
        )


@contextmanager
def open_catalogue(
    paths: Sequence[str], check: Checker, progress: Optional[Progress] = None
) -> Iterator[Catalogue]:
    """Verify bundles whole, one after another, and keep them open.

    Args:
        paths: the bundles' files.
        check: decides whether a trusted key signed; see `envelope.Checker`.
        progress: hears how far verifying is.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: as for `reader.verify_bundle`.
        BundlesDisagree: two bundles hold other bytes under one file name.
        HostileContent: a wheel has no readable METADATA or a name that is none.
    """
    with ExitStack() as stack:
        bundles, files = [], []
        for path in paths:
            file = stack.enter_context(open_bundle(path))
            bundles.append(Carrier(path, verify_bundle(file, check, _listener(progress, path, file))))
            files.append(file)
        yield Catalogue(bundles, files, _gather(bundles, files))


def _listener(progress: Optional[Progress], path: str, file: BinaryIO) -> Optional[Callable[[int], None]]:
    if progress is None:
        return None
    hears, total = progress, os.fstat(file.fileno()).st_size
    return lambda done: hears(path, done, total)


def _gather(bundles: Sequence[Carrier], files: Sequence[BinaryIO]) -> List[CatalogueWheel]:
    """Every wheel once, by file name; the first bundle that holds it gives it."""
    found: Dict[str, CatalogueWheel] = {}
    for number, bundle in enumerate(bundles):
        offsets = {member.path: member.offset for member in bundle.verified.manifest.members}
        for package in bundle.verified.manifest.document["packages"]:
            filename = package["wheel"][len(_FOLDER) :]
            known = found.get(filename)
            if known is None:
                offset = offsets[package["wheel"]]
                found[filename] = _describe(package, filename, number, offset, files[number].fileno())
            elif known.sha256 != package["sha256"]:
                raise _disagreement(filename, bundles[known.bundle], known.sha256, bundle, package["sha256"])
    return list(found.values())


def _disagreement(filename: str, one: Carrier, first: str, other: Carrier, second: str) -> BundlesDisagree:
    return BundlesDisagree(
        f"{filename} is sha256:{first} in {one.path} and sha256:{second} in {other.path}: "
        "an index can offer only one of them"
    )


def _describe(
    package: "PackageRow", filename: str, bundle: int, offset: int, descriptor: int
) -> CatalogueWheel:
    """What the index tells of a wheel, read from the wheel itself."""
    name = parse_wheel_name(filename)
    # The page's name comes from the manifest, the file's from the wheel: an index where they differ would
    # offer a wheel under another project's name.
    if name is None or name.name != normalize_name(package["name"]):
        raise HostileContent(f"{filename!a} is not the name of a wheel of {package['name']!a}")
    try:
        window = _window(descriptor, offset, package["size"])
        packed = _find_metadata(window, package["size"])
        metadata = _unpack(window, *packed)
    except ZipBroken as broken:
        raise HostileContent(f"{filename}: {broken.finding.message}") from broken
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
    # Headers only: a description may be megabytes, and nobody asks for it here.
    headers = HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    return CatalogueWheel(
        filename=filename,
        project=name.name,
        version=package["version"],
        size=package["size"],
        sha256=package["sha256"],
        bundle=bundle,
        offset=offset,
        requires_python=_one_line(headers.get("Requires-Python")),
        summary=_one_line(headers.get("Summary")),
        metadata_sha256=hashlib.sha256(metadata).hexdigest(),
        packed=packed,
    )


def _one_line(value: object) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(value or "")).split())


def _find_metadata(window: BinaryIO, size: int) -> Tuple[CentralEntry, int]:
    """The one METADATA of a wheel and the offset of its packed bytes in the wheel."""
    found = [entry for entry in zipcheck.read_directory(window, size).entries if _is_metadata(entry.name)]
    # Two of them, and pip and we could each believe another one (PEP 427 knows one .dist-info).
    if len(found) != 1 or found[0].size > _MAX_METADATA:
        raise ZipBroken("dist-info", "the wheel has no METADATA, or several, or an absurdly large one")
    return found[0], inflate.locate(window, found[0])


def _is_metadata(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] == "METADATA"  # noqa: PLR2004


def _unpack(window: BinaryIO, entry: CentralEntry, start: int) -> bytes:
    pieces: List[bytes] = []
    inflate.unpack(window, entry, start, pieces.append)
    return b"".join(pieces)


def _window(descriptor: int, offset: int, size: int) -> BinaryIO:
    return io.BufferedReader(_Window(descriptor, offset, size), _BUFFER)


class _Window(io.RawIOBase):
    """A range of a file as a file of its own, with a position of its own."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._offset = offset
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = max(0, min(len(buffer), self._size - self._at))
        data = os.pread(self._descriptor, wanted, self._offset + self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
