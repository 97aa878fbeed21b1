"""Imports modules in the new environment and tells what went wrong; runs in that environment's own Python.

Each package gets a process of its own, forked from this one, which imports nothing itself and is closed
to them (see `alone.hide`): what a package says, it can say of its own modules alone. Whatever it leaves
running is killed before the next one begins.

Job:
    {"packages": [[name, [module, or `module:object`]]],
     "service": the name of the service's socket or "" (see `service`),
     "tickets": whether the service tells which package is next (else all, in order),
     "site_packages": the environment's, "environment": for the children, "folder": an empty one,
     "timeout": seconds for each process, "alone": whether this user is nobody else's}
Events:
    {"event": "begin", "package": number}, for each process
    {"event": "tried", "package": number, "answers": [{"module", "error", "at", "text", "wants": see
     `wants.of`, "missing": the module that it wants}]}
Result:
    {}
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import types
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..confinement import alone, descriptors, leftovers, ownmodules
from ..environment import patience, service, wants
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import ImportAnswer, ImportsJob, Nothing

_SAID = 1024 * 1024  # bytes that one process may say of its modules,
_EACH = 512  # and of each of them
_TEXT = 4000
_SAYS = ("module", "error", "at", "text", "wants", "missing")
_PATIENCE = 0.1  # seconds between looks at a child that says nothing


def main(job: "ImportsJob", emit: Emit) -> "Nothing":
    """Import; see the module's docstring."""
    os.environ.clear()
    os.environ.update(job["environment"])
    gc.disable()  # what an import makes stays, in a process that ends soon
    limits = _limits()
    # Several packages in one process have no name; they compile for themselves and wait for nobody.
    together: "ImportsJob" = {**job, "service": ""}
    for number in _numbers(job):
        if _limits() != limits:  # as another process of the same user may do (prlimit(2))
            raise RuntimeError("a package changed the limits of those after it")
        begin = partial(emit, {"event": "begin", "package": number})
        name, modules = job["packages"][number]
        answers = _try(job if name else together, modules, begin)
        emit({"event": "tried", "package": number, "answers": answers})
    return {}


def _limits() -> List[Tuple[int, int]]:
    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    return [resource.getrlimit(getattr(resource, name)) for name in names]


def _numbers(job: "ImportsJob") -> Iterator[int]:
    count = len(job["packages"])
    if not job["tickets"]:
        return iter(range(count))
    tickets = service.Client(job["service"])
    return (number for number in iter(tickets.next, None) if number < count)


def _try(job: "ImportsJob", modules: List[str], begin: Callable[[], object]) -> List["ImportAnswer"]:
    """Import all modules; a process that dies is blamed on the module it was importing."""
    answers: Dict[str, "ImportAnswer"] = {}
    rest = list(modules)
    while rest:
        begin()
        said, ending = _in_a_child(job, rest)
        asked = set(rest)
        for line in said.splitlines():
            answer = _answer(line)
            if answer and answer["module"] in asked and answer["module"] not in answers:
                answers[answer["module"]] = answer
        rest = [module for module in rest if module not in answers]
        if rest:  # the first that gave no answer is the one that ended the process
            answers[rest[0]] = _row(rest[0], ending)
            rest = rest[1:]
    return [answers[module] for module in modules]


def _answer(line: bytes) -> Optional["ImportAnswer"]:
    """One line of a child, whose words are the package's; None where it is no answer."""
    try:
        said = json.loads(line.decode("ascii"))
        module, *words = (str(said[key])[:_TEXT] for key in _SAYS)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return _row(module, *words)


def _row(
    module: str, error: str = "", at: str = "", text: str = "", wants: str = "", missing: str = ""
) -> "ImportAnswer":
    return {"module": module, "error": error, "at": at, "text": text, "wants": wants, "missing": missing}


class _Child(NamedTuple):
    pid: int
    reader: int


