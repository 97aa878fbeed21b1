"""Ruby gems that lie about themselves, read and installed by the scripts that builds and far sides use.

What the reader takes is installed as root; it must write below its own home and nowhere else. What gem
refuses when it installs is refused, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from tests.attack.engines import debian12_ruby
from tests.attack.inputs.hostile_gems import hostile_gems
from tests.attack.outcome import Outcome
from tests.support.inside import fresh_room, inside

from parity.engine import Container
from parity.engine.guests import small_tar
from parity.portable.ruby.scripts import INSTALL, JUDGE

TITLE = "Ruby gems whose metadata, files or archives lie, installed as root where they are taken"
# A build ends a reader that does not end, too. The canary has a name that the attacks know; all else is seen
# by its time of change.
_TRY = """
mkdir -p /opt/own && cd /opt/own && rm -rf home told && touch /opt/mark && sleep 0.02
timeout -s KILL 20 ruby -e "$(cat /judge.rb)" told {path} >/dev/null 2>said \
  || {{ echo "refused: unread"; exit; }}
cat told
"""
_INSTALL = """
cd /opt/own
GEM_HOME=/opt/own/home timeout -s KILL 20 ruby -e "$(cat /install.rb)" -- --bindir /opt/own/home/bin {path} \
  >said 2>&1 </dev/null; echo "ended $?"
find / -xdev -newercm /opt/mark ! -path '/opt/own*' ! -path /opt ! -path / ! -path /tmp ! -path /root \
  ! -path '/root/.local*' ! -path '/root/.cache*' | head -5
cat /etc/canary
"""


class _Read(NamedTuple):
    taken: bool
    why: str


def run(scale: float) -> Iterator[Outcome]:
    """Each hostile gem, or so many of them as `scale` says."""
    step = max(1, round(1 / scale)) if scale < 1 else 1
    gems = list(hostile_gems())[::step]
    with debian12_ruby() as (engine, image), fresh_room(engine, image) as room:
        room.put("/", small_tar({"judge.rb": JUDGE.encode(), "install.rb": INSTALL.encode()}))
        room.put("/etc", small_tar({"canary": b"alive"}))
        for gem in gems:
            path = f"/media/{gem.file}"
            room.put("/media", small_tar({gem.file: gem.data}))
            read = _judged(room, path, gem.file)
            ended = _installed(room, path) if read.taken else f"refused: {read.why}"
            right = ended.startswith("refused") or (ended == "installed" and not gem.must_be_refused)
            yield Outcome(gem.kind, gem.name, right, ended[:200])
            inside(room, f"rm -f {path}")


def _judged(room: Container, path: str, file: str) -> _Read:
    """As both sides judge: by what the gem says of itself, and by its file's name."""
    said = inside(room, _TRY.format(path=path)).output
    try:
        (row,) = json.loads(said)
    except ValueError:
        return _Read(False, said.strip()[-100:])
    if row["error"] or row["extensions"]:
        return _Read(False, row["error"] or "it builds something")
    called = "-".join(
        [row["name"], row["version"]] + ([row["platform"]] if row["platform"] != "ruby" else [])
    )
    return _Read(f"{called}.gem" == file, "another name")


def _installed(room: Container, path: str) -> str:
    said = inside(room, _INSTALL.format(path=path)).output
    first, *others = said.splitlines() or [""]
    if others != ["alive"]:
        return f"wrote elsewhere: {others}"
    return "installed" if first == "ended 0" else "refused by gem"
