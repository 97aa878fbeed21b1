"""Environment markers (PEP 508) that strangers have written, judged for one environment."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

from parity.errors import InputFileError

_REMEDY = (
    "compare texts with == or !=, versions with <, >= and the like, and ask for nothing but what PEP 508 "
    "names (sys_platform, python_version, …)"
)
_ODD = (UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError)


def marker_holds(
    marker: Marker | str | None,
    environment: Mapping[str, str | frozenset[str]],
    where: str,
    *,
    of_lock: bool = False,
) -> bool:
    """Whether a marker is true; none is.

    Args:
        marker: as text or read; none where it is empty.
        environment: a complete one (see Facts.markers).
        where: it stands, for the error.
        of_lock: whether it is one of PEP 751, which may ask for `extras` and `dependency_groups`, too.

    Raises:
        InputFileError: it is no marker, compares what has no order, or asks for what there is not.
    """
    if not marker:
        return True
    try:
        read = Marker(marker) if isinstance(marker, str) else marker
        return read.evaluate(dict(environment), context="lock_file" if of_lock else "metadata")
    except _ODD as error:
        told = str(error) or "it is nested too deep"
        raise InputFileError(
            f"the marker {str(marker)[:80]!r} cannot be judged: {told[:200]}", where=where, remedy=_REMEDY
        ) from error
