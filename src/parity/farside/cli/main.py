"""The far side's command line. Standard library only, Python 3.6 and later.

In an unpacked bundle, `install.py PREFIX` installs that bundle; with a command's name as the first word
it does what the single file does: `install BUNDLE --key PUB --prefix DIR`, `rollback`, `installed`, ...
"""

import argparse
import importlib
import json
import re
import signal
import sys
import traceback
from typing import Any, Dict, List, Optional

from ...portable.errors import FarsideError
from ...portable.texts import plain
from ..install.install import install
from ..install.plan import Say
from . import install as installing
from .install import Command, Document

# Modules that bring commands of their own in a list COMMANDS; loaded when a command is asked for by name.
_COMMANDS = ("bundle", "transfer")
_NAME = re.compile("[a-z-]+")
_FAULT, _INTERRUPTED, _TERMINATED = 1, 130, 143


class Terminated(BaseException):
    """SIGTERM or SIGHUP came: unwind, so that everything half done is removed."""


def main(folder: str = "", arguments: Optional[List[str]] = None) -> int:
    """Run the command line; gives the exit code.

    Args:
        folder: the unpacked bundle that this code lies in; empty where it lies in none.
        arguments: the words; those of this process if not given.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(folder, given)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    try:
        document = options.run(options, _silent if options.json else _say)
    except FarsideError as error:
        document = _failure(type(error).__name__, error.message, error.remedy, error.exit_code)
    except KeyboardInterrupt:
        document = _failure("Interrupted", "interrupted", "run it again", _INTERRUPTED)
    except Terminated:
        document = _failure("Terminated", "terminated", "run it again", _TERMINATED)
    except Exception as fault:  # noqa: BLE001 - the door: a fault of ours still gives one document
        sys.stderr.write(plain(traceback.format_exc()) + "\n")
        document = _failure(type(fault).__name__, str(fault), "report this fault of parity's", _FAULT)
    return _tell(document, options)


def _parse(folder: str, given: List[str]) -> argparse.Namespace:
    if given[:1] == ["--project"]:  # reads like an option of install.sh, and is a command
        given = ["project", *given[1:]]
    if folder and not (given and _is_name(given[0])):
        return _own_parser(folder).parse_args(given)
    return _parser(folder).parse_args(given)


def _commands() -> List[Command]:
    modules = (importlib.import_module(f"{__package__ or ''}.{name}") for name in _COMMANDS)
    return [command for module in modules for command in module.COMMANDS]


def _is_name(word: str) -> bool:
    """Whether a word is a command's name; most prefixes are told apart by a look at them."""
    return bool(_NAME.fullmatch(word)) and word in {command.name for command in _commands()}


def _own_parser(folder: str) -> argparse.ArgumentParser:
    """For `install.py PREFIX`: the bundle is the folder that the installer lies in."""
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Install this bundle, without a network, as a new release under PREFIX. The environment "
        "is then at PREFIX/current; what was there before stays beside it. The signature is not checked "
        "here: do that first, with the bundle's tar file (README.txt says how).",
        epilog="Also: install.py rollback --prefix PREFIX, install.py installed --prefix PREFIX",
    )
    parser.add_argument(
        "prefix",
        type=installing.place,
        metavar="PREFIX",
        help="a new or empty folder, or one installed into before",
    )
    installing.add_install_options(parser)
    _add_json(parser)

    def run(options: argparse.Namespace, say: Say) -> Document:
        return install(installing.request_of(options, folder, options.prefix), say)

    parser.set_defaults(run=run, lines=installing.nothing)
    return parser


def _parser(folder: str) -> argparse.ArgumentParser:
    """For all commands by their names."""
    parser = argparse.ArgumentParser(
        prog="install.py" if folder else None,
        description="parity's far side: verifies bundles with this machine's openssl and installs them.",
    )
    group = parser.add_subparsers(metavar="COMMAND", dest="command")
    group.required = True
    for command in _commands():
        each = group.add_parser(command.name, help=command.about, description=command.about)
        command.options(each)
        _add_json(each)
        each.set_defaults(run=command.run, lines=command.lines, own_folder=folder)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _terminate(number: int, _frame: Any) -> None:
    raise Terminated(number)


def _say(line: str) -> None:
    sys.stdout.write(plain(f"parity: {line}") + "\n")
    sys.stdout.flush()


def _silent(line: str) -> None:
    """Say nothing: --json gives one document and no more."""


def _failure(kind: str, message: str, remedy: str, exit_code: int) -> Dict[str, Any]:
    error = {"kind": kind, "message": message, "remedy": remedy, "exit_code": exit_code}
    return {"ok": False, "error": error}


def _tell(document: Dict[str, Any], options: argparse.Namespace) -> int:
    if options.json:
        sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
    if document["ok"]:
        for line in [] if options.json else options.lines(document):
            sys.stdout.write(plain(line) + "\n")
        return 0
    error = document["error"]
    lines = [f"parity: {error['message']}", f"parity: what to do: {error['remedy']}"]
    sys.stderr.write("".join(plain(line) + "\n" for line in lines))
    return int(error["exit_code"])
