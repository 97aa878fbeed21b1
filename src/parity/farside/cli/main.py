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
from typing import List, Mapping, NamedTuple, Optional, Union

from ...portable.errors import EnvironmentUnfit, FarsideError
from ...portable.texts import plain
from ..install.install import install
from ..install.plan import Say
from . import install as installing
from . import loading
from .install import Command, Told

# Modules that bring commands of their own in a list COMMANDS; loaded when a command is asked for by name.
_COMMANDS = ("bundle", "transfer", "vehicles")
_NAME = re.compile("[a-z-]+")
_MORE_MEMORY = "give it more: a limit (ulimit -v), a container's or the machine's, was reached"
# 128 and the signal's number, as shells have it.
_FAULT, _INTERRUPTED, _TERMINATED = 1, 130, 143


class Failure(NamedTuple):
    """Why a command ended without what was asked."""

    kind: str
    message: str
    remedy: str
    exit_code: int


class EndedBySignal(BaseException):
    """SIGTERM or SIGHUP came: unwind, so that everything half done is removed."""


def main(folder: str = "", arguments: Optional[List[str]] = None) -> int:
    """Run the command line; gives the exit code.

    Args:
        folder: the unpacked bundle that this code lies in; empty where it lies in none.
        arguments: the words; those of this process if not given.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(folder, given)
    # SIGHUP, too: an installation over a connection that breaks off must not be left half done.
    # With nohup it is to go on.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _terminate)
    told: Union[Told, Failure]
    try:
        told = options.run(options, _silent if options.json else _say)
    except FarsideError as error:
        told = Failure(type(error).__name__, error.message, error.remedy, error.exit_code)
    except KeyboardInterrupt:
        told = Failure("Interrupted", "interrupted", "run it again", _INTERRUPTED)
    except EndedBySignal:
        told = Failure("Terminated", "terminated", "run it again", _TERMINATED)
    # Mostly a limit, and no fault of the bundle's.
    except MemoryError:
        kind = EnvironmentUnfit
        told = Failure(kind.__name__, "there is not enough memory here", _MORE_MEMORY, kind.exit_code)
    except Exception as fault:  # noqa: BLE001 - the door: a fault of ours still gives one document
        sys.stderr.write(plain(traceback.format_exc()) + "\n")
        told = Failure(type(fault).__name__, str(fault), "report this fault of parity's", _FAULT)
    return _tell(told, as_json=options.json)


def _parse(folder: str, given: List[str]) -> argparse.Namespace:
    if given[:1] == ["--project"]:  # reads like an option of install.sh, and is a command
        given = ["project", *given[1:]]
    refusal = loading.wrong_vehicle(folder, given, _is_name)
    if refusal:
        # Before any word is read: what else may stand there is the other vehicle's.
        return argparse.Namespace(json="--json" in given, run=refusal)
    if given[:1] == ["--load"]:  # likewise
        engine = ["--with"] if given[1:] and not given[1].startswith("-") else []
        given = ["load", *engine, *given[1:]]
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
        epilog="Also: sh install.sh installed --prefix PREFIX, sh install.sh rollback --prefix PREFIX, "
        "sh install.sh uninstall --prefix PREFIX, sh install.sh --project CHECKOUT",
    )
    parser.add_argument(
        "prefix",
        type=installing.place,
        metavar="PREFIX",
        help="a new or empty folder, or one installed into before",
    )
    installing.add_install_options(parser)
    _add_json(parser)

    def run(options: argparse.Namespace, say: Say) -> Told:
        return Told(install(installing.request_of(options, folder, options.prefix), say))

    parser.set_defaults(run=run)
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
        each.set_defaults(run=command.run, own_folder=folder)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _terminate(number: int, _frame: object) -> None:
    raise EndedBySignal(number)


def _say(line: str) -> None:
    sys.stdout.write(plain(f"parity: {line}") + "\n")
    sys.stdout.flush()


def _silent(line: str) -> None:
    """Say nothing: --json gives one document and no more."""


def _tell(told: Union[Told, Failure], as_json: bool) -> int:
    if isinstance(told, Told):
        if as_json:
            _print_json(told.document)
        for line in () if as_json else told.lines:
            sys.stdout.write(plain(line) + "\n")
        return 0
    if as_json:
        _print_json({"ok": False, "error": told._asdict()})
    lines = [f"parity: {told.message}", f"parity: what to do: {told.remedy}"]
    sys.stderr.write("".join(plain(line) + "\n" for line in lines))
    return told.exit_code


def _print_json(document: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
