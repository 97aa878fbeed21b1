"""Every way in which parity says no: one exit code and one remedy for each kind, below one root error.

Exit codes are part of the interface: scripts may rely on them, so a code is never reused.
0 is success, 1 a fault in parity itself, 2 wrong usage of the command line; 60 to 79 belong to the
far side (`parity.portable.errors`), 130 and 143 to Ctrl-C and SIGTERM (or SIGHUP).
"""

from __future__ import annotations

from parity.errors.asked import InputFileError, OptionConflict, ProfileError, ProfileNotFound
from parity.errors.base import ParityError, Problem
from parity.errors.engine import (
    EngineLost,
    EngineRefused,
    EngineUnavailable,
    ImageUnavailable,
    NoEngineServes,
    NotAStandIn,
    SchedulerUnavailable,
    WorkerRefused,
)
from parity.errors.output import KeyExists, KeyUnusable, NotReady, SignaturesFull, SomeFailed, WriteFailed
from parity.errors.publishing import (
    AddressUnusable,
    OtherBytesThere,
    PublishDenied,
    PublishFailed,
    RegistryDenied,
    RegistryFailed,
)
from parity.errors.rehearsal import NotIsolated, RehearsalFailed, RehearsalTimeout, SystemPackagesFailed
from parity.errors.signals import Interrupted, Terminated
from parity.errors.target import (
    FactsInvalid,
    ParityMismatch,
    ProbeFailed,
    PythonUnavailable,
    PythonUnfit,
)
from parity.errors.wheels import (
    REACH_REMEDIES,
    BuildFailed,
    FetchFailed,
    HashMismatch,
    HeldBack,
    HostileSource,
    HostileWheel,
    IndexConfusion,
    IndexFailed,
    LockInvalid,
    LockOutdated,
    Missing,
    NoWheel,
    SourceUnavailable,
    ToolUnavailable,
    Unresolvable,
)
from parity.portable.errors import RootError

__all__ = [
    "REACH_REMEDIES",
    "AddressUnusable",
    "BuildFailed",
    "EngineLost",
    "EngineRefused",
    "EngineUnavailable",
    "FactsInvalid",
    "FetchFailed",
    "HashMismatch",
    "HeldBack",
    "HostileSource",
    "HostileWheel",
    "ImageUnavailable",
    "IndexConfusion",
    "IndexFailed",
    "InputFileError",
    "Interrupted",
    "KeyExists",
    "KeyUnusable",
    "LockInvalid",
    "LockOutdated",
    "Missing",
    "NoEngineServes",
    "NoWheel",
    "NotAStandIn",
    "NotIsolated",
    "NotReady",
    "OptionConflict",
    "OtherBytesThere",
    "ParityError",
    "ParityMismatch",
    "ProbeFailed",
    "Problem",
    "ProfileError",
    "ProfileNotFound",
    "PublishDenied",
    "PublishFailed",
    "PythonUnavailable",
    "PythonUnfit",
    "RegistryDenied",
    "RegistryFailed",
    "RehearsalFailed",
    "RehearsalTimeout",
    "RootError",
    "SchedulerUnavailable",
    "SignaturesFull",
    "SomeFailed",
    "SourceUnavailable",
    "SystemPackagesFailed",
    "Terminated",
    "ToolUnavailable",
    "Unresolvable",
    "WorkerRefused",
    "WriteFailed",
]
