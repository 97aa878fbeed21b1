"""Bundles opened as a catalogue, and real index servers over them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.bundles import IDENTITY, MadeBundle, make_bundle, signing_key
from tests.support.index import tiny_wheel

from parity.farside.index.bind import Address
from parity.farside.index.catalogue import Catalogue, open_catalogue
from parity.farside.index.server import IndexServer
from parity.model import BundleIdentity
from parity.sign import make_checker

LOCAL = "linux.pure"


def bundle_of(folder: Path, wheels: Iterable[Path], version: str = "1.0") -> MadeBundle:
    """A signed bundle that carries these wheels."""
    identity = BundleIdentity(IDENTITY.product, version, IDENTITY.serial, IDENTITY.profile)
    return make_bundle(folder, wheels={path.name: path.read_bytes() for path in wheels}, identity=identity)


def some_wheels(folder: Path) -> list[Path]:
    """Three wheels: one that needs another, one with a local version, names that want normalizing."""
    return [
        tiny_wheel(folder, "alpha", "1.0", requires=["Beta.Lib>=2"], requires_python=">=3.6,<4"),
        tiny_wheel(folder, "Beta.Lib", f"2.5+{LOCAL}", padding=300_000),
        tiny_wheel(folder, "gamma_x", "0.1", requires=["alpha"]),
    ]


@contextmanager
def opened(bundles: Sequence[Path]) -> Iterator[Catalogue]:
    """Verify and open bundles that the tests' key signed."""
    with open_catalogue([str(path) for path in bundles], make_checker([signing_key().public])) as catalogue:
        yield catalogue


@contextmanager
def serving(catalogue: Catalogue, **options: Any) -> Iterator[IndexServer]:
    """A server on a free port of this machine."""
    server = IndexServer(catalogue, Address("127.0.0.1", 0), **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.stop(2)
