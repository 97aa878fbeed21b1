"""Peak memory of every command that a large bundle passes through, at two sizes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import large
from tests.bench.ours import Ours
from tests.bench.place import Place
from tests.bench.plan import SIZES
from tests.bench.serving import read_all, served

_VOLUMES = 3
_ROOM = 6  # times a bundle's size: old, new, delta, patched, volumes, joined

Note = Callable[[str, float], None]


class Memory:
    """Makes bundles of two sizes and sends them through every command."""

    def __init__(self, place: Place, ours: Ours, note: Note) -> None:
        self._place = place
        self._ours = ours
        self._note = note

    def measure(self, rounds: int) -> None:
        """Everything once; what is timed, too, as often as there are rounds."""
        for size, megabytes in SIZES.items():
            with self._place.quick_folder(_ROOM * megabytes * large.MEGABYTE) as folder:
                image, count = self._place.image.id, str(megabytes)
                packed = self._place.child(
                    (sys.executable, "-m", "tests.bench.large", image, count, str(folder))
                )
                self._peak("pack", size, packed.peak_bytes)
                new, key = next(folder.glob("*.parity.tar")), folder / "key.pub"
                for _ in range(rounds):
                    self._verify(size, new, key)
                self._serve(size, new, key)
                self._update(size, large.older(megabytes, folder), new, key)
                self._split(size, new)

    def _peak(self, command: str, size: str, peak_bytes: int) -> None:
        self._note(f"peak-{command}-{size}", peak_bytes / large.MEGABYTE)

    def _verify(self, size: str, bundle: Path, key: Path) -> None:
        ran = self._ours.verify(bundle, key)
        self._peak("verify", size, ran.peak_bytes)
        if size == "2GB":
            self._note("verify-2GB", ran.seconds)
            self._note("sha256sum-2GB", self._place.child(["sha256sum", bundle]).seconds)

    def _serve(self, size: str, bundle: Path, key: Path) -> None:
        with served(self._ours, bundle, key) as server:
            read_all(server.url)
            self._peak("serve", size, server.peak_bytes())

    def _update(self, size: str, old: Path, new: Path, key: Path) -> None:
        delta, patched = new.with_name("update.delta"), new.with_name("patched.tar")
        made = self._ours.run("delta", old, new, "-o", delta, "--key", key, "--json")
        self._peak("delta", size, made.peak_bytes)
        ran = self._ours.run("patch", old, delta, "-o", patched, "--key", key, "--json")
        self._peak("patch", size, ran.peak_bytes)
        for path in (old, delta, patched):
            path.unlink()

    def _split(self, size: str, bundle: Path) -> None:
        volumes, joined = bundle.with_name("volumes"), bundle.with_name("joined.tar")
        most = str(bundle.stat().st_size // _VOLUMES + large.MEGABYTE)
        made = self._ours.run("split", bundle, "--size", most, "-o", volumes, "--json")
        self._peak("split", size, made.peak_bytes)
        ran = self._ours.run("join", volumes, "-o", joined, "--json")
        self._peak("join", size, ran.peak_bytes)
