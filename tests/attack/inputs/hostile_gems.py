"""Gems of which one thing is as no gem's should be."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.support.gems import MadeGem

_UP = "../" * 12
_PLACES = (f"{_UP}etc/canary", "/etc/canary", f"{_UP}etc/new", "../../../out", "..", "a/../../../../x", "-x")
_WORDS = (
    "a\nb",
    "a b",
    "\x1b[2J",
    "é",
    "x" * 5000,
    "a;id",
    "$(id)",
    "`id`",
    "'",
    '"',
    "%s",
    "a\x00b",
    "",
    ".",
)
_PLAIN = MadeGem("evil", "1.0", {"lib/evil.rb": "", "bin/evil": "#!/usr/bin/ruby\n"}, programs=("evil",))


@dataclass(frozen=True)
class HostileGem:
    """One gem as a file.

    Attributes:
        kind, name: what it lies about, and how.
        file: what it is called.
        must_be_refused: whether it may not be installed at all.
    """

    kind: str
    name: str
    data: bytes
    file: str = "evil-1.0.gem"
    must_be_refused: bool = False


def hostile_gems() -> Iterator[HostileGem]:
    """All of them, and one that is as it should be."""
    yield HostileGem("nothing", "a sound gem", _PLAIN.data)
    yield from _metadata()
    yield from _files()
    yield from _archives()


def _metadata() -> Iterator[HostileGem]:
    for place in (*_PLACES, *_WORDS):
        quoted = f"'{place}'" if "'" not in place else f'"{place}"'
        away = place in _PLACES and place != "-x"
        for kind, gem in {
            "program": replace(_PLAIN, programs=(quoted,)),
            "bindir": replace(_PLAIN, programs=("canary",), bindir=quoted),
            "root": replace(_PLAIN, roots=(quoted,)),
            "name": replace(_PLAIN, name=quoted, called="evil-1.0"),
            "version": replace(_PLAIN, version=place.replace("'", ""), called="evil-1.0"),
            "platform": replace(_PLAIN, platform=quoted, called="evil-1.0"),
            "extension": replace(_PLAIN, extensions=(quoted,)),
        }.items():
            yield HostileGem(kind, place[:40], gem.data, must_be_refused=away and kind != "root")


def _files() -> Iterator[HostileGem]:
    for place in (*_PLACES, *_WORDS):
        if place and "\x00" not in place and len(place) < 100:  # what a tar of this form can hold
            gem = replace(_PLAIN, files={**_PLAIN.files, place: "x"})
            yield HostileGem("file", place[:40], gem.data, must_be_refused=place in _PLACES[:4])
    for name, rows in _LINKS.items():
        yield HostileGem("link", name, _gem(_tar(rows)), must_be_refused=name in _ESCAPES)


_Row = tuple[str, bytes, str]
_LINKS: Mapping[str, tuple[_Row, ...]] = {
    "a link to a folder, and through it": (("lib", tarfile.SYMTYPE, "/etc"), ("lib/canary", b"", "dead")),
    "a link up, and through it": (("up", tarfile.SYMTYPE, f"{_UP}etc"), ("up/canary", b"", "dead")),
    "a link to a file, and over it": (("f", tarfile.SYMTYPE, "/etc/canary"), ("f", b"", "dead")),
    "a second name for a file": (("f", tarfile.LNKTYPE, "/etc/canary"), ("f", b"", "dead")),
    "a device": (("f", tarfile.CHRTYPE, ""),),
    "a pipe": (("f", tarfile.FIFOTYPE, ""),),
    "a folder in place of a file": (("lib/evil.rb", tarfile.DIRTYPE, ""), ("lib/evil.rb/x", b"", "y")),
    "one file twice": (("f", b"", "one"), ("f", b"", "two")),
}
_ESCAPES = ("a link to a folder, and through it", "a link up, and through it")


def _archives() -> Iterator[HostileGem]:
    sound = _tar((("lib/evil.rb", b"", ""),))
    metadata = gzip.compress(_PLAIN._metadata().encode(), mtime=0)
    bomb = gzip.compress(bytes(64 << 20), 9)
    yield HostileGem("archive", "metadata that unpack a thousandfold", _packed(bomb, sound))
    yield HostileGem("archive", "no metadata", _packed(None, sound), must_be_refused=True)
    yield HostileGem("archive", "no data", _packed(metadata, None), must_be_refused=True)
    yield HostileGem("archive", "other sums", _packed(metadata, sound, sums=False), must_be_refused=True)
    yield HostileGem("archive", "two metadata", _packed(metadata, sound, twice=metadata))
    yield HostileGem("archive", "an object", _packed(gzip.compress(_OBJECT), sound), must_be_refused=True)
    yield HostileGem("archive", "deep", _packed(gzip.compress(b"[" * 200_000), sound), must_be_refused=True)
    yield HostileGem("archive", "laughs", _packed(gzip.compress(_LAUGHS), sound), must_be_refused=True)
    for cut in (0, 1, 511, 512, 1000, len(_PLAIN.data) - 1):
        yield HostileGem("archive", f"cut at {cut}", _PLAIN.data[:cut])
    for place in range(0, len(_PLAIN.data), 97):
        data = bytearray(_PLAIN.data)
        data[place] ^= 0x55
        yield HostileGem("archive", f"byte {place}", bytes(data))


_OBJECT = b"--- !ruby/object:Gem::Requirement\nrequirements: !ruby/object:Gem::Package::TarReader\n  io: 1\n"
_LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n".encode() for n in range(12)
)


def _gem(data: bytes) -> bytes:
    return _packed(gzip.compress(_PLAIN._metadata().encode(), mtime=0), data)


def _packed(metadata: bytes | None, data: bytes | None, *, sums: bool = True, twice: bytes = b"") -> bytes:
    members = [("metadata.gz", metadata)] if metadata is not None else []
    members += [("data.tar.gz", gzip.compress(data, mtime=0))] if data is not None else []
    told = "".join(
        f"  {name}: {hashlib.sha256(each or b'').hexdigest() if sums else '0' * 64}\n"
        for name, each in members
    )
    members.append(("checksums.yaml.gz", gzip.compress(f"---\nSHA256:\n{told}".encode())))
    members += [("metadata.gz", twice)] if twice else []
    return _tar([(name, b"", each or b"") for name, each in members])


def _tar(rows: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, kind, content in rows:  # type: ignore[attr-defined]
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind or tarfile.REGTYPE, 0o644
            data = content.encode() if isinstance(content, str) else content
            if kind:
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
