"""Measure the container this runs in; see `parity.portable.machine.facts`."""

from typing import Any, Callable, Dict

from ...portable.machine import facts


def main(job: Dict[str, Any], emit: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:  # noqa: ARG001
    """Give the facts of this machine; the job is empty. See `facts.measure` for the result's shape."""
    return dict(facts.measure())
