"""Measure the container this runs in; see `parity.portable.machine.facts`.

Events:
    {"event": "machine", "machine": all but what its pip and venv are, as soon as that is known}
"""

from typing import TYPE_CHECKING, Dict

from ...portable.machine import facts
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import Nothing


def main(job: "Nothing", emit: Emit) -> Dict[str, object]:  # noqa: ARG001
    """Give the facts of this machine; the job is empty. See `facts.measure` for the result's shape."""
    return dict(facts.measure(told=lambda machine: emit({"event": "machine", "machine": machine})))
