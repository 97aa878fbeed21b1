"""Pages that offer source distributions as if they were wheels, so that a resolver may choose them.

A resolver that is told to take wheels alone never builds, so it never runs the code of a package. For a
version without a wheel that fits, its source distribution is put on the page as a wheel of a name that
is made up here; what it requires is what it says of itself (PKG-INFO, or setuptools' requires.txt).
That may be incomplete: who builds it knows better, and tells the resolver then.
"""

import io
import re
import tarfile
import zipfile
import zlib
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from ...portable.names import normalize_name
from ..wheels.requires import parse_requirement, parse_version, satisfies
from .pages import File
from .simplepage import expanded_tags, source_version

SOURCES, ALL = "sources", "all"
"""What is offered besides fitting wheels: source distributions; or also files that do not fit at all."""

READ = 4 * 1024 * 1024
"""Bytes of a source distribution that are read to learn what it requires."""
# Bytes when unpacked, members, bytes of a text, lines: a small archive may claim any of them.
_MOST = 32 * 1024 * 1024
_MEMBERS = 20000
_TEXT = 1024 * 1024
_LINES = 1000
_VERSION = re.compile(
    r"v?([0-9]+!)?[0-9]+(\.[0-9]+)*([._]?(a|b|c|rc|alpha|beta|pre|preview|post|rev|r|dev)[._]?[0-9]*){0,3}"
    r"(\+[0-9a-z.]+)?",
    re.ASCII,
)
# Nothing else of a stranger's page reaches the resolver.
_KEPT = ("requires-python", "yanked", "upload-time", "hashes", "size")
_CLAUSE = re.compile(r"\s*((~=|<=|>=|<|>)\s*[0-9][0-9a-z.+!]*|(==|!=)\s*[0-9][0-9a-z.+!]*(\.\*)?)\s*")
_WHEEL_PARTS = (5, 6)
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError,
           KeyError, IndexError, OverflowError, NotImplementedError, RuntimeError)  # fmt: skip


class Offer(NamedTuple):
    """What is offered: the real file, and the name of the wheel that it is offered as.

    With its requires-python it is passed over where that excludes the target, and the resolver says so.
    """

    file: File
    filename: str
    is_source: bool
    with_python: bool

    def said(self) -> File:
        """The file as a page names it, but for its address."""
        kept = {key: self.file[key] for key in _KEPT if key in self.file}
        if not self.with_python:
            kept.pop("requires-python", None)
        # PEP 714: with `core-metadata` the resolver reads FILE.metadata and never opens the file itself.
        return {**kept, "filename": self.filename, "core-metadata": True}


class Fitting(NamedTuple):
    """The wheel tags that a target runs, and its Python's full version."""

    tags: FrozenSet[str] = frozenset()
    python: str = ""

    def python_fits(self, file: File) -> bool:
        """Whether a file's page lets this Python have it."""
        version = parse_version(self.python)
        return version is None or satisfies(version, str(file.get("requires-python") or ""))

    def wheel_fits(self, file: File) -> bool:
        """Whether the target can install it."""
        parts = str(file["filename"])[: -len(".whl")].split("-")[-3:]
        return any(tag in self.tags for tag in expanded_tags(parts)) and self.python_fits(file)


def offers(
    project: str, found: List[File], target: Fitting, everything: bool
) -> Tuple[List[File], List[Offer]]:
    """The wheels of a page that fit, and what is offered for the versions that have none.

    Args:
        project: normalised.
        found: the page's files.
        target: what fits.
        everything: whether a version without a source is offered by a wheel that does not fit, as if any
            Python could have it. Without it such a wheel is there only to say which Python it is for.

    Returns:
        the files to be left on the page, and at most one offer for each version that has none of them.
    """
    fitting: List[File] = []
    others: Dict[str, Offer] = {}
    versions = set()
    for file in found:
        version = _wheel_version(project, str(file["filename"]))
        if version and target.wheel_fits(file):
            fitting.append(file)
            versions.add(version)
            continue
        offer = _offer(project, file, version, target, everything)
        if offer and (offer.is_source or everything or not target.python_fits(file)):
            version = offer.filename.split("-")[1]
            others[version] = max(others.get(version, offer), offer, key=_worth)
    return fitting, [offer for version, offer in others.items() if version not in versions]


def _offer(project: str, file: File, version: str, target: Fitting, everything: bool) -> Optional[Offer]:
    source = source_version(project, str(file["filename"]))
    version = version or (source if _VERSION.fullmatch(source) else "")
    stem = project.replace("-", "_")
    is_source = bool(source) and target.python_fits(file)
    filename = f"{stem}-{version}-py3-none-any.whl"
    return Offer(file, filename, is_source, is_source or not everything) if version else None


