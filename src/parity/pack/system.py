"""What the receiver is told of carried system packages. Pure."""

from __future__ import annotations

from parity.model import SystemSet
from parity.portable.families.registry import FAMILIES
from parity.portable.system.system import OPTION

_TEXT = """
System packages

The bundle carries packages of the distribution, checked by its signatures, that the Python packages
need and a plain machine lacks. As root, the installer brings them along:

  sh install.sh PREFIX {option}

Or an administrator installs them first (what is there in that version or a newer one can be left out):

  {command}

{rows}
"""


def system_text(system: SystemSet | None) -> str:
    """A section of README.txt; empty where none are carried."""
    if system is None or not system.packages:
        return ""
    manager = FAMILIES[system.manager]
    rows = "\n".join(f"  {package.name} {package.version}" for package in system.packages)
    return _TEXT.format(option=OPTION, command=manager.shown(f"system/*{manager.suffix}"), rows=rows)
