"""The proof's imports, tried again in the new environment. Standard library only, Python 3.6 and later."""

import json
import os
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ..errors import InstallFailed
from .subprocesses import Children, isolated

if TYPE_CHECKING:
    from ..documents.bundles import ImportRow

# A few processes for all modules: one for each would spend its time importing the same dependencies. Each
# takes the next batch when it is done with one, from a pipe that all of them read, and is begun again where
# a module crashes it. What modules print goes nowhere. What an import makes stays; to look for garbage in
# between takes a tenth of the time and finds next to none.
_MARK = "##parity-import## "
_CHILD = """
import gc, importlib, json, os, sys
gc.disable()
out, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
for number in (1, 2):
    os.dup2(nowhere, number)
def say(**words):
    os.write(out, ("\\n##parity-import## " + json.dumps(words) + "\\n").encode())
def take():
    return os.read(int(sys.argv[1]), 4)
for number in iter(take, b""):
    for name in sys.argv[2 + int(number)].split(","):
        say(module=name)
        try:
            importlib.import_module(name)
            say(module=name, error="")
        except BaseException as problem:
            say(module=name, error=type(problem).__name__ + ": " + str(problem).split("\\n")[0][:4000])
os._exit(0)
"""
_TIMEOUT = 900.0
_PROCESSES = 4
_BATCHES = 1000  # of four bytes each: a pipe holds them all (pipe(7))


class ImportFailed(NamedTuple):
    """An import that worked when the bundle was made and does not work here."""

    package: str
    module: str
    error: str


def try_imports(
    children: Children,
    environment: str,
    wanted: "Sequence[ImportRow]",
    sizes: Mapping[str, int],
) -> List[ImportFailed]:
    """Import every module that the manifest lists; gives those that fail.

    Args:
        children: runs the interpreters.
        environment: whose they are.
        wanted: rows with "package" and "module".
        sizes: of each package, in any unit: the largest begins first, for it may take the longest.

    Raises:
        InstallFailed: the interpreter cannot be started, or they take too long together.
    """
    packages = {each["module"]: each["package"] for each in wanted}
    errors: Dict[str, str] = {}
    batches = _batches(packages, sizes)
    while batches:
        for said in _run(children, environment, batches):
            errors.update(_heard(said))
        left = [[module for module in batch if module not in errors] for batch in batches]
        if left == batches:
            raise InstallFailed("the new environment's interpreter does not work")
        batches = [batch for batch in left if batch]
    failed = ((module, errors[module]) for module in packages)
    return [ImportFailed(packages[module], module, error) for module, error in failed if error]


def _batches(packages: Dict[str, str], sizes: Mapping[str, int]) -> List[List[str]]:
    """Modules in the order in which they are begun; a package's own stay together."""
    modules: Dict[str, List[str]] = {}
    for module, name in packages.items():
        modules.setdefault(name, []).append(module)
    order = sorted(modules, key=lambda name: -sizes.get(name, 0))
    batches: List[List[str]] = [[] for _ in range(min(len(order), _BATCHES))]
    for number, name in enumerate(order):
        batches[number % len(batches)] += modules[name]
    return batches


def _heard(said: List[Dict[str, str]]) -> Iterator[Tuple[str, str]]:
    """What one process said of its modules; if it ended within one, that one ended it."""
    for line in said:
        if "error" in line:
            yield line["module"], line["error"]
    # A module that calls os._exit or crashes takes its process with it; the rest is begun anew.
    if said and "error" not in said[-1]:
        yield said[-1]["module"], "it ended the interpreter"


def _run(children: Children, environment: str, batches: List[List[str]]) -> List[List[Dict[str, str]]]:
    reader, writer = os.pipe()
    try:
        # All at once, before anybody reads: that the pipe holds them is what `_BATCHES` sees to.
        os.write(writer, b"".join(b"%4d" % number for number in range(len(batches))))
        os.close(writer)
        words = [str(reader), *(",".join(batch) for batch in batches)]
        count = min(len(batches), os.cpu_count() or 1, _PROCESSES)
        commands = [isolated(environment, "-c", _CHILD, *words)] * count
        done = children.run_together(commands, timeout=_TIMEOUT, hand_over=[reader])
    except OSError as error:
        raise InstallFailed(f"the new environment's interpreter does not start: {error.strerror}") from error
    finally:
        os.close(reader)
    return [_parse(each.output) for each in done]


def _parse(output: str) -> List[Dict[str, str]]:
    lines = (line[len(_MARK) :] for line in output.splitlines() if line.startswith(_MARK))
    return [said for said in map(_words, lines) if said]


def _words(line: str) -> Dict[str, str]:
    """What a line says; empty where a module wrote what only looks like one."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    good = isinstance(said, dict) and all(isinstance(each, str) for each in said.values())
    return said if good and "module" in said else {}
