"""What a build would do, before it does it."""

from parity.planning.changes import LockChanges, VersionChange, lock_changes
from parity.planning.document import changes_document, plan_document
from parity.planning.index import listed
from parity.planning.plan import Concern, Plan, PlannedWheel, concerns, planned_wheels

__all__ = [
    "Concern",
    "LockChanges",
    "Plan",
    "PlannedWheel",
    "VersionChange",
    "changes_document",
    "concerns",
    "listed",
    "lock_changes",
    "plan_document",
    "planned_wheels",
]
