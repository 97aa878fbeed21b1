"""The test install in a second container without network; its result is the proof."""

from parity.rehearse.checks import remembered
from parity.rehearse.imports import imports_of
from parity.rehearse.judge import judge
from parity.rehearse.native import NativeRules
from parity.rehearse.opened import wanted
from parity.rehearse.room import Carried, Checkout
from parity.rehearse.stage import rehearse

__all__ = ["Carried", "Checkout", "NativeRules", "imports_of", "judge", "rehearse", "remembered", "wanted"]
