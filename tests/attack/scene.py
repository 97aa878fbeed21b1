"""A place on this machine with an old state, and the far side's commands that make the new one of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.attack.trial import Ran, run
from tests.support.bundles import RepeatableKey
from tests.support.cli import written_environment
from tests.support.kills import half_done, put_back, tree_digest
from tests.support.signed import ALPHA, alpha, quick_uv, signed
from tests.support.unpacked import uv_wheel

from parity.pack.singlefile import NAME, single_file


def carry_here(folder: Path) -> None:
    """What is carried to this machine: serials 1 and 2 with a quick uv or the real one, our code, the key."""
    uv = quick_uv(folder / "uv")
    for serial in (1, 2):
        wheels = alpha(folder / f"w{serial}", f"{serial}.0")
        for name, installer in (("quick", uv), ("real", uv_wheel())):
            made = signed(folder / f"{name}-{serial}", wheels, serial=serial, uv=installer, imports=ALPHA,
                          key=RepeatableKey())  # fmt: skip
            made.path.rename(folder / f"{name}-{serial}.parity.tar")
    (folder / "sender.pub").write_bytes(RepeatableKey().public.pem)
    (folder / NAME).write_text(single_file())


class Scene:
    """A place with an old state that each kill starts from, and the command that makes the new one."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.aim, self.kept = place / "there" / "aim", place / "kept"
        self.aim.parent.mkdir(exist_ok=True)

    def half(self) -> list[str]:
        """Names of what is half done, there or beside it."""
        inside = half_done(self.aim) if self.aim.is_dir() else []
        return [each for each in [*half_done(self.aim.parent), *inside] if each not in OURS]

    def begin(self, kind: str) -> list[str]:
        """Make the old state; gives the command's words that make the new one."""
        words: list[str] = getattr(self, f"_{kind}")()
        put_back(self.aim, self.kept)
        return words

    def restore(self) -> None:
        """Put the old state back."""
        put_back(self.kept, self.aim)

    def run(self, words: list[str]) -> Ran:
        """The command to its end."""
        environment = written_environment(self.folder)
        return run(sys.executable, "-I", "-B", self.folder / NAME, *words, env=environment)

    def seen(self) -> str:
        """What is there, in a word: what the program says, or the digest of an index."""
        for program in (self.aim / "current/bin/alpha", self.aim / "bin/alpha"):
            if program.exists():
                done = subprocess.run([program], check=False, capture_output=True, text=True)
                return done.stdout.strip() or done.stderr
        if (self.aim / "simple").is_dir():
            return tree_digest(self.aim)
        return "nothing"

    # --- the commands, each of which prepares the old state ---

    def _install(self, serial: int = 2) -> list[str]:
        return self._words(serial, "--prefix", str(self.aim))

    def _update(self) -> list[str]:
        self._must(self._install(1))
        return self._install(2)

    def _rollback(self) -> list[str]:
        for serial in (1, 2):
            self._must(self._install(serial))
        return ["rollback", "--prefix", str(self.aim)]

    def _into(self) -> list[str]:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.aim], check=True)
        words = [self._words(serial, "--into", str(self.aim), bundle="real") for serial in (1, 2)]
        self._must(words[0])
        return words[1]

    def _index(self) -> list[str]:
        key = str(self.folder / "sender.pub")
        bundles = [str(self.folder / f"quick-{serial}.parity.tar") for serial in (1, 2)]
        words = [["index", bundle, str(self.aim), "--key", key] for bundle in bundles]
        self._must(words[0])
        return words[1]

    def _must(self, words: list[str]) -> None:
        done = self.run(words)
        assert done.code == 0, done.output

    def _words(self, serial: int, *place: str, bundle: str = "quick") -> list[str]:
        key = str(self.folder / "sender.pub")
        return ["install", str(self.folder / f"{bundle}-{serial}.parity.tar"), "--key", key, *place]


OURS = {".parity-index", ".parity-record"}
"""What the far side keeps for good under a name with a dot."""
