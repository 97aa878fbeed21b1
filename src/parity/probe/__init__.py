"""Facts measured inside the image or on a host, and what is held against them."""

from parity.probe.check import check_parity, check_stand_in
from parity.probe.facts import parse_facts, travelling
from parity.probe.facts_file import parse_facts_file, read_facts
from parity.probe.script import probe_script
from parity.probe.stage import measure
from parity.probe.would_install import InstallerVerdict, would_install

__all__ = [
    "InstallerVerdict",
    "check_parity",
    "check_stand_in",
    "measure",
    "parse_facts",
    "parse_facts_file",
    "probe_script",
    "read_facts",
    "travelling",
    "would_install",
]
