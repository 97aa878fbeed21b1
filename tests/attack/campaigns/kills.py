"""kill -9 at random moments: what is there is old or new, never half, and the next run sweeps the rest."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, scratch
from tests.support.bundles import RepeatableKey
from tests.support.kills import (
    Kill,
    carry_pair,
    half_done,
    joins,
    patches,
    put_back,
    splits,
    started,
    tree_digest,
)
from tests.support.signed import ALPHA, alpha, quick_uv, signed
from tests.support.unpacked import uv_wheel

from parity.pack.singlefile import NAME, single_file

TITLE = "kill -9 of installs, updates, rollbacks, --into, patch, join, split, index"
KILLS = {
    "install": 60,
    "update": 60,
    "rollback": 40,
    "into": 50,
    "patch": 35,
    "join": 35,
    "split": 35,
    "index": 35,
}
MOST = 10  # kills in one piece of work
FILES = {"patch": patches, "join": joins, "split": splits}


def run(scale: float) -> Iterator[Outcome]:
    """Each command killed so many times, two commands at once; 350 kills at scale 1."""
    pieces = []
    for kind, count in KILLS.items():
        rounds = max(1, round(count * scale))
        pieces += [Piece(kind, first, min(first + MOST, rounds)) for first in range(0, rounds, MOST)]
    with scratch("kills") as folder:
        carry_pair_once(folder)
        yield from many(partial(_killed, folder), pieces)


def carry_pair_once(folder: Path) -> None:
    """Two bundles that install, the single file, the key; what is made once for all pieces."""
    uv = quick_uv(folder / "uv")
    for serial in (1, 2):
        wheels = alpha(folder / f"w{serial}", f"{serial}.0")
        for name, installer in (("quick", uv), ("real", uv_wheel())):
            made = signed(folder / f"{name}-{serial}", wheels, serial=serial, uv=installer, imports=ALPHA,
                          key=RepeatableKey())  # fmt: skip
            made.path.rename(folder / f"{name}-{serial}.parity.tar")
    (folder / "sender.pub").write_bytes(RepeatableKey().public.pem)
    (folder / NAME).write_text(single_file())


def _killed(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}"
    place.mkdir()
    rounds = piece.last - piece.first
    if piece.kind in FILES:
        carried = carry_pair(place / "carried", 3 << 20)
        kills = list(FILES[piece.kind](carried, place / "out", rounds))
        allowed = {"new", "incomplete" if piece.kind == "split" else "old"}
        return [_told(piece, kill, allowed) for kill in kills]
    return list(Scene(folder, place).kills(piece))


def _told(piece: Piece, kill: Kill, allowed: set[str]) -> Outcome:
    name = str(piece.first + kill.number)
    return Outcome(
        piece.kind, name, kill.state in allowed, f"{kill.state}{', half done files' if kill.half else ''}"
    )


class Scene:
    """A place with an old state that each kill starts from, and the command that makes the new one."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.aim, self.kept = place / "there" / "aim", place / "kept"
        self.aim.parent.mkdir()

    def kills(self, piece: Piece) -> Iterator[Outcome]:
        """Measure a whole run, then kill so many; after each a whole run must leave nothing behind."""
        words = getattr(self, f"_{piece.kind}")()
        if self.aim.exists():
            self.aim.rename(self.kept)
        put_back(self.kept, self.aim)
        old, begin = self.seen(), time.monotonic()
        assert started(self.folder / NAME, *words).wait() == 0
        length, new = time.monotonic() - begin, self.seen()
        for number in range(piece.first, piece.last):
            dice = random.Random(f"{piece.kind} {number}")  # noqa: S311
            put_back(self.kept, self.aim)
            with started(self.folder / NAME, *words) as process:
                time.sleep(dice.uniform(0.1, 1.05) * length)
                process.kill()
            yield self._judged(piece.kind, number, words, (old, new))

    def _judged(self, kind: str, number: int, words: list[str], states: tuple[str, str]) -> Outcome:
        state, half = self.seen(), self._half()
        old, new = states
        right = state in states
        word = {old: "old", new: "new"}.get(state, f"neither: {state[:200]}")
        if state == old or kind != "rollback":  # a second rollback would go back one more
            again = started(self.folder / NAME, *words).wait()
            swept = again == 0 and self.seen() == new and not self._half()
            right, word = right and swept, word if swept else f"{word}, then {again}, {self.seen()[:200]}"
        return Outcome(kind, str(number), right, f"{word}{', half done files' if half else ''}")

    def _half(self) -> list[str]:
        inside = half_done(self.aim) if self.aim.is_dir() else []
        return [each for each in [*half_done(self.aim.parent), *inside] if each not in OURS]

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
        assert started(self.folder / NAME, *self._install(1)).wait() == 0
        return self._install(2)

    def _rollback(self) -> list[str]:
        for serial in (1, 2):
            assert started(self.folder / NAME, *self._install(serial)).wait() == 0
        return ["rollback", "--prefix", str(self.aim)]

    def _into(self) -> list[str]:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.aim], check=True)
        words = [self._words(serial, "--into", str(self.aim), bundle="real") for serial in (1, 2)]
        assert started(self.folder / NAME, *words[0]).wait() == 0
        return words[1]

    def _index(self) -> list[str]:
        key = str(self.folder / "sender.pub")
        bundles = [str(self.folder / f"quick-{serial}.parity.tar") for serial in (1, 2)]
        words = [["index", bundle, str(self.aim), "--key", key] for bundle in bundles]
        assert started(self.folder / NAME, *words[0]).wait() == 0
        return words[1]

    def _words(self, serial: int, *place: str, bundle: str = "quick") -> list[str]:
        key = str(self.folder / "sender.pub")
        return ["install", str(self.folder / f"{bundle}-{serial}.parity.tar"), "--key", key, *place]


OURS = {".parity-index", ".parity-record"}
"""What the far side keeps for good under a name with a dot."""
