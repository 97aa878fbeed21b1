"""A registry of crates with one crate in it, as cargo's sparse protocol wants it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.sources import write_tree
from tests.support.threads import answering

_MANIFEST = '[package]\nname = "tiny-dep"\nversion = "1.0.0"\nedition = "2018"\n'
_LIBRARY = 'pub fn word() -> &\'static str { "from the crate" }\n'


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def crates(folder: Path, host: str) -> Iterator[tuple[str, str]]:
    """Serve the crate `tiny-dep` 1.0.0; gives the registry's address for cargo, and the crate's checksum."""
    crate = _crate()
    checksum = hashlib.sha256(crate).hexdigest()
    server = ThreadingHTTPServer((host, 0), partial(_Quiet, directory=str(folder)))
    root = f"http://{host}:{server.server_address[1]}"
    line = {
        "name": "tiny-dep", "vers": "1.0.0", "deps": [], "cksum": checksum, "features": {}, "yanked": False,
    }  # fmt: skip
    config = {"dl": f"{root}/dl/{{crate}}-{{version}}.crate"}
    write_tree(folder, {"index/config.json": json.dumps(config), "index/ti/ny/tiny-dep": json.dumps(line)})
    (folder / "dl").mkdir()
    (folder / "dl" / "tiny-dep-1.0.0.crate").write_bytes(crate)
    with answering(server):
        yield f"sparse+{root}/index/", checksum


def _crate() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in {"Cargo.toml": _MANIFEST, "src/lib.rs": _LIBRARY}.items():
            info = tarfile.TarInfo(f"tiny-dep-1.0.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()
