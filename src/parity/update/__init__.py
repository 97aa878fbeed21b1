"""What changes from one bundle to the next, and a delta that carries no more than that."""

from parity.update.contents import BundlePackage, Contents, read_pair
from parity.update.delta import MadeDelta, write_delta, write_delta_for
from parity.update.diff import Change, Difference, FileChange, Turn, compare
from parity.update.document import document_of
from parity.update.have import InstalledRelease, Inventories, base_of, sorted_inventories
from parity.update.kinds import Kind, kind_of_change
from parity.update.review import Remark, remarks
from parity.update.verified import verified
from parity.update.wheelfacts import WheelFacts, wheel_facts

__all__ = [
    "BundlePackage",
    "Change",
    "Contents",
    "Difference",
    "FileChange",
    "InstalledRelease",
    "Inventories",
    "Kind",
    "MadeDelta",
    "Remark",
    "Turn",
    "WheelFacts",
    "base_of",
    "compare",
    "document_of",
    "kind_of_change",
    "read_pair",
    "remarks",
    "sorted_inventories",
    "verified",
    "wheel_facts",
    "write_delta",
    "write_delta_for",
]
