"""One form in which a proved set crosses the gap: its name, what its file is called, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parity.model import BuiltBundle, BundleIdentity, Proof
from parity.pack.draft import Draft
from parity.pack.writer import Sealer
from parity.portable.bundle.envelope import Checker
from parity.progress import Reporter


@dataclass(frozen=True)
class Cargo:
    """A proved set: all that any vehicle is written from.

    Attributes:
        identity: product, version, serial and profile name.
        draft: what was rehearsed.
        proof: what the rehearsal saw.
        wheels: gives file name and chunks of each wheel, in payload order, anew each time it is called.
        export: makes another form of a finished bundle, which lasts as long as the call: from the bundle,
            what knows it again, and the folder that gets the form.
    """

    identity: BundleIdentity
    draft: Draft
    proof: Proof
    wheels: Callable[[], Iterable[tuple[str, Iterator[bytes]]]]
    export: Callable[[BuiltBundle, Checker, Path], BuiltBundle]


class Vehicle:
    """A form; the same cargo gives the same bytes, but for the signatures."""

    name = ""
    """As a request calls it."""
    suffix = ""
    """How its file's name ends."""

    def filename(self, identity: BundleIdentity) -> str:
        """`<product>-<version>-<profile>` and the suffix."""
        return identity.stem + self.suffix

    def write(self, cargo: Cargo, folder: Path, seal: Sealer, reporter: Reporter) -> BuiltBundle:
        """Write it, whole or not at all, under its `filename`.

        Args:
            cargo: the proved set.
            folder: where the file goes; made if it is not there.
            seal: signs the payload, once its digests are known.
            reporter: hears how many bytes are written.

        Raises:
            HashMismatch: bytes that are not those that were locked.
            WriteFailed: the disk is full or cannot be written to.
        """
        raise NotImplementedError
