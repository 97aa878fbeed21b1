"""What changes from one bundle to the next, and a delta that carries no more than that."""

from parity.update.contents import BundlePackage, Contents, read_pair
from parity.update.delta import MadeDelta, write_delta
from parity.update.diff import Change, Difference, FileChange, Turn, compare
from parity.update.document import document_of
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
    "Kind",
    "MadeDelta",
    "Remark",
    "Turn",
    "WheelFacts",
    "compare",
    "document_of",
    "kind_of_change",
    "read_pair",
    "remarks",
    "verified",
    "wheel_facts",
    "write_delta",
]
