"""The interpreter that an environment is made for, asked who it is. Python 3.6 and later."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Optional, cast

from ...portable.errors import EnvironmentUnfit, WrongHost
from ...portable.machine import facts as facts_of
from ...portable.machine.host import find_python, minor_of
from ...portable.machine.subprocesses import python_of
from ...portable.plainfile import parse_json
from .. import entry

if TYPE_CHECKING:
    from ...portable.documents.bundles import TargetDocument
    from ...portable.documents.evidence import FactsDocument

_TIMEOUT = 120


def choose_python(target: "TargetDocument", asked: str = "", environment: str = "") -> str:
    """The interpreter to use: an existing environment's, else the one asked for, else one that fits.

    Raises:
        WrongHost: what was asked for is no program.
        EnvironmentUnfit: the folder is no environment.
    """
    if environment:
        return _python_in(environment)
    python = os.path.abspath(asked) if asked else find_python(minor_of(target["python"]))
    if not os.access(python, os.X_OK) or os.path.isdir(python):
        raise WrongHost(f"{python} is no interpreter", "name the path of a Python interpreter with --python")
    return python


def _python_in(environment: str) -> str:
    python = python_of(environment)
    if not os.path.isfile(os.path.join(environment, "pyvenv.cfg")) or not os.access(python, os.X_OK):
        raise EnvironmentUnfit(f"{environment} is no virtual environment (pyvenv.cfg and bin/python)")
    return python


def measure(python: str, tools: bool) -> "FactsDocument":
    """This machine's facts as an interpreter sees them; see `facts.measure`.

    Raises:
        WrongHost: it cannot be started or is too old for this code.
    """
    if is_this(python):
        return {**facts_of.measure(tools), "executable": os.path.abspath(python)}
    command = [*entry.command(python), "facts", "--json", *(["--tools"] if tools else [])]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ours has PYTHON* variables and a PATH that may lead elsewhere.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise WrongHost(f"{python} does not work: {error}", "name another one with --python") from error
    found = [each for each in map(_facts_in, done.stdout.splitlines()) if each]
    if not found:
        raise WrongHost(f"{python} does not work: it cannot say what it is", "name another one with --python")
    return found[-1]


def is_this(python: str) -> bool:
    """Whether an interpreter is the one that runs this code, by whatever name.

    An environment's is a link to the one that it was made with, and yet another (PEP 405).
    """
    ours, asked = os.path.abspath(sys.executable), os.path.abspath(python)
    if ours == asked:
        return True
    beside = [os.path.join(os.path.dirname(asked), *up, "pyvenv.cfg") for up in ([], [os.pardir])]
    plain = sys.prefix == sys.base_prefix and not any(map(os.path.exists, beside))
    return plain and os.path.realpath(ours) == os.path.realpath(asked)


def _facts_in(line: bytes) -> "Optional[FactsDocument]":
    """The facts that a line tells; None where it is another one: some interpreters greet, or take leave."""
    try:
        answer = parse_json(line)
    except ValueError:
        return None
    facts = answer.get("facts") if isinstance(answer, dict) and answer.get("ok") else None
    return cast("FactsDocument", facts) if isinstance(facts, dict) else None
