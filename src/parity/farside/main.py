"""The installer's command line. Standard library only, Python 3.6 and later."""

import argparse
import json
import os
import signal
import sys
import traceback
from typing import Any, Dict, List, Optional

from .errors import FarsideError, WrongHost
from .folder import open_folder
from .host import find_python, minor_of
from .install import Request, install

_GUARD = "PARITY_INSTALL_STARTED"
_FAULT, _INTERRUPTED, _TERMINATED = 1, 130, 143


class Terminated(BaseException):
    """SIGTERM or SIGHUP came: unwind, so that everything half done is removed."""


def main(folder: str, arguments: Optional[List[str]] = None) -> int:
    """Run the installer of the unpacked bundle in `folder`; gives the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    try:
        document = _run(os.path.abspath(folder), options, given)
    except FarsideError as error:
        document = _failure(type(error).__name__, error.message, error.remedy, error.exit_code)
    except KeyboardInterrupt:
        document = _failure("Interrupted", "interrupted", "run it again", _INTERRUPTED)
    except Terminated:
        document = _failure("Terminated", "terminated", "run it again", _TERMINATED)
    except Exception as fault:  # noqa: BLE001 - the door: a fault of ours still gives one document
        traceback.print_exc()
        document = _failure(type(fault).__name__, str(fault), "report this fault of parity's", _FAULT)
    return _tell(document, options.json)


def _run(folder: str, options: argparse.Namespace, given: List[str]) -> Dict[str, Any]:
    _use_the_right_python(folder, options.python, given)
    request = Request(
        folder=folder,
        prefix=os.path.abspath(options.prefix),
        dry_run=options.dry_run,
        imports=not options.no_imports,
        allow_other_os=options.allow_other_os,
    )
    return install(request, _silent if options.json else _say)


def _use_the_right_python(folder: str, asked: str, given: List[str]) -> None:
    """Start over under the interpreter that the environment will be made for, isolated from the caller."""
    wanted = asked or find_python(minor_of(open_folder(folder).manifest.document["target"]["python"]))
    if not os.access(wanted, os.X_OK) or os.path.isdir(wanted):
        raise WrongHost(f"{wanted} is no interpreter", "name the path of a Python interpreter with --python")
    if (os.path.samefile(wanted, sys.executable) and sys.flags.isolated) or os.environ.get(_GUARD):
        return
    environment = dict(os.environ)
    environment[_GUARD] = "1"
    script = os.path.join(folder, "install.py")
    os.execve(wanted, [wanted, "-I", "-B", script, *given], environment)  # noqa: S606


def _terminate(number: int, _frame: Any) -> None:
    raise Terminated(number)


def _say(line: str) -> None:
    sys.stdout.write(f"parity: {line}\n")
    sys.stdout.flush()


def _silent(line: str) -> None:
    """Say nothing: --json gives one document and no more."""


def _failure(kind: str, message: str, remedy: str, exit_code: int) -> Dict[str, Any]:
    error = {"kind": kind, "message": message, "remedy": remedy, "exit_code": exit_code}
    return {"ok": False, "error": error}


def _tell(document: Dict[str, Any], as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
    if document["ok"]:
        return 0
    error = document["error"]
    text = f"parity: {error['message']}\nparity: what to do: {error['remedy']}\n"
    sys.stderr.write(text.encode("ascii", "backslashreplace").decode("ascii"))
    return int(error["exit_code"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Install this bundle, without a network, as a new release under PREFIX. The environment "
        "is then at PREFIX/current; what was there before stays beside it. The signature is not checked "
        "here: do that first, with the bundle's tar file (README.txt says how).",
    )
    parser.add_argument(
        "prefix", metavar="PREFIX", help="a new or empty folder, or one installed into before"
    )
    parser.add_argument("--python", default="", metavar="PATH", help="the interpreter to use")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--no-imports", action="store_true", help="do not try the proof's imports")
    parser.add_argument(
        "--allow-other-os",
        action="store_true",
        help="accept another OS release or an older C library if every wheel fits; the receipt tells",
    )
    return parser
