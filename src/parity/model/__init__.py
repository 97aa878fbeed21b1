"""The frozen values that flow from stage to stage; they do nothing but hold and compare."""

from parity.model.asked import AskedFile, AskedKind, AskedText
from parity.model.bundle import BuiltBundle, BundleFile, BundleIdentity
from parity.model.download import Download, StoredFiles
from parity.model.engines import ServingEngine
from parity.model.facts import Facts, MachineFacts
from parity.model.gems import CarriedGem, GemSet, GemSettings, GemsPlan, LockedGem
from parity.model.gone import SUCCESSORS, WITHOUT_SUCCESSOR
from parity.model.image import ImageSource, LockedImage, PinnedImage, chain_id, repository
from parity.model.inputs import IndexSettings, NamedIndex, OtherFile, SourcePlan, SystemPlan
from parity.model.interpreter import LockedPython, PythonPlaces
from parity.model.limits import Limits
from parity.model.lock import Lock, LockedWheel
from parity.model.profile import (
    Libc,
    Profile,
    RehearsalPlan,
    Requirements,
    Target,
)
from parity.model.project import (
    FOREIGN_LOCKS,
    LOCKS_OF_PROJECTS,
    Origin,
    ProjectPlan,
    SourcePackage,
    foreign_lock_remedy,
)
from parity.model.proof import ImportResult, Proof
from parity.model.system import SystemPackage, SystemSet
from parity.model.vehicle import VehiclePlan, WordFault, entry_words, word_fault
from parity.model.wheels import Finding, StoredWheel, WheelSet

__all__ = [
    "FOREIGN_LOCKS",
    "LOCKS_OF_PROJECTS",
    "SUCCESSORS",
    "WITHOUT_SUCCESSOR",
    "AskedFile",
    "AskedKind",
    "AskedText",
    "BuiltBundle",
    "BundleFile",
    "BundleIdentity",
    "CarriedGem",
    "Download",
    "Facts",
    "Finding",
    "GemSet",
    "GemSettings",
    "GemsPlan",
    "ImageSource",
    "ImportResult",
    "IndexSettings",
    "Libc",
    "Limits",
    "Lock",
    "LockedGem",
    "LockedImage",
    "LockedPython",
    "LockedWheel",
    "MachineFacts",
    "NamedIndex",
    "Origin",
    "OtherFile",
    "PinnedImage",
    "Profile",
    "ProjectPlan",
    "Proof",
    "PythonPlaces",
    "RehearsalPlan",
    "Requirements",
    "ServingEngine",
    "SourcePackage",
    "SourcePlan",
    "StoredFiles",
    "StoredWheel",
    "SystemPackage",
    "SystemPlan",
    "SystemSet",
    "Target",
    "VehiclePlan",
    "WheelSet",
    "WordFault",
    "chain_id",
    "entry_words",
    "foreign_lock_remedy",
    "repository",
    "word_fault",
]
