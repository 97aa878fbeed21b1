"""Judge a folder of wheels inside a container; nothing of theirs is unpacked or run."""

import os
import threading
from typing import TYPE_CHECKING

from ...portable.wheel import wheelset
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.store import AuditJob, AuditResult


def main(job: "AuditJob", emit: Emit) -> "AuditResult":
    """Judge the wheels that the job names.

    Args:
        job: {"folder": str, "wheels": [{"filename", "sha256", "package", "version"}],
              "allow": ["KIND:PACKAGE"], "cache": folder for judgements or None}
        emit: hears {"event": "progress", "done": wheels, "total": wheels, "label": file name}.

    Returns:
        {"findings": [{"wheel", "package", "kind", "message", "level"}], level being `refused`,
         `allowed` or `warning`, refused ones first; "wheels", "files": counts, "bytes": unpacked
         size, "judged": wheels that no cached judgement covered}
    """
    folder = job["folder"]
    wheels = [
        wheelset.WheelFile(
            os.path.join(folder, each["filename"]),
            each["filename"],
            each["package"],
            each["version"],
            each["sha256"],
        )
        for each in job["wheels"]
    ]
    lock = threading.Lock()
    done = [0]

    def tell(wheel: wheelset.WheelFile) -> None:
        with lock:
            done[0] += 1
            emit({"event": "progress", "done": done[0], "total": len(wheels), "label": wheel.filename})

    result = wheelset.judge_set(wheels, job["allow"], cache=job["cache"] or "", on_done=tell)
    return {
        "findings": [
            {
                "wheel": each.wheel,
                "package": each.package,
                "kind": each.kind,
                "message": each.message,
                "level": each.level,
            }
            for each in result.verdicts
        ],
        "wheels": len(wheels),
        "files": result.files,
        "bytes": result.size,
        "judged": result.judged,
    }
