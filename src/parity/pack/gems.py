"""What the receiver is told of carried Ruby gems. Pure."""

from __future__ import annotations

from parity.model import GemSet
from parity.portable.ruby.gems import FOLDER

_TEXT = """
Ruby gems

The bundle carries Ruby gems for this distribution's own Ruby ({abi}), which must be there. The installer
puts them below the prefix; whoever uses them says so to Ruby:

  export GEM_HOME=PREFIX/current/{folder} PATH=PREFIX/current/{folder}/bin:$PATH

Or gem alone installs them, without network, where GEM_HOME says:

  gem install --local --no-document {files}

{rows}
"""


def gems_text(gems: GemSet | None) -> str:
    """A section of README.txt; empty where none are carried."""
    if gems is None:
        return ""
    # In the order of installation: gem goes through its words from the left.
    files = " ".join(gem.path for gem in gems.gems)
    rows = "\n".join(f"  {gem.name} {gem.version}" for gem in gems.gems)
    return _TEXT.format(abi=gems.abi, folder=FOLDER, files=files, rows=rows)
