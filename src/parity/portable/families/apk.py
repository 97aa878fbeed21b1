"""Alpine's packages: gzip streams, signed one by one; apk."""

import re
from typing import Dict, List, Sequence

from .family import Family, Key, lines_of, run


class Apk(Family):
    """Alpine."""

    name, program, suffix = "apk", "apk", ".apk"
    head = re.compile(rb"\x1f\x8b\x08", re.DOTALL)
    bringers = ("apk",)
    lineage = frozenset(("alpine",))
    asks_files = ("apk", "info", "--quiet", "--contents")

    def capability(self, soname: str, bits: int) -> str:
        """`so:libGL.so.1`: apk records sonames, without the width of words."""
        del bits
        return f"so:{soname}"

    def installed(self) -> Dict[Key, str]:
        """By `apk info`, which does not tell architectures: there is one."""
        done = run(["apk", "--print-arch"])
        arch = done.output.strip()
        found: Dict[Key, str] = {}
        for line in lines_of(["apk", "info", "-v"]):
            name, version = split_apk(line)
            if version:
                found[Key(name, arch)] = version
                # `apk info` does not tell which packages are for any machine, so each is found by both words.
                found[Key(name, "noarch")] = version
        return found

    def is_older(self, found: str, wanted: str) -> bool:
        """By apk's own comparison."""
        return run(["apk", "version", "-t", found, wanted]).output.strip() == "<"

    def shown(self, files: str) -> str:
        """`apk add`."""
        return "apk add --no-network " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`apk add --simulate`."""
        return ["apk", "add", "--simulate", "--no-network", *paths]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`apk add`, which asks the signature in each file once more."""
        return ["apk", "add", "--no-network", "--no-progress", *paths]


def split_apk(text: str) -> List[str]:
    """Name and version of `libgomp-14.2.0-r4`; the version is empty where it is no such text."""
    name, dash, rest = text.strip().rpartition("-r")
    stem, dot, version = name.rpartition("-")
    if not (dash and dot and rest.isdigit() and version[:1].isdigit()):
        return [text.strip(), ""]
    return [stem, f"{version}-r{rest}"]
