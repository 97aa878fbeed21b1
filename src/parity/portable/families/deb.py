"""Debian's packages: deb(5), dpkg."""

import re
from typing import Dict, List, Sequence

from .family import Family, Key, rows_of, run

# The lines that dpkg says in English for each file that it does not unpack: which, and on the next one why.
_REFUSED = re.compile(r"^dpkg: error processing archive .*\n(.*)$", re.MULTILINE)
_TOO_EARLY = " pre-dependency problem"


class Deb(Family):
    """Debian, Ubuntu and those that follow them."""

    name, program, suffix = "deb", "dpkg", ".deb"
    # A slash ends the member's name where ar(5) writes as System V does.
    head = re.compile(rb"!<arch>\ndebian-binary[ /]  .{32}[0-9 ]{10}`\n2\.[0-9]+\n", re.DOTALL)
    bringers = ("apt",)
    lineage = frozenset(("deb",))
    asks_files = ("dpkg-query", "--listfiles")

    def installed(self) -> Dict[Key, str]:
        """By `dpkg-query`."""
        form = "${Package}\\t${Architecture}\\t${Version}\\t${Status}\\n"
        rows = rows_of(["dpkg-query", "-W", "-f", form], 4)
        # `Status` has three words; only "installed" is also configured: not half-installed, not removed with
        # its configuration left.
        return {Key(row[0], row[1]): row[2] for row in rows if row[3].endswith(" installed")}

    def is_older(self, found: str, wanted: str) -> bool:
        """By dpkg's own comparison."""
        return run(["dpkg", "--compare-versions", found, "lt", wanted]).exit_code == 0

    def shown(self, files: str) -> str:
        """`dpkg -i`."""
        return "dpkg -i " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`dpkg --no-act`."""
        return ["dpkg", "--no-act", *self.command(paths)[1:]]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`dpkg -i`; configuration that the administrator has changed stays."""
        # confdef, confold: without them dpkg asks about a changed file, and nobody answers.
        return ["dpkg", "--refuse-downgrade", "--force-confdef", "--force-confold", "-i", *paths]

    def comes_right(self, said: str) -> bool:
        """A Pre-Depends is configured before what names it is unpacked (Debian Policy 7.2), else refused."""
        refused = _REFUSED.findall(said)
        return bool(refused) and all(reason.startswith(_TOO_EARLY) for reason in refused)

    def undo(self, new: Sequence[Key]) -> List[str]:
        """`dpkg --purge`: it installs piece by piece, and pieces would keep apt from working."""
        names = [key.name if key.arch == "all" else f"{key.name}:{key.arch}" for key in new]
        return ["dpkg", "--purge", *names] if names else []
