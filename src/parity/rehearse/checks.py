"""The checks that are made of every new environment, in their order. Nothing else lists them.

Two things that are seen are no checks: the install, before which there is nothing to try, and the linker's
words, which are read beside the imports (`parity.rehearse.native` judges them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.rehearse.check import Check
from parity.rehearse.downloads import DOWNLOADS
from parity.rehearse.entry_points import ENTRY_POINTS
from parity.rehearse.gems import GEMS
from parity.rehearse.gone_modules import GONE_MODULES
from parity.rehearse.imports import IMPORTS
from parity.rehearse.opened import OPENED
from parity.rehearse.trials import COMMANDS_CHECK, PROJECT_CHECK
from parity.wire.rehearsing import Seen
from parity.wire.shapes import Malformed, read

CHECKS: tuple[Check[Any], ...] = (
    IMPORTS,
    OPENED,
    ENTRY_POINTS,
    GONE_MODULES,
    DOWNLOADS,
    GEMS,
    COMMANDS_CHECK,
    PROJECT_CHECK,
)


def remembered(document: Mapping[str, object]) -> Seen:
    """What a rehearsal saw, read back from where it was kept as JSON.

    Raises:
        Malformed: another version of parity wrote it otherwise.
    """
    seen = read(Seen, document)
    kinds = {check.name: check.kind for check in CHECKS}
    if strange := seen.get("checks", {}).keys() - kinds.keys():
        raise Malformed(f"checks that are none: {', '.join(sorted(strange))}")
    if "checks" in seen:
        seen["checks"] = {name: read(kinds[name], value, name) for name, value in seen["checks"].items()}
    return seen
