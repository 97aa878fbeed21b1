"""The bundle: one signed tar that an installer of its own unpacks; docs/bundle-format.md."""

from __future__ import annotations

from pathlib import Path

from parity.model import BuiltBundle
from parity.model.bundle import SUFFIX
from parity.pack.vehicle import Cargo, Vehicle
from parity.pack.writer import Sealer, write_bundle
from parity.progress import Reporter


class BundleFormat(Vehicle):
    """`bundle`."""

    name, suffix = "bundle", SUFFIX

    def write(self, cargo: Cargo, folder: Path, seal: Sealer, reporter: Reporter) -> BuiltBundle:
        """By `write_bundle`."""
        files = cargo.draft.proved(cargo.proof)
        listed = cargo.draft.manifest(files, cargo.proof.imports)
        return write_bundle(folder, cargo.identity, listed, files, cargo.wheels(), seal, reporter)