def _worth(offer: Offer) -> Tuple[bool, bool]:
    """A source before a wheel; of wheels one for Linux: its Python is the reason, not its system."""
    name = str(offer.file["filename"])
    return offer.is_source, (".tar.gz" if offer.is_source else "linux") in name


def _wheel_version(project: str, name: str) -> str:
    parts = name[: -len(".whl")].split("-") if name.endswith(".whl") else []
    right = len(parts) in _WHEEL_PARTS and normalize_name(parts[0]) == project
    return parts[1] if right and _VERSION.fullmatch(parts[1]) else ""


def metadata(filename: str, url: str, begin: bytes) -> bytes:
    """A METADATA file for an offered source: its name and version, and what it says that it requires.

    Args:
        filename: the one made up.
        url: of the real file.
        begin: its first bytes.
    """
    name, version = filename.split("-")[:2]
    # 2.1 (PEP 566) is the first with extras as we write them.
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    requires, extras = _said(url, begin)
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {each}" for each in requires]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _said(url: str, begin: bytes) -> Tuple[List[str], List[str]]:
    """Requirements and extras that a source distribution tells."""
    info, table = "", ""
    try:
        for path, text in _texts(url, begin):
            if path.endswith("/requires.txt"):
                table = text
            # Its own PKG-INFO lies in the top folder; deeper ones may belong to something that it carries
            # along.
            elif not info or path.count("/") == 1:
                info = text
    except _BROKEN:
        pass  # the last member is cut, or it is no archive: what was read counts
    # Only the header: the description after the first empty line may show such lines as examples.
    told = info.partition("\n\n")[0].splitlines()
    requires = [line.partition(":")[2] for line in told if line.lower().startswith("requires-dist:")]
    extras = [line.partition(":")[2].strip() for line in told if line.lower().startswith("provides-extra:")]
    # Older setuptools wrote requirements into requires.txt alone.
    if not requires:
        requires, extras = _of_table(table)
    plain = [" ".join(each.split()) for each in requires[:_LINES]]
    return [each for each in plain if _is_plain(each)], [each for each in extras[:_LINES] if _is_name(each)]


def _texts(url: str, begin: bytes) -> Iterator[Tuple[str, str]]:
    """PKG-INFO and requires.txt of an archive of which only the beginning is there."""
    path = url.partition("?")[0]
    if path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(begin)) as archive:
            for entry in archive.infolist()[:_MEMBERS]:
                if _is_wanted(entry.filename) and entry.file_size <= _TEXT:
                    yield entry.filename, archive.read(entry).decode("utf-8", "replace")
        return
    # `r:` and not `r:gz`: tarfile unpacks without a bound, and fails as a whole where the end is cut off.
    with tarfile.open(fileobj=io.BytesIO(_opened(path, begin)), mode="r:") as tar:
        for _ in range(_MEMBERS):
            member = tar.next()
            if member is None:
                return
            if member.isreg() and _is_wanted(member.name) and member.size <= _TEXT:
                file = tar.extractfile(member)
                if file is not None:
                    yield member.name, file.read().decode("utf-8", "replace")


def _opened(path: str, begin: bytes) -> bytes:
    """The beginning of an archive, decompressed."""
    if path.endswith(".bz2"):
        import bz2  # noqa: PLC0415 - some Pythons are built without it

        return bz2.BZ2Decompressor().decompress(begin, _MOST)
    # 16 more than the window's size means gzip's header (zlib's manual, inflateInit2).
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(begin, _MOST)


def _is_wanted(path: str) -> bool:
    return path.endswith(("/PKG-INFO", ".egg-info/requires.txt"))


def _of_table(text: str) -> Tuple[List[str], List[str]]:
    """The lines of setuptools' requires.txt, whose sections are `[extra:marker]`."""
    requires, extras, ending = [], [], ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            parts = ([f"({marker})"] if marker else []) + ([f'extra == "{extra}"'] if extra else [])
            ending = "; " + " and ".join(parts) if parts else ""
            extras += [extra] if extra else []
        elif line:
            requires.append(line + ending)
    return requires, extras


def _is_plain(line: str) -> bool:
    """Whether it is a requirement that a resolver can read: one that it cannot would rule the version out."""
    found = parse_requirement(line)
    if found is None or not line.isprintable():
        return False
    return all(_CLAUSE.fullmatch(clause) for clause in found.specifier.split(",") if clause.strip())


def _is_name(text: str) -> bool:
    return re.fullmatch("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text) is not None
