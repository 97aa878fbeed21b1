"""The test install in a second container without network; its result is the proof."""

from parity.rehearse.checks import remembered
from parity.rehearse.imports import imports_of
from parity.rehearse.judge import judge
from parity.rehearse.native import NativeRules
from parity.rehearse.opened import wanted
from parity.rehearse.ready import ContainerNeeds, ReadyContainer, ready
from parity.rehearse.room import UNPACKED, Carried, Checkout, fits_memory
from parity.rehearse.stage import rehearse

__all__ = [
    "UNPACKED",
    "Carried",
    "Checkout",
    "ContainerNeeds",
    "NativeRules",
    "ReadyContainer",
    "fits_memory",
    "imports_of",
    "judge",
    "ready",
    "rehearse",
    "remembered",
    "wanted",
]
