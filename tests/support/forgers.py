# ruff: noqa: E501 - the lines of others
"""Packages that try to forge the proof of others, or to exhaust whoever reads it: code by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_TOOLS = '''
import glob, json, os, re, signal, socket, sys, threading, time
FORGED = {"isolation": {}, "install": {"exit_code": 0, "document": {}, "stderr": ""},
          "environment": [["ghost", "6.6"]], "imports": [], "missing_libraries": [], "missing_versions": [],
          "natives": [], "commands": [], "project": None, "seconds": {}, "memory_kills": 0,
          "linker": {"missing_libraries": [], "missing_versions": [], "natives": []}, "distributions": []}
WORDS = [{"event": "result", "result": FORGED},
         {"event": "found", "distributions": [["ghost", "6.6", ["ghost"], 1]], "hidden": True, "project": False},
         {"event": "tried", "package": 0, "answers": [{"module": "ghost", "error": "", "at": "", "text": ""}]},
         {"module": "broken", "error": "", "at": "", "text": ""}, {"module": "honest", "error": "Forged: x"}]
LINES = b"".join(b"\\n" + json.dumps(word).encode() + b"\\n" for word in WORDS)
def others():
    return [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid()]
def attempt(action, *words):
    try:
        return action(*words)
    except Exception:
        return None
def write(path, data=LINES):
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
def mark(pid):
    """The mark that events begin with, out of a process's memory."""
    for line in open("/proc/%d/maps" % pid):
        begin, end = (int(part, 16) for part in line.split()[0].split("-"))
        if "rw" in line.split()[1] and end - begin < 1 << 26:
            with open("/proc/%d/mem" % pid, "rb", 0) as memory:
                memory.seek(begin)
                found = re.search(rb'"mark": "([0-9a-f]{32})"|\\n([0-9a-f]{32})\\{', memory.read(end - begin))
                if found:
                    return found.group(1) or found.group(2)
def beside(action, seconds=2.0):
    """Go on doing it in a fork that outlives the import."""
    if os.fork() == 0:
        os.setsid()
        end = time.time() + seconds
        while time.time() < end:
            attempt(action)
            time.sleep(0.01)
        os._exit(0)
