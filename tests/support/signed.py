"""Signed bundle files that really install: made of any wheels, with the real writer and a real key."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.bundles import locked, wheel_stream
from tests.support.bundles import signing_key as default_key
from tests.support.unpacked import unpacked

from parity.farside import manifest
from parity.model import BundleIdentity
from parity.pack import file_of_bytes, wheel_files, write_bundle
from parity.sign import SigningKey, make_sealer


@dataclass(frozen=True)
class Signed:
    """A bundle's file and the public key that it needs."""

    path: Path
    public: Path

    def unpack(self, folder: Path) -> Path:
        """What `tar xf` leaves."""
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-xf", self.path, "-C", folder], check=True)
        return folder


def signed(
    folder: Path,
    wheels: Iterable[Path],
    *,
    serial: int = 1,
    product: str = "demo",
    key: SigningKey | None = None,
    **made: Any,
) -> Signed:
    """Write and sign a bundle; its version is `SERIAL.0`.

    Args:
        folder: is made; gets the file and the public key.
        wheels: go into it, under their names.
        serial: of the statement.
        product: of the statement.
        key: signs; one for all tests by default.
        made: as for `unpacked`.
    """
    key = key or default_key()
    scrap = unpacked(folder / "scrap", wheels, **made)
    inside = {str(path.relative_to(scrap)): path.read_bytes() for path in scrap.rglob("*") if path.is_file()}
    head = inside.pop(manifest.NAME)
    packed = {Path(path).name: data for path, data in inside.items() if path.startswith("wheels/")}
    others = [file_of_bytes(path, data) for path, data in inside.items() if not path.startswith("wheels/")]
    identity = BundleIdentity(product, f"{serial}.0", serial, "here")
    built = write_bundle(
        folder,
        identity,
        head,
        files=[*others, *wheel_files([locked(name, data) for name, data in packed.items()])],
        wheels=wheel_stream(packed),
        seal=make_sealer([key], identity, "0" * 64),
    )
    shutil.rmtree(scrap)
    public = folder / "sender.pub"
    public.write_bytes(key.public.pem)
    return Signed(built.path, public)
