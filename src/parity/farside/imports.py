"""The proof's imports, tried again in the new environment. Standard library only, Python 3.6 and later."""

import json
import os
from typing import Any, Dict, List, NamedTuple, Sequence

from .children import Children, isolated
from .errors import InstallFailed

# A few processes for all modules, each begun again behind a module that crashes it: a process for each
# would spend its time importing the same dependencies. Modules may print, hence the mark.
_MARK = "##parity-import## "
_CHILD = """
import importlib, json, sys
def say(**words):
    sys.__stdout__.write("\\n##parity-import## " + json.dumps(words) + "\\n")
    sys.__stdout__.flush()
for name in sys.argv[1:]:
    say(module=name)
    try:
        importlib.import_module(name)
        say(module=name, error="")
    except BaseException as problem:
        say(module=name, error=type(problem).__name__ + ": " + str(problem).split("\\n")[0])
import os
os._exit(0)
"""
_TIMEOUT = 900.0
_PROCESSES = 4


class Failed(NamedTuple):
    """An import that worked when the bundle was made and does not work here."""

    package: str
    module: str
    error: str


def try_imports(children: Children, environment: str, wanted: Sequence[Dict[str, Any]]) -> List[Failed]:
    """Import every module that the manifest lists; gives those that fail.

    Raises:
        InstallFailed: the interpreter cannot be started, or they take too long together.
    """
    packages = {each["module"]: each["package"] for each in wanted}
    groups = _split(packages)
    failed: List[Failed] = []
    for group, said in zip(groups, _run(children, environment, groups)):
        failed += _finish(children, environment, packages, group, said)
    order = list(packages)
    return sorted(failed, key=lambda each: order.index(each.module))


def _split(packages: Dict[str, str]) -> List[List[str]]:
    """Modules dealt out to as many processes as are worth starting; a package's own stay together."""
    names = list(dict.fromkeys(packages.values()))
    count = min(len(names), os.cpu_count() or 1, _PROCESSES)
    place = {name: number % count for number, name in enumerate(names)}
    return [[each for each in packages if place[packages[each]] == group] for group in range(count)]


def _finish(
    children: Children,
    environment: str,
    packages: Dict[str, str],
    left: List[str],
    said: List[Dict[str, str]],
) -> List[Failed]:
    """What one process said, and those that must be started behind a crash of it."""
    failed = []
    while left:
        done = [each for each in said if "error" in each]
        failed += [
            Failed(packages[each["module"]], each["module"], each["error"]) for each in done if each["error"]
        ]
        left = left[len(done) :]
        if left and said and "error" not in said[-1]:
            failed.append(Failed(packages[left[0]], left[0], "it ended the interpreter"))
            left = left[1:]
        elif left and not done:
            raise InstallFailed("the new environment's interpreter does not work")
        if left:
            (said,) = _run(children, environment, [left])
    return failed


def _run(children: Children, environment: str, groups: List[List[str]]) -> List[List[Dict[str, str]]]:
    commands = [isolated(environment, "-c", _CHILD, *modules) for modules in groups]
    try:
        done = children.run_together(commands, timeout=_TIMEOUT)
    except OSError as error:
        raise InstallFailed(f"the new environment's interpreter does not start: {error.strerror}") from error
    return [_parse(each.output) for each in done]


def _parse(output: str) -> List[Dict[str, str]]:
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    return [json.loads(line[len(_MARK) :]) for line in lines]
