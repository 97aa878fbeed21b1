"""The pip and venv that the host's Python brings along."""

from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from .installer import Accepted, Installer

if TYPE_CHECKING:
    from ..documents.evidence import FactsDocument


class ByPip(Installer):
    """`installer: pip`."""

    name = "pip"
    purpose = "the target's own pip and venv are used"
    readme = "The installer uses the pip of a Python {python} on this machine."
    writes = True
    asks_host = True

    def accepted(self, pip: Optional[str], pip_tags: Optional[Sequence[str]]) -> Optional[Accepted]:
        """What that pip says."""
        return None if pip_tags is None else Accepted(f"pip {pip}", pip_tags)

    def hindered(self, facts: "FactsDocument") -> Tuple[str, ...]:
        """Where there is no venv with ensurepip."""
        reason = f"this host's Python {facts['python']} has no venv with ensurepip"
        return () if facts["has_venv"] else (reason,)

    def untold(self, facts: "FactsDocument") -> Tuple[str, ...]:
        """Where the pip that would install is not there, or cannot be asked."""
        if facts["pip_tags"] is not None:
            return ()
        if facts["pip"] is None:
            return ("which wheels its pip takes: there is none yet, ensurepip would bring one",)
        return (
            f"which wheels its pip {facts['pip']} takes: it cannot be asked; pip before 20.3 takes fewer",
        )