def _in_a_child(job: "ImportsJob", modules: List[str]) -> Tuple[bytes, str]:
    """What a process said that was to import these modules, and how it ended."""
    room = tempfile.mkdtemp(prefix="parity-")
    try:
        child = _fork(job, modules, room)
        try:
            said, ending = _listen(child, job["timeout"], _SAID + _EACH * len(modules))
        finally:
            os.close(child.reader)
            _end(child, job["alone"])
    finally:
        with suppress(OSError):  # a package may have removed it
            leftovers.remove(room)
        if job["alone"]:
            leftovers.clear_shared()
    return said, ending


def _listen(child: _Child, timeout: float, most: int) -> Tuple[bytes, str]:
    """What the child says until its end, and how it ended, or why it was not waited for any longer."""
    said, begin = bytearray(), time.monotonic()
    opened = True
    while True:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not opened and not pid:
            time.sleep(0.001)
        while opened and select.select([child.reader], [], [], 0 if pid else _PATIENCE)[0]:
            chunk = os.read(child.reader, 65536)
            opened = bool(chunk)
            said += chunk
            if len(said) > most or patience.is_over(child.pid, begin, timeout):
                break
        if len(said) > most:
            return bytes(said), "Crash: the import said more than %d bytes" % most
        if pid:
            return bytes(said), "Crash: the import ended the interpreter (%s)" % _ending(status)
        if patience.is_over(child.pid, begin, timeout):
            return bytes(said), "TimeoutError: the import did not end within %d s" % timeout


def _end(child: _Child, by_user: bool) -> None:
    """Nothing that the child began goes on."""
    if by_user:
        alone.end_others()
        return
    try:
        os.killpg(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
    except OSError:
        pass  # it has ended and was waited for


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "signal %d" % os.WTERMSIG(status)
    return "exit code %d" % os.WEXITSTATUS(status)


# --- in the child ---------------------------------------------------------------------------------


def _fork(job: "ImportsJob", modules: List[str], room: str) -> _Child:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return _Child(pid, reader)
    try:
        os.setsid()
        _leave_parent(writer, job, room)
        for name in modules:
            os.write(writer, b"\n" + json.dumps(_imported(name)).encode("ascii") + b"\n")
    finally:
        os._exit(0)


def _leave_parent(writer: int, job: "ImportsJob", room: str) -> None:
    """Give up all that is the parent's: its descriptors, its words, its folder, its modules' names."""
    descriptors.keep_only(writer)
    sys.stdout = sys.__stdout__
    os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = room
    tempfile.tempdir = None
    os.chdir(job["folder"])
    sys.argv = ["-c"]
    ownmodules.with_all()
    sys.path[0] = ""
    sys.modules["__main__"] = types.ModuleType("__main__")
    if job["service"]:
        service.compile_with(job["service"], job["site_packages"])
    alone.hide(False)  # as any program is


def _imported(name: str) -> "ImportAnswer":
    error = at = text = kind = missing = ""
    module, _, path = name.partition(":")
    try:
        found: object = importlib.import_module(module)
        for part in path.split(".") if path else ():
            found = getattr(found, part)
    except BaseException as problem:  # noqa: BLE001 - a module may raise anything
        text = str(problem)[:_TEXT]
        error = type(problem).__name__ + ": " + text.split("\n")[0]
        at = _place(problem)
        kind, missing = wants.of(problem)
    return _row(name, error, at, text, kind, missing[:_TEXT])


def _place(problem: BaseException) -> str:
    """The last line of an installed package before the failure, else the last line of Python."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = (__file__, service.__file__, "<string>")
    frames = [f for f in frames if "importlib" not in f.filename and f.filename not in ours]  # type: ignore[assignment]
    frames = [f for f in frames if "site-packages" in f.filename] or frames  # type: ignore[assignment]
    return "%s:%d" % (frames[-1].filename, frames[-1].lineno or 0) if frames else ""
