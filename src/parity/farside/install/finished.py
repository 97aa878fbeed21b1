"""A bundle's environment by itself, at the one place where it will be used: what images are made of.

No releases, no receipt, nothing compiled: the same bundle gives the same files. Standard library only,
Python 3.6 and later.
"""

import os
import tempfile
from typing import TYPE_CHECKING

from ...portable.bundle.source import open_source
from ...portable.errors import InstallFailed, PrefixInUse
from ...portable.machine.subprocesses import Children
from .new_release import NewRelease
from .plan import Request, Say, lay_out, make_plan
from .prefix import readable_by_all

if TYPE_CHECKING:
    from typing import Dict, List


def make_finished(request: Request, say: Say) -> "Dict[str, object]":
    """Make the environment of an unpacked bundle at `request.prefix`.

    Args:
        request: what to do; the prefix is not there yet, or empty but for the folder of the interpreter.
        say: hears one line for each step.

    Returns:
        {"ok": true, "path", "packages": count, "installer": {...}, "warnings": [...]}

    Raises:
        FarsideError: nothing usable is there.
    """
    place = request.prefix
    if os.path.lexists(place) and (os.path.islink(place) or not os.path.isdir(place) or _others(request)):
        raise PrefixInUse(f"{place} is there already, and is no empty folder")
    try:
        with tempfile.TemporaryDirectory(prefix="parity-") as work, readable_by_all():
            return _made(request, work, say)
    except OSError as error:
        raise InstallFailed(f"{error.filename or place}: {error.strerror or error}") from error


def _others(request: Request) -> "List[str]":
    """What lies there besides an interpreter of its own."""
    own = os.path.relpath(request.python, request.prefix).split(os.sep)[0] if request.python else ""
    return [name for name in os.listdir(request.prefix) if name != own]


def _made(request: Request, work: str, say: Say) -> "Dict[str, object]":
    with open_source(request.bundle, request.check) as source:
        plan = make_plan(request, source.head, say)
        laid = lay_out(plan, source, work, say)
        lock = os.open(work, os.O_RDONLY | os.O_CLOEXEC)  # nobody else knows this folder
        try:
            new = NewRelease(laid, request.prefix, Children(work, lock))
            installer = new.make()
            with new.fitting_together():
                pass
        finally:
            os.close(lock)
    say(f"done: {request.prefix} is the finished environment")
    return {
        "ok": True,
        "path": request.prefix,
        "packages": len(plan.packages),
        "installer": installer,
        "warnings": laid.warnings,
    }
