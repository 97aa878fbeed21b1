"""One way to install a bundle's packages: all that differs from one to the next, on both sides of the gap.

How its tool makes an environment and fills it is `farside.install.installers`, which registers one for each.
Standard library only, Python 3.6 and later.
"""

from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from ..documents.bundles import ManifestDocument
    from ..documents.evidence import FactsDocument


class Accepted(NamedTuple):
    """What a tool takes: `who` it is, and the wheel tags (PEP 425)."""

    who: str
    tags: Sequence[str]


class Installer:
    """An installer; `facts` are a machine's, as `portable.machine.facts` measures them."""

    name = ""
    """As profiles and manifests call it, under `installer`."""
    purpose = ""
    """What the profile's schema says of it, for who chooses; half a sentence."""
    readme = ""
    """What README.txt says of it; `{python}` stands for the target's `X.Y`."""
    carries_uv = False
    """Whether the bundle brings uv for it."""
    writes = False
    """Whether its tool writes the packages; otherwise parity does, and uv says whether they fit together."""
    asks_host = False
    """Whether the host's own pip and venv do the work, and are measured before it."""

    def accepted(self, pip: Optional[str], pip_tags: Optional[Sequence[str]]) -> Optional[Accepted]:
        """What it takes of all that the interpreter could run; None where it takes that, or nobody knows.

        Args:
            pip: the version of the machine's own pip, None where it has none.
            pip_tags: what that pip takes, None where it cannot be asked.
        """
        del pip, pip_tags
        return None

    def hindered(self, facts: "FactsDocument") -> Tuple[str, ...]:
        """Why it would not work on a machine."""
        del facts
        return ()

    def warned(self, manifest: "ManifestDocument", facts: "FactsDocument") -> Tuple[str, ...]:
        """What it would leave undone on a machine."""
        del manifest, facts
        return ()

    def untold(self, facts: "FactsDocument") -> Tuple[str, ...]:
        """What a machine's facts do not tell of it."""
        del facts
        return ()
