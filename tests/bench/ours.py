"""parity's own builds: cold, cold with its tools at hand, and again with nothing changed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.bench.place import PROFILE, MeasurementFailed, Place, Ran

STORE_VOLUME = "parity-bench-store"
_COMMAND = Path(__file__).with_name("command.py")
_UNGUESSED = Path(__file__).with_name("unguessed.py")


class Ours:
    """The `parity` command with a home, a store and a lock of the benchmark's own."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._home = place.folder / "home"
        self._lock = place.folder / "pylock.bench.toml"
        self._script = _COMMAND
        self.built: dict[str, Any] = {}

    @property
    def bundle(self) -> Path:
        """The latest bundle."""
        return Path(self.built["bundle"])

    def cold(self) -> Ran:
        """Build with nothing kept from before: no uv, no key, no lock, no wheel, no measurement."""
        shutil.rmtree(self._home, ignore_errors=True)
        return self.cold_with_tools()

    def cold_unguessed(self) -> Ran:
        """`cold_with_tools`, but without the guess."""
        self._script = _UNGUESSED
        try:
            return self.cold_with_tools()
        finally:
            self._script = _COMMAND

    def cold_with_tools(self) -> Ran:
        """The same, but this machine has uv and a key already."""
        shutil.rmtree(self._home / "cache" / "memory", ignore_errors=True)
        self._lock.unlink(missing_ok=True)
        self.remove_store()
        return self.build()

    def forget_layers(self) -> None:
        """Have the next export save its image's base anew."""
        shutil.rmtree(self._home / "cache" / "layers", ignore_errors=True)

    def build(self) -> Ran:
        """Build with whatever is there."""
        ran = self.run(
            *("build", PROFILE, "-r", self._place.requirements, "--lock", self._lock),
            *("-o", self._place.folder / "dist", "--json"),
        )
        self.built = json.loads(ran.output)["bundles"][0]
        return ran

    def rebuild(self) -> Ran:
        """Build with nothing changed since the last time.

        Raises:
            MeasurementFailed: something did change, such as parity's own sources.
        """
        ran = self.build()
        if not self.built["proof"]["reused"]:
            raise MeasurementFailed("the rebuild rehearsed again: were parity's sources changed meanwhile?")
        return ran

    def run(self, *arguments: str | Path) -> Ran:
        """Run the command as a process of its own."""
        return self._place.child(*self.command(*arguments))

    def command(self, *arguments: str | Path) -> tuple[list[str], dict[str, str]]:
        """The command with these arguments, and what its environment must say."""
        words = [sys.executable, "-I", self._script, STORE_VOLUME, *arguments]
        return [str(word) for word in words], {"PARITY_HOME": str(self._home)}

    @property
    def uv(self) -> Path:
        """The uv that our builds fetched."""
        return next((self._home / "cache" / "tools").glob("*.uv"))

    def verify(self, bundle: Path, key: Path) -> Ran:
        """Check a bundle against a public key."""
        return self.run("verify", bundle, "--key", key, "--json")

    def remove_store(self) -> None:
        """Remove the benchmark's own store."""
        self._place.engine.remove_volume(STORE_VOLUME)
