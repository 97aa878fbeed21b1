"""Signed bundle files that really install: made of any wheels, with the real writer and a real key."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.bundles import locked, wheel_stream
from tests.support.bundles import signing_key as default_key
from tests.support.unpacked import UV_VERSION, unpacked, uv_wheel
from tests.support.wheels import make_wheel

from parity.model import BundleIdentity
from parity.pack import file_of_bytes, wheel_files, write_bundle
from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle import manifest
from parity.sign import SigningKey, make_sealer

ALPHA = [("alpha", "alpha"), ("beta", "beta")]
"""The imports that a proof of `alpha` would have seen."""

_QUICK_UV = b"""#!/usr/bin/env python3
import glob, os, subprocess, sys, zipfile
words = sys.argv[1:]
after = lambda word: words[words.index(word) + 1]
if words[0] == "venv":
    subprocess.run([after("--python"), "-I", "-m", "venv", "--without-pip", words[-1]], check=True)
elif words[:2] == ["pip", "install"]:
    root = os.path.dirname(os.path.dirname(after("--python")))
    (site,) = glob.glob(root + "/lib/python3*/site-packages")
    for wheel in glob.glob(after("--find-links") + "/*.whl"):
        zipfile.ZipFile(wheel).extractall(site)
    with open(root + "/bin/alpha", "w") as file:
        file.write("#!" + root + "/bin/python\\nimport alpha; alpha.main()\\n")
    os.chmod(root + "/bin/alpha", 0o755)
else:
    print("uv 0.13.8")
"""


def alpha(folder: Path, version: str, body: str = "") -> list[Path]:
    """Two wheels, one of which needs the other; alpha tells its version."""
    folder.mkdir(parents=True, exist_ok=True)
    code = f"VERSION = {version!r}\n{body}\ndef main(): print(VERSION)\n".encode()
    entry = "[console_scripts]\nalpha = alpha:main\n"
    return [
        make_wheel(
            folder, "alpha", version, {"alpha/__init__.py": code}, entry_points=entry, requires=["beta>=2"]
        ),
        make_wheel(folder, "beta", "2.1", {"beta.py": b""}),
    ]


def quick_uv(folder: Path) -> Path:
    """A wheel with a few lines in uv's place that install `alpha`, for tests of what happens around it."""
    folder.mkdir(parents=True, exist_ok=True)
    return make_wheel(folder, "uv", UV_VERSION, {f"uv-{UV_VERSION}.data/scripts/uv": _QUICK_UV})


@dataclass(frozen=True)
class Signed:
    """A bundle's file and the public key that it needs."""

    path: Path
    public: Path

    def unpack(self, folder: Path) -> Path:
        """The folder that `tar xf` makes, under another name."""
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-xf", self.path, "-C", folder, "--strip-components=1"], check=True)
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


def successive(folder: Path, options: Mapping[int, Mapping[str, Any]]) -> list[Signed]:
    """Bundles of one product, installed by `quick_uv`: serial → further options."""
    uv = quick_uv(folder)
    return [
        signed(
            folder / str(serial),
            alpha(folder / f"w{serial}", f"{serial}.0"),
            serial=serial,
            uv=uv,
            imports=ALPHA,
            **more,
        )
        for serial, more in options.items()
    ]


def carry(folder: Path, scrap: Path, aims: Mapping[str, Any], uv_in: Collection[int] = (1, 2)) -> None:
    """What is carried across: the single file, the sender's key, serials 1 and 2 for each aim.

    Args:
        folder: gets them, a bundle as `<aim>-<serial>.parity.tar`.
        scrap: for what they are made of.
        aims: name → target.
        uv_in: the serials that carry the real uv; the others are installed by pip.
    """
    (folder / NAME).write_text(single_file())
    for name, aim in aims.items():
        for serial in (1, 2):
            wheels = alpha(scrap / f"w{serial}", f"{serial}.0")
            uv = uv_wheel() if serial in uv_in else None
            made = signed(scrap / f"{name}-{serial}", wheels, serial=serial, aim=aim, uv=uv, imports=ALPHA)
            shutil.move(made.path, folder / f"{name}-{serial}.parity.tar")
            shutil.copy(made.public, folder)
