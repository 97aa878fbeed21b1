"""What this machine is, as its own Python sees it: OS, C library, interpreter, tags, pip.

Standard library only, Python 3.6 and later. The same code measures the image on the near side
(`parity.guest.tasks.probe`) and the host on the far side (`install`).
"""

import json
import os
import platform
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional

from . import platformtags

if TYPE_CHECKING:
    from ..documents.evidence import FactsDocument, MeasuredMachine

FORMAT = "parity-facts/1"
_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
# Seconds; a cold pip on a slow disk takes some.
_CHILD_TIMEOUT = 60

# Asked of a fresh process: importing pip changes the process it is imported into.
_ASK_PIP = """
import json, sys
import pip
answer = {"version": pip.__version__, "tags": None}
try:
    try:
        from pip._internal.utils.compatibility_tags import get_supported  # pip 20.1 and later
    except ImportError:
        try:
            from pip._internal.pep425tags import get_supported  # pip 10 to 20.0
        except ImportError:
            from pip.pep425tags import get_supported  # pip 8 and 9
    tags = get_supported()
    answer["tags"] = ["-".join(tag) if isinstance(tag, tuple) else str(tag) for tag in tags]
except Exception:
    pass
sys.stdout.write("\\n" + json.dumps(answer) + "\\n")
"""
# Debian ships a venv that imports but has no ensurepip until python3-venv is there.
_ASK_VENV = "import venv, ensurepip; ensurepip.version()"


class _PipFacts(NamedTuple):
    """This interpreter's own pip; None for what it has not or cannot tell."""

    version: Optional[str] = None
    tags: Optional[List[str]] = None


def measure(
    tools: bool = True, told: "Optional[Callable[[MeasuredMachine], object]]" = None
) -> "FactsDocument":
    """Measure this machine; needs no network and writes nothing.

    Args:
        tools: ask for pip and venv too, which takes two more processes; without, they are None,
            None and False.
        told: hears all but these as soon as it is known: a pip may take a second to say what it is.

    Returns:
        {"format": "parity-facts/1",
         "os": {"id", "version", "name"}: ID, VERSION_ID and PRETTY_NAME of os-release(5),
         "libc": {"family": "glibc" | "musl", "version": [major, minor], "text"} or None,
         "python": full version, "executable", "implementation", "arch": `uname -m`, "bits": 32 | 64,
         "markers": the eleven keys of PEP 508, "tags": [str] most preferred first,
         "pip": version or None, "pip_tags": [str] or None, "has_venv": bool}
    """
    # Begun here and heard at the end: both run while the rest is measured.
    asked = [_begin(_ASK_PIP), _begin(_ASK_VENV)] if tools else [None, None]
    machine = _machine()
    if told is not None:
        told(machine)
    pip, venv = _read_pip(_end(asked[0])), _end(asked[1])
    return {
        **machine,
        "pip": pip.version,
        "pip_tags": pip.tags,
        # whether this interpreter can make an environment with pip in it
        "has_venv": venv is not None,
    }


def _machine() -> "MeasuredMachine":
    release = read_os_release()
    libc = platformtags.measure_libc()
    return {
        "format": FORMAT,
        "os": {
            "id": release.get("ID", "linux"),
            "version": release.get("VERSION_ID", ""),
            "name": release.get("PRETTY_NAME", release.get("NAME", "Linux")),
        },
        "libc": {"family": libc.family, "version": list(libc.version), "text": libc.text} if libc else None,
        "python": platform.python_version(),
        "executable": sys.executable,
        "implementation": sys.implementation.name,
        "arch": platform.machine(),
        "bits": platformtags.pointer_bits(),
        "markers": markers(),
        "tags": platformtags.wheel_tags(libc),
    }


def read_os_release() -> Dict[str, str]:
    """The fields of os-release(5); empty where the file is missing, as the manual page allows."""
    path = next((path for path in _OS_RELEASE if os.path.isfile(path)), os.devnull)
    with open(path, encoding="utf-8", errors="replace") as handle:
        return parse_os_release(handle.read())


def parse_os_release(text: str) -> Dict[str, str]:
    """Shell-like assignments, one a line, quoted or not; what is none is passed over."""
    fields = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and re.match(r"[A-Z][A-Z0-9_]*$", name):
            fields[name] = _unquote(value.strip())
    return fields


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    # What os-release(5) says a shell would unescape within quotes.
    return re.sub(r"\\([\"'$`\\])", r"\1", value)


def markers() -> Dict[str, str]:
    """The environment in which PEP 508 markers are evaluated: all eleven keys."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": _implementation_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def _implementation_version() -> str:
    info = sys.implementation.version
    # As PEP 508 spells out `format_full_version`.
    level = "" if info.releaselevel == "final" else info.releaselevel[0] + str(info.serial)
    return f"{info.major}.{info.minor}.{info.micro}{level}"


def _read_pip(answer: Optional[str]) -> _PipFacts:
    if answer is None:
        return _PipFacts()
    try:
        # The last line: a sitecustomize of the machine's may print something before.
        said = json.loads(answer.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return _PipFacts()
    return _PipFacts(said["version"], said["tags"])


Child = subprocess.Popen  # the class takes no parameter at run time before Python 3.9


def _begin(code: str) -> "Optional[Child[bytes]]":
    """Run code in a fresh, isolated process of this interpreter; None where none can be started."""
    try:
        return Child(
            [sys.executable, "-I", "-B", "-W", "ignore", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )
    except OSError:
        return None


def _end(child: "Optional[Child[bytes]]") -> Optional[str]:
    """What it printed; None where it failed or took too long."""
    if child is None:
        return None
    try:
        output = child.communicate(timeout=_CHILD_TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return None
    return output.decode("utf-8", "replace") if child.returncode == 0 else None
