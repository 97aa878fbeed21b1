"""What the owner of the new environment does for those who may not write into it: byte-compile.

The imports run as other users, and each in a process of its own: without this, each would compile what
it loads anew. So a process asks for a module of the environment to be compiled, and the owner does that
from the file as it was installed. The same socket tells them which package is next.

One line is asked, one comes back: `next` gives a number or `-`; a path gives `1` where it was compiled.
Whoever asks wrongly, or too much, gets nothing, and nobody else gets anything wrong.
"""

import importlib.machinery
import importlib.util
import os
import py_compile
import socket
import struct
from typing import IO, Any, List, Optional

# Callers are package code: a flood of them must not fill the container with processes.
_AT_ONCE = 8
_NUMBERS = 16000  # of four bytes each: a pipe holds them all (pipe(7))
_NUMBER = struct.Struct("=L")
_LINE = 4096
_PATIENCE = 60.0  # seconds for an answer


def start(name: str, site_packages: str, count: int) -> None:
    """Begin to serve, in a process that lives until the container ends.

    Args:
        name: of the socket, in the abstract namespace (unix(7)).
        site_packages: the folder whose modules may be compiled.
        count: how many numbers `next` gives.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0" + name)
    listener.listen(_AT_ONCE)
    if os.fork():
        listener.close()
        return
    try:
        # Out of the guest's session: its end, and that of its streams, is not this one's.
        os.setsid()
        empty = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(empty, number)
        _serve(listener, os.path.realpath(site_packages), _tickets(count))
    finally:
        os._exit(0)


def _tickets(count: int) -> int:
    """A descriptor from which each number is read once."""
    reader, writer = os.pipe()
    os.write(writer, b"".join(_NUMBER.pack(number) for number in range(min(count, _NUMBERS))))
    os.close(writer)
    return reader


def _serve(listener: socket.socket, site_packages: str, tickets: int) -> None:
    serving: List[int] = []
    while True:
        caller, _ = listener.accept()
        serving = [pid for pid in serving if os.waitpid(pid, os.WNOHANG)[0] == 0]
        # One more is turned away, not queued; it compiles for itself then.
        if len(serving) < _AT_ONCE:
            pid = os.fork()
            if not pid:
                try:
                    _answer(caller, site_packages, tickets)
                finally:
                    os._exit(0)
            serving.append(pid)
        caller.close()


def _answer(caller: socket.socket, site_packages: str, tickets: int) -> None:
    with caller.makefile("rb") as lines:
        while True:
            line = lines.readline(_LINE)
            if not line.endswith(b"\n"):
                return
            asked = os.fsdecode(line[:-1])
            if asked == "next":
                raw = os.read(tickets, _NUMBER.size)
                caller.sendall(b"%d\n" % _NUMBER.unpack(raw)[0] if raw else b"-\n")
            else:
                caller.sendall(b"1\n" if _compile(asked, site_packages) else b"0\n")


def _compile(path: str, site_packages: str) -> bool:
    """Compile one module as it was installed; what it imports is asked for when it is imported."""
    # A link inside the folder could lead the owner to a file that the asker may not read.
    real = os.path.realpath(path)
    if not (real.startswith(site_packages + os.sep) and real.endswith(".py") and os.path.isfile(real)):
        return False
    if os.path.exists(importlib.util.cache_from_source(real)):
        return True
    try:
        py_compile.compile(real, doraise=True)
    except (py_compile.PyCompileError, OSError, ValueError, RecursionError, MemoryError):
        return False  # whoever imports it will say so
    return True


class Client:
    """Asks the service; silent where it does not answer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: Optional[IO[bytes]] = None
        self._door: Optional[socket.socket] = None

    def next(self) -> Optional[int]:
        """The number of the package that is next; None where there is none."""
        said = self._ask("next")
        return int(said) if said.isdigit() else None

    def compile(self, path: str) -> None:
        """Ask for a module to be compiled, and wait for it."""
        if "\n" not in path:
            self._ask(path)

    def _ask(self, line: str) -> str:
        try:
            if self._door is None or self._lines is None:
                self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._door.settimeout(_PATIENCE)
                self._door.connect("\0" + self._name)
                self._lines = self._door.makefile("rb")
            self._door.sendall(os.fsencode(line) + b"\n")
            return str(self._lines.readline(_LINE).decode("ascii").strip())
        except (OSError, ValueError):
            return ""


def compile_with(name: str, site_packages: str) -> None:
    """Let this interpreter ask the service before it compiles a module of that folder itself."""
    client, loader = Client(name), importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        path = self.path
        if path.startswith(site_packages) and not os.path.exists(importlib.util.cache_from_source(path)):
            client.compile(path)
        return original(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]
