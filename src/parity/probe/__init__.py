"""Facts measured inside the image, and the parity check against the profile."""

from parity.probe.check import check_parity, check_stand_in
from parity.probe.facts import parse_facts, travelling
from parity.probe.stage import measure

__all__ = ["check_parity", "check_stand_in", "measure", "parse_facts", "travelling"]
