"""Many engines behind one scheduler: dask.distributed, and nothing else of parity speaks to it."""

from parity.cluster.door import Cluster, Job, Piece, WorkerGone, scheduler_at
from parity.cluster.local import local_scheduler
from parity.cluster.parcel import ROOT, InputsTar, packed, unpack
from parity.cluster.worker import BUNDLE, PARCEL, PIECE, REPORT

__all__ = [
    "BUNDLE",
    "PARCEL",
    "PIECE",
    "REPORT",
    "ROOT",
    "Cluster",
    "InputsTar",
    "Job",
    "Piece",
    "WorkerGone",
    "local_scheduler",
    "packed",
    "scheduler_at",
    "unpack",
]
