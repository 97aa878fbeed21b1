"""Imports modules in a new environment, in processes of their own, and tells what went wrong."""

import json
import os
import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, NamedTuple, Tuple

# Runs inside the new environment: one JSON line for each module on a pipe of its own, because a
# module may print whatever it likes. `at` is the last line of an installed package before the
# failure, else (in the standard library alone) the last line of Python.
# What an import makes stays; to look for garbage in between takes a tenth of the time and finds next to none.
_CHILD = """
import gc, importlib, json, os, sys, traceback
gc.disable()
report = os.fdopen(int(sys.argv[1]), "w")
for name in sys.argv[2:]:
    report.write(json.dumps({"start": name}) + "\\n"); report.flush()
    error = at = text = ""
    try:
        importlib.import_module(name)
    except BaseException as problem:
        text = str(problem)[:4000]
        error = type(problem).__name__ + ": " + text.split("\\n")[0]
        frames = traceback.extract_tb(problem.__traceback__)
        frames = [f for f in frames if "importlib" not in f.filename and f.filename != "<string>"]
        frames = [f for f in frames if "site-packages" in f.filename] or frames
        if frames:
            at = "%s:%d" % (frames[-1].filename, frames[-1].lineno or 0)
    report.write(json.dumps({"module": name, "error": error, "at": at, "text": text}) + "\\n"); report.flush()
os._exit(0)
"""
_LIBRARY = re.compile(
    r"(?:^|: )([^\s:/]+\.so[^\s:]*): cannot open shared object"
    r"|Error loading shared library ([^\s:]+)",
    re.MULTILINE,
)
# Some are opened by several names in turn, and the error tells of the first alone: libgobject-2.0-0.
_BY_OTHER_NAME = re.compile(r"(?:^|: )(lib[\w.+-]+): cannot open shared object", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_AT_ONCE = 2


class Imported(NamedTuple):
    """How one import went; `error` is empty where it worked, `library` names a missing one."""

    package: str
    module: str
    requested: bool
    error: str
    library: str
    at: str


def try_imports(
    python: str,
    *,
    requested: List[Tuple[str, str]],
    others: List[Tuple[str, str]],
    environment: Dict[str, str],
    folder: str,
    timeout: float,
) -> List[Imported]:
    """Import modules with an environment's interpreter.

    Args:
        python: the interpreter.
        requested: (package, module) of what the user asked for: each package in its own process.
        others: the same of what came along: all in one process, begun again after a crash.
        environment: the children's whole environment.
        folder: an empty working folder, so that nothing is imported from where we stand.
        timeout: seconds for one process.
    """
    runner = _Runner(python, environment, folder, timeout)
    batches = [[module for _, module in group] for group in _by_package(requested)]
    if others:  # the longest batch begins first, beside the others
        batches.insert(0, [module for _, module in others])
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        answers: Dict[str, Dict[str, str]] = {}
        for answer in pool.map(runner.all_of, batches):
            answers.update(answer)
    results = [_imported(pair, True, answers[pair[1]]) for pair in requested]
    results += [_imported(pair, False, answers[pair[1]]) for pair in others]
    return sorted(results, key=lambda each: (not each.requested, each.package, each.module))


def _by_package(pairs: List[Tuple[str, str]]) -> List[List[Tuple[str, str]]]:
    groups: Dict[str, List[Tuple[str, str]]] = {}
    for pair in pairs:
        groups.setdefault(pair[0], []).append(pair)
    return list(groups.values())


def _imported(pair: Tuple[str, str], requested: bool, answer: Dict[str, str]) -> Imported:
    error = _ADDRESS.sub("0x…", answer["error"])
    text = answer.get("text", "")
    match = _LIBRARY.search(text) or _BY_OTHER_NAME.search(text)
    library = next(filter(None, match.groups())) if match else ""
    return Imported(pair[0], pair[1], requested, error, library, answer["at"])


class _Runner:
    def __init__(self, python: str, environment: Dict[str, str], folder: str, timeout: float) -> None:
        self._python = python
        self._environment = environment
        self._folder = folder
        self._timeout = timeout

    def all_of(self, modules: List[str]) -> Dict[str, Dict[str, str]]:
        """Import all modules; a process that dies is blamed on the module it was importing."""
        answers: Dict[str, Dict[str, str]] = {}
        rest = modules
        while rest:
            lines, ending = self._one_process(rest)
            for line in lines:
                if "module" in line:
                    answers[line["module"]] = line
            rest = [module for module in rest if module not in answers]
            if rest:  # the first that gave no answer is the one that ended the process
                answers[rest[0]] = {"module": rest[0], "error": ending, "at": ""}
                rest = rest[1:]
        return answers

    def _one_process(self, modules: List[str]) -> Tuple[List[Dict[str, Any]], str]:
        reader, writer = os.pipe()
        child = subprocess.Popen(
            [self._python, "-c", _CHILD, str(writer), *modules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=self._folder,
            pass_fds=[writer],
        )
        os.close(writer)
        timer = _KillAfter(child, self._timeout)
        with os.fdopen(reader) as report:
            lines = [json.loads(line) for line in report if line.endswith("\n")]
        child.wait()
        timer.cancel()
        if timer.fired:
            return lines, "TimeoutError: the import did not end within %d s" % self._timeout
        return lines, "Crash: the import ended the interpreter (%s)" % _ending(child.returncode)


def _ending(code: int) -> str:
    return "signal %d" % -code if code < 0 else "exit code %d" % code


class _KillAfter:
    def __init__(self, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.fired = False
        self._child = child
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self._timer.start()

    def _fire(self) -> None:
        self.fired = True
        self._child.kill()

    def cancel(self) -> None:
        self._timer.cancel()
