"""What a build would do, before it does it."""

from parity.planning.changes import LockChanges, VersionChange, lock_changes
from parity.planning.document import changes_document, plan_document
from parity.planning.index import listed
from parity.planning.outdated import Holder, Outdated, outdated
from parity.planning.plan import BuildPlan, Concern, PlannedWheel, concerns, planned_wheels

__all__ = [
    "BuildPlan",
    "Concern",
    "Holder",
    "LockChanges",
    "Outdated",
    "PlannedWheel",
    "VersionChange",
    "changes_document",
    "concerns",
    "listed",
    "lock_changes",
    "outdated",
    "plan_document",
    "planned_wheels",
]
