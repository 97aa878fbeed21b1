"""rpm's packages: RHEL, Fedora, SUSE and those that follow them."""

import re
from typing import Dict, List, Sequence

from . import rpmversion
from .family import Family, Key, rows_of


class Rpm(Family):
    """RHEL, Fedora, SUSE and those that follow them."""

    name, program, suffix = "rpm", "rpm", ".rpm"
    # Magic, version 3 or 4, type 0 (binary); 96 bytes in all, then the signature header's magic.
    head = re.compile(rb"\xed\xab\xee\xdb[\x03\x04].\x00\x00.{88}\x8e\xad\xe8\x01", re.DOTALL)
    bringers = ("dnf", "microdnf", "zypper")
    lineage = frozenset(("el", "rpm", "amzn", "fedora", "suse"))
    asks_files = ("rpm", "--query", "--list")

    def capability(self, soname: str, bits: int) -> str:
        """`libGL.so.1()(64bit)`: rpm records sonames."""
        # rpm marks 64-bit needs alone; the parentheses hold the symbol version, here none.
        return f"{soname}()(64bit)" if bits == 64 else soname  # noqa: PLR2004

    def installed(self) -> Dict[Key, str]:
        """By `rpm -qa`."""
        # EPOCHNUM is 0 where there is none; EPOCH would print "(none)".
        form = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"
        found: Dict[Key, str] = {}
        for name, arch, version in rows_of(["rpm", "-qa", "--qf", form], 3):
            key = Key(name, arch)  # kernels and keys are there several times: the newest counts
            if key not in found or self.is_older(found[key], version):
                found[key] = version
        return found

    def is_older(self, found: str, wanted: str) -> bool:
        """By rpm's rules."""
        return rpmversion.compare(found, wanted) < 0

    def shown(self, files: str) -> str:
        """`rpm -Uvh`."""
        return "rpm -Uvh " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`rpm -U --test`."""
        return ["rpm", "-U", "--test", *paths]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`rpm -U`, which refuses older versions."""
        return ["rpm", "-U", *paths]
