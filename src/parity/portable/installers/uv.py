"""parity's own writer, with a carried uv beside it: needs neither pip nor ensurepip on the host."""

from typing import TYPE_CHECKING, Tuple

from ..names import parse_wheel_name
from .installer import Installer

if TYPE_CHECKING:
    from ..documents.bundles import ManifestDocument
    from ..documents.evidence import FactsDocument


class ByUv(Installer):
    """`installer: uv`."""

    name = "uv"
    purpose = (
        "parity's own installer writes the packages, and the bundle carries uv, which says whether they fit "
        "together; the target needs neither pip nor venv"
    )
    readme = "The installer brings what it needs; it wants a Python {python} on this machine, no more."
    carries_uv = True

    def warned(self, manifest: "ManifestDocument", facts: "FactsDocument") -> Tuple[str, ...]:
        """Where the carried uv is for another architecture; it is static, so libc does not matter."""
        uv = (manifest["uv"] or "").rpartition("/")[2]
        name = parse_wheel_name(uv)
        if name is not None and any(tag.endswith("_" + facts["arch"]) for tag in name.tags):
            return ()
        return (f"whether the packages fit together would not be asked: {uv} is not for {facts['arch']}",)