'''


@dataclass(frozen=True)
class Forger:
    """A hostile package.

    Attributes:
        kind: what it tries.
        code: of its one module.
        command: whether a command of the profile imports it, before the one that fails.
        may_fail: whether a clear error instead of a proof is as good.
    """

    kind: str
    code: str
    command: bool = False
    may_fail: bool = False

    @property
    def files(self) -> Mapping[str, bytes]:
        """The wheel's files: many, so that it is tried first."""
        return {"evil/__init__.py": (_TOOLS + self.code).encode()} | {f"evil/{n}.txt": b"" for n in range(9)}


_FD = "[attempt(write, path) for pid in others() for path in glob.glob('/proc/%d/fd/*' % pid)]"
_PTRACE = """
def seize():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in others():
        if libc.ptrace(16, pid, 0, 0) == 0:  # PTRACE_ATTACH
            os.waitpid(pid, 0)
            write("/proc/%d/fd/1" % pid)
            libc.ptrace(17, pid, 0, 0)
"""

FORGERS = (
    Forger("descriptors: once", _FD),
    Forger("descriptors: a fork that waits", f"beside(lambda: {_FD})"),
    Forger(
        "descriptors: with the mark out of memory",
        """
def forge():
    for pid in others():
        found = attempt(mark, pid)
        if found:
            lines = b"".join(b"\\n" + found + json.dumps(word).encode() + b"\\n" for word in WORDS)
            for path in glob.glob("/proc/%d/fd/*" % pid):
                attempt(write, path, lines)
beside(forge)
""",
    ),
    Forger(
        "descriptors: with the mark out of its own memory",
        """
found = attempt(mark, os.getpid())
if found:
    lines = b"".join(b"\\n" + found + json.dumps(word).encode() + b"\\n" for word in WORDS)
    for pid in [os.getpid(), os.getppid(), *others()]:
        for path in glob.glob("/proc/%d/fd/*" % pid):
            attempt(write, path, lines)
    for fd in range(256):
        attempt(os.write, fd, lines)
""",
    ),
    Forger("descriptors: all that it inherited", "[attempt(os.write, fd, LINES) for fd in range(0, 256)]"),
    Forger(
        "descriptors: by pidfd_getfd",
        """
import ctypes
libc = ctypes.CDLL(None)
for pid in others():
    door = libc.syscall(434, pid, 0)
    for fd in range(64):
        got = libc.syscall(438, door, fd, 0)
        if got >= 0:
            attempt(os.write, got, LINES)
""",
    ),
    Forger("ptrace", _PTRACE + "beside(seize)"),
    Forger(
        "memory of others: written over",
        """
def poke():
    for pid in others():
        for line in open("/proc/%d/maps" % pid):
            if "rw" in line and "heap" in line:
                with open("/proc/%d/mem" % pid, "r+b", 0) as memory:
                    memory.seek(int(line.split("-")[0], 16))
                    memory.write(b"\\0" * 4096)
beside(poke)
""",
    ),
    Forger(
        "memory of others: by process_vm_writev",
        """
import ctypes
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
data = ctypes.create_string_buffer(4096)
for pid in others():
    for line in attempt(open, "/proc/%d/maps" % pid) or ():
        if "heap" in line:
            here, there = Part(ctypes.addressof(data), 4096), Part(int(line.split("-")[0], 16), 4096)
            ctypes.CDLL(None).process_vm_writev(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
""",
    ),
    Forger(
        "terminals",
        "[attempt(write, p) for p in ['/dev/tty', '/dev/console', *glob.glob('/dev/pts/*'), "
        "'/proc/1/fd/1', '/dev/stdout', '/dev/stderr']]",
    ),
    Forger(
        "a second result on its own streams",
        "[os.write(1, LINES), os.write(2, LINES), print(LINES.decode())]",
    ),
    Forger(
        "isolation words",
        """
WORD = {"event": "result", "result": {"isolation": {"not-root": False}}}
beside(lambda: [attempt(write, '/proc/%d/fd/1' % pid, json.dumps(WORD).encode() + b"\\n") for pid in others()])
""",
    ),
    Forger(
        "installed files: altered",
        """
for path in glob.glob(os.path.dirname(os.path.dirname(__file__)) + "/**/*", recursive=True):
    attempt(os.chmod, path, 0o777)
    attempt(lambda: open(path, "w").write(""))
""",
    ),
    Forger(
        "installed files: a package that does not exist",
        """
site = os.path.dirname(os.path.dirname(__file__))
attempt(os.mkdir, site + "/ghost-6.6.dist-info")
attempt(lambda: open(site + "/ghost.py", "w").write(""))
attempt(os.rename, site, site + "x")
""",
    ),
    Forger(
        "installed files: byte-code of another package",
        """
import importlib.util, marshal, struct
site = os.path.dirname(os.path.dirname(__file__))
code = importlib.util.MAGIC_NUMBER + struct.pack("<LLL", 0, int(os.stat(site + "/broken.py").st_mtime), os.stat(
    site + "/broken.py").st_size) + marshal.dumps(compile("", "broken", "exec"))
attempt(os.mkdir, site + "/__pycache__")
attempt(lambda: open(importlib.util.cache_from_source(site + "/broken.py"), "wb").write(code))
""",
    ),
    Forger(
        "the compiling service: another file",
        """
name = [l.split("@")[1].strip() for l in open("/proc/net/unix") if "@" in l]
for one in name:
    s = socket.socket(socket.AF_UNIX); s.connect("\\0" + one)
    for line in ("/etc/passwd", "../../x.py", "/tmp/x.py", "x" * 5000):
        attempt(s.sendall, line.encode() + b"\\n")
""",
    ),
    Forger(
        "the compiling service: every number taken",
        """
for one in [l.split("@")[1].strip() for l in open("/proc/net/unix") if "@" in l]:
    s = socket.socket(socket.AF_UNIX); s.connect("\\0" + one); s.settimeout(5)
    lines = s.makefile("rb")
    for _ in range(20000):
        s.sendall(b"next\\n")
        if lines.readline() in (b"-\\n", b""):
            break
""",
    ),
    Forger(
        "the compiling service: every place held",
        """
held = []
for one in [l.split("@")[1].strip() for l in open("/proc/net/unix") if "@" in l]:
    for _ in range(30):
        s = socket.socket(socket.AF_UNIX); attempt(s.connect, "\\0" + one); held.append(s)
beside(lambda: held)
""",
    ),
    Forger(
        "modules of others: planted where they may be looked for",
        """
for folder in ("", "/tmp/", os.environ["HOME"] + "/", "/carry/empty/", "/carry/", "/commands/empty/"):
    for name in ("broken.py", "honest.py", "sitecustomize.py"):
        attempt(lambda: open(folder + name, "w").write("raise SystemExit(0)"))
""",
    ),
    Forger(
        "modules of others: put into sys.modules",
        "import types\nfor n in ('broken', 'ghost', 'honest'):\n    sys.modules[n] = types.ModuleType(n)",
    ),
    Forger(
        "importing itself: importlib replaced",
        "import importlib, builtins\n"
        "importlib.import_module = lambda name: None\nbuiltins.__import__ = lambda *a, **k: sys",
    ),
    Forger(
        "forks left behind",
        "for _ in range(20):\n    if os.fork() == 0:\n        time.sleep(30); os._exit(0)",
    ),
    Forger(
        "forks left behind that hold every stream",
        """
if os.fork() == 0:
    os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60); os._exit(0)
""",
    ),
    Forger("kill -1", "os.kill(-1, signal.SIGKILL)"),
    Forger("kill -1, then itself", "os.kill(-1, signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)"),
    Forger("its parent killed", "os.kill(os.getppid(), signal.SIGKILL)"),
    Forger(
        "its parent stopped",
        """
os.kill(os.getppid(), signal.SIGSTOP)
""",
    ),
    Forger(
        "limits of its parent",
        "import resource\nfor limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):\n"
        "    attempt(resource.prlimit, os.getppid(), limit, (3, 3))",
    ),
    Forger(
        "flood on every descriptor",
        "data = b'x' * 65536\nfor fd in range(1, 64):\n"
        "    for _ in range(400):\n        if attempt(os.write, fd, data) is None: break",
    ),
    Forger(
        "deep JSON on every descriptor",
        "[attempt(os.write, fd, b'\\n' + b'[' * 60000 + b'\\n') for fd in range(1, 64)]",
    ),
    Forger("a line without an end", "[attempt(os.write, fd, b'y' * 1000000) for fd in range(1, 64)]"),
    Forger("an error as long as memory", "raise ValueError('long' * 30000000)"),
    Forger(
        "an error that cannot be told", "class E(Exception):\n    def __str__(self): raise self\nraise E()"
    ),
    Forger("an error with escape sequences", "raise ValueError('\\x1b[2J\\x1b[31m all 3 imported \\ud800')"),
    Forger(
        "disk filled",
        """
for folder in ("/tmp", os.environ["HOME"], "/dev/shm", "/work", "/carry/work", "/carry", "/commands", "."):
    try:
        with open(folder + "/full", "wb") as f:
            for _ in range(3000):
                f.write(b"z" * 1000000)
    except OSError:
        pass
""",
        may_fail=True,
    ),
    Forger("memory filled", "x = []\nwhile True: x.append(bytearray(50 << 20))", may_fail=True),
    Forger(
        "processes without end",
        "try:\n    while True:\n        if os.fork() == 0:\n            time.sleep(60); "
        "os._exit(0)\nexcept OSError: pass",
        may_fail=True,
    ),
    Forger("in a command: descriptors", f"beside(lambda: {_FD}, 5)", command=True),
    Forger("in a command: ptrace of the next", _PTRACE + "beside(seize, 5)", command=True),
    Forger(
        "in a command: kill -1 for ever",
        """
beside(lambda: [os.kill(pid, 9) for pid in others() if attempt(os.kill, pid, 0) is None and pid != os.getpid()], 5)
""",
        command=True,
        may_fail=True,
    ),
    Forger(
        "in a command: whoever comes is stopped",
        "begun = os.getpid()\nif os.fork() == 0:\n    os.setsid(); end = time.time() + 60\n"
        "    while os.getppid() == begun: time.sleep(0.01)  # else the command itself never ends\n"
        "    while time.time() < end: attempt(os.kill, -1, signal.SIGSTOP)",
        command=True,
    ),
    Forger(
        "in a command: installed files",
        "site = os.path.dirname(os.path.dirname(__file__))\n"
        "attempt(lambda: open(site + '/broken.py', 'w').write(''))",
        command=True,
    ),
    Forger(
        "in a command: a flood",
        "for fd in (1, 2):\n    for _ in range(2000): os.write(fd, b'w' * 65536)",
        command=True,
    ),
)
"""Each is tried beside `honest`, which works, and `broken`, which does not, and before a command that fails."""
