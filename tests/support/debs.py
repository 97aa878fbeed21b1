"""Packages of Debian's form and a signed source of them, made by hand, so that each may lie as it likes.

source = DebSource()
source.add(Deb("demo", "1.0").data())
container.put("/", small_tar(source.files("srv/repo")))
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_TIME = 1_600_000_000  # of keys and signatures, seconds
_USER = b"Tests <tests@example.org>"
_DATE = "Sun, 13 Sep 2020 12:26:40 UTC"
_RSA, _SHA256 = 1, 8  # RFC 4880, 9.1 and 9.4


@dataclass
class Deb:
    """A package; `control` replaces what is made of the other fields, `members` those of the archive."""

    name: str
    version: str = "1.0"
    arch: str = "all"
    fields: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    control: str = ""

    def about(self) -> str:
        """The control file."""
        return self.control or (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.arch}\n"
            f"Maintainer: Tests <tests@example.org>\n{self.fields}Description: made by hand\n"
        )

    def data(self) -> bytes:
        """The file's bytes, deb(5)."""
        parts = {
            f"./{name}": text.encode() for name, text in {"control": self.about(), **self.scripts}.items()
        }
        inner = {f"./{name.lstrip('/')}": data for name, data in self.files.items()}
        return archive(
            {
                "debian-binary": b"2.0\n",
                "control.tar.gz": gzip.compress(tar(parts), mtime=0),
                "data.tar.gz": gzip.compress(tar(inner), mtime=0),
            }
        )


def tar(files: Mapping[str, bytes]) -> bytes:
    """Files that everyone may run, owned by root, with their folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archived:
        made: set[str] = set()
        for path, data in files.items():
            parts = path.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                folder = tarfile.TarInfo("/".join(parts[:depth]))
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                if folder.name not in made:
                    archived.addfile(folder)
                made.add(folder.name)
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o755
            archived.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def archive(members: Mapping[str, bytes]) -> bytes:
    """An ar archive, ar(5)."""
    made = b"!<arch>\n"
    for name, data in members.items():
        made += f"{name:<16}{_TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        made += data + b"\n" * (len(data) % 2)
    return made


class DebSource:
    """A flat source (`deb URL ./`) whose list of packages is signed by a key of its own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self._rows: list[str] = []
        self._files: dict[str, bytes] = {}

    def add(self, data: bytes, about: str, rows: Mapping[str, object] | None = None) -> None:
        """Have a package: its bytes, what the list says of it, and rows that lie."""
        name = about.partition("\n")[0].rpartition(" ")[2]
        told = {
            "Filename": f"./{name}.deb",
            "Size": len(data),
            "SHA256": hashlib.sha256(data).hexdigest(),
            **(rows or {}),
        }
        self._files[f"{name}.deb"] = data
        self._rows.append(about + "".join(f"{key}: {value}\n" for key, value in told.items()))

    def have(self, *debs: Deb) -> None:
        """Have packages of which the list tells the truth."""
        for deb in debs:
            self.add(deb.data(), deb.about())

    @property
    def key(self) -> bytes:
        """The public key as apt's folder of keys takes it: with a user, who signed that it is his."""
        user = b"\xb4" + struct.pack(">I", len(_USER)) + _USER
        own = self._signature(0x13, self._begun() + user)
        return _packet(6, self._public()) + _packet(13, _USER) + own

    def files(self, folder: str = "srv/repo", url: str = "file:/srv/repo") -> dict[str, bytes]:
        """All files, the source's own below `folder`, and those that make apt use it alone."""
        packages = "\n".join(self._rows).encode()
        release = (
            f"Date: {_DATE}\nSHA256:\n {hashlib.sha256(packages).hexdigest()} {len(packages)} Packages\n"
        ).encode()
        own = {
            **self._files,
            "Packages": packages,
            "Release": release,
            "Release.gpg": _armour(self._signature(0, release)),
        }
        return {
            "etc/apt/trusted.gpg.d/tests.gpg": self.key,
            "etc/apt/sources.list": f"deb {url} ./\n".encode(),
            **{f"{folder}/{name}": data for name, data in own.items()},
        }

    def _public(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        return struct.pack(">BIB", 4, _TIME, _RSA) + _number(numbers.n) + _number(numbers.e)

    def _begun(self) -> bytes:
        public = self._public()
        return b"\x99" + struct.pack(">H", len(public)) + public

    def _signature(self, kind: int, signed: bytes) -> bytes:
        """A signature packet, RFC 4880, 5.2.3 and 5.2.4."""
        mark = hashlib.sha1(self._begun()).digest()  # noqa: S324 - RFC 4880, 12.2
        when = b"\x05\x02" + struct.pack(">I", _TIME)
        hashed = struct.pack(">BBBBH", 4, kind, _RSA, _SHA256, len(when)) + when
        text = signed + hashed + struct.pack(">BBI", 4, 255, len(hashed))
        made = self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        issuer = b"\x09\x10" + mark[-8:]
        body = hashed + struct.pack(">H", len(issuer)) + issuer + hashlib.sha256(text).digest()[:2]
        return _packet(2, body + _number(int.from_bytes(made, "big")))


def _number(value: int) -> bytes:
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _armour(packet: bytes) -> bytes:
    lines = base64.encodebytes(packet)
    return b"-----BEGIN PGP SIGNATURE-----\n\n" + lines + b"-----END PGP SIGNATURE-----\n"


def _packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", 0xC0 | kind, 255, len(body)) + body
