"""Git repositories that mean harm, and odd ones that do not: see the modules of `evil`."""

from __future__ import annotations

from tests.support.evil.modules import MODULES
from tests.support.evil.odd import GOOD, PROGRAMS
from tests.support.evil.scene import Case, Scene, files_of
from tests.support.evil.trees import TREES

HOSTILE = (*TREES, *MODULES)

__all__ = ["GOOD", "HOSTILE", "PROGRAMS", "Case", "Scene", "files_of"]
