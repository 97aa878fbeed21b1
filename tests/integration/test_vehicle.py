"""A proved set in a form of its own: one module and its line in the registry, then the pipeline writes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile, written_environment
from tests.support.copied import copied
from tests.support.index import PackageIndex, tiny_wheel

pytestmark = pytest.mark.engine

WHEELHOUSE = '''
"""The wheels with their hashes as a plain tar, for who has pip and wants no more. Signed by nobody."""

import hashlib
import io
import tarfile

from parity.files import atomic_file
from parity.model import BuiltBundle
from parity.pack.vehicle import Vehicle

WANTED = ("README.txt", "requirements.txt", "pylock.toml", "proof.json")


class Wheelhouse(Vehicle):
    """`wheelhouse`."""

    name, suffix = "wheelhouse", ".wheelhouse.tar"

    def write(self, cargo, folder, seal, reporter):
        """Wheels and texts, each under its path in the payload."""
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as tar:
            for file in cargo.draft.proved(cargo.proof):
                if file.path in WANTED:
                    _add(tar, file.path, b"".join(file.open()))
            for name, chunks in cargo.wheels():
                _add(tar, "wheels/" + name, b"".join(chunks))
        data = held.getvalue()
        with atomic_file(folder / self.filename(cargo.identity)) as out:
            out.write(data)
            out.commit()
        return BuiltBundle(out.path, len(data), hashlib.sha256(data).hexdigest(), cargo.identity, ())


def _add(tar, path, data):
    member = tarfile.TarInfo(path)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
'''
ASKED = """
import functools
import parity.cli.shared.asked as asked
from parity.cli import main
asked.BuildRequest = functools.partial(asked.BuildRequest, vehicle="wheelhouse")
main()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A parity that knows a second vehicle: two files were touched."""
    return copied(
        tmp_path / "checkout",
        {"pack/as_wheelhouse.py": WHEELHOUSE},
        {
            "pack/vehicles.py": (
                ("BundleFormat\n", "BundleFormat\nfrom parity.pack.as_wheelhouse import Wheelhouse\n"),
                ("(BundleFormat(),)", "(BundleFormat(), Wheelhouse())"),
            )
        },
    )


def test_what_was_rehearsed_is_written_by_a_vehicle_that_only_the_registry_names(
    source: Path, parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    profile = write_profile(tmp_path, "house", requirements=["alpha"], index={"url": index.url})
    environment = {**written_environment(parity.home), "PYTHONPATH": str(source)}
    words = ["build", str(profile), "--output", str(tmp_path / "out"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = json.loads(done.stdout)["bundles"]
    assert told["proof"]["installed"] == [{"name": "alpha", "version": "1.0"}]
    assert told["bundle"].endswith(".wheelhouse.tar")
    assert os.listdir(tmp_path / "out") == [Path(told["bundle"]).name]
    house = tmp_path / "laid out"
    with tarfile.open(told["bundle"]) as tar:
        tar.extractall(house, filter="data")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--find-links",
        "wheels",
        "--require-hashes",
    ]
    command += ["--target", str(tmp_path / "site"), "-r", "requirements.txt"]
    subprocess.run(command, cwd=house, check=True, capture_output=True)
    assert (tmp_path / "site" / "alpha").exists() or (tmp_path / "site" / "alpha.py").exists()
