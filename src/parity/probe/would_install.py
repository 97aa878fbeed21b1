"""Would a bundle install on a machine of which only the facts are at hand? Pure.

The rules are the far side's own (`portable.machine.host`, and what `farside.install.installers` needs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.portable.installers.registry import INSTALLERS
from parity.portable.machine.host import differences, minor_of
from parity.wire.facts import FactsSaid

if TYPE_CHECKING:
    from parity.portable.documents.bundles import ManifestDocument

_ALWAYS_UNTOLD = (
    "free space, and whether programs may run under the prefix",
    "system libraries: the installer tries the proof's imports there",
    "what is installed there already, so whether the serial would be refused",
)


@dataclass(frozen=True)
class InstallerVerdict:
    """What the installer would say.

    Attributes:
        reasons: why it would refuse; nothing overrides them.
        overridable: why it would refuse unless `--allow-other-os` is given there.
        warnings: what it would do in another way than the bundle was made for.
        untold: what facts cannot tell.
        remedy: what to do about the first reason; empty where it would install.
    """

    reasons: tuple[str, ...]
    overridable: tuple[str, ...]
    warnings: tuple[str, ...]
    untold: tuple[str, ...]
    remedy: str

    def installs(self, *, allow_other_os: bool) -> bool:
        """Whether it would."""
        return not self.reasons and (allow_other_os or not self.overridable)


def would_install(manifest: ManifestDocument, facts: FactsSaid) -> InstallerVerdict:
    """Hold a bundle's manifest against facts.

    Args:
        manifest: a bundle's checked manifest.
        facts: from `read_facts`.
    """
    hard, soft = differences(manifest, facts)
    installer = INSTALLERS[manifest["installer"]]
    blocked = installer.hindered(facts)
    return InstallerVerdict(
        reasons=(*hard, *blocked),
        overridable=tuple(soft),
        warnings=installer.warned(manifest, facts),
        untold=(*installer.untold(facts), *_ALWAYS_UNTOLD),
        remedy=_remedy(manifest, hard, blocked, soft),
    )


def _remedy(manifest: ManifestDocument, hard: list[str], blocked: tuple[str, ...], soft: list[str]) -> str:
    wanted = minor_of(manifest["target"]["python"])
    if hard and all(each.startswith(("Python: ", "this interpreter ")) for each in hard):
        return f"if the machine has Python {wanted} too, run the probe with it: python{wanted} probe.py"
    if hard:
        return "make a profile of that machine with `parity init --from FACTS` and build for it"
    if blocked:
        return "install what has it there (python3-venv on Debian), or build with `installer: uv`"
    if soft:
        return "build for that machine's own profile, or accept it: check and install with --allow-other-os"
    return ""
