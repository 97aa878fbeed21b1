"""Forms that are made of a finished bundle, which itself is not kept: the pipeline brings who makes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parity.errors import HashMismatch
from parity.model import BuiltBundle
from parity.pack.vehicle import Cargo, Vehicle
from parity.pack.writer import Sealer, held_bundle
from parity.portable.bundle.envelope import Envelope, Payload, Signature, pae
from parity.progress import Reporter


class ExportForm(Vehicle):
    """`image` or `environment`."""

    def __init__(self, name: str) -> None:
        self.name, self.suffix = name, f".{name}.tar"

    def write(self, cargo: Cargo, folder: Path, seal: Sealer, reporter: Reporter) -> BuiltBundle:
        """By the cargo's exporter, out of the very bundle that would have been written."""
        files = cargo.draft.proved(cargo.proof)
        listed = cargo.draft.manifest(files, cargo.proof.imports)
        sealed = SealedOnce(seal)
        # The bundle lies in the same folder: its file system has room for what is made of it, /tmp may not.
        with held_bundle(folder, cargo.identity, listed, files, cargo.wheels(), sealed, reporter) as bundle:
            return cargo.export(bundle, sealed.check, folder)


class SealedOnce:
    """Seals a bundle, and knows it again: whatever else lies at its place is refused."""

    def __init__(self, seal: Sealer) -> None:
        self._seal = seal
        self._envelope: Envelope | None = None

    def __call__(self, payload: Payload) -> Envelope:
        """Sign it, as whoever wants it signed said; and remember."""
        self._envelope = self._seal(payload)
        return self._envelope

    def check(self, signed: bytes, signatures: Sequence[Signature]) -> tuple[str, ...]:
        """Who signed it, if it is the one that was sealed a moment ago; see `envelope.Checker`."""
        # Not the key decides but the very bytes: an older bundle of the same signer would be no good either.
        ours = self._envelope
        if ours is None or signed != pae(ours.payload) or tuple(signatures) != tuple(ours.signatures):
            raise HashMismatch("somebody changed the bundle that the export is made of")
        return tuple(each.keyid for each in ours.signatures)
