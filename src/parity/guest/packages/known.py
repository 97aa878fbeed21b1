"""The package managers that are known: those that the families of distributions name."""

import importlib
from typing import List

from ...portable.families.registry import FAMILIES
from .room import Manager


def known() -> List[Manager]:
    """Every manager, in the order in which an image is asked for them; a module has its own as `MANAGER`."""
    names = [name for family in FAMILIES.values() for name in family.bringers]
    return [importlib.import_module("." + name, __package__).MANAGER for name in names]
