"""What a command of the far side is, and the one that installs. Standard library only, Python 3.6 and later.

A command is words for the parser, what it does, and how it tells a person. Apart from the others: an
installation reads no more of this code than it needs.
"""

import argparse
import os
from typing import Callable, Iterable, Mapping, NamedTuple

from ...portable.bundle.trust import add_key, checker, count
from ..install.install import Request, install
from ..install.plan import Say


class Told(NamedTuple):
    """What a command found: a document with "ok", and lines for people where they heard nothing yet."""

    document: Mapping[str, object]
    lines: Iterable[str] = ()


class Command(NamedTuple):
    """A command of the far side.

    Attributes:
        name: its word.
        about: one line for the help.
        options: adds its options to a parser.
        run: does it: options and who hears each step in, what it found out; raises FarsideError.
    """

    name: str
    about: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Say], Told]


def place(text: str) -> str:
    """A path on the command line. An empty one is an unset variable: `abspath` would make it this folder."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("the path is empty")
    return text


def add_prefix(parser: argparse.ArgumentParser) -> None:
    """The option that names a prefix."""
    add = parser.add_argument
    add("--prefix", required=True, type=place, metavar="DIR", help="where the releases lie side by side")


def add_install_options(parser: argparse.ArgumentParser) -> None:
    """What an installation takes besides the bundle, the key and the place."""
    add = parser.add_argument
    add("--python", default="", metavar="PATH", help="the interpreter to use")
    add("--dry-run", action="store_true", help="check everything and say what would change; write nothing")
    add("--with-system", action="store_true", help="install the carried system packages first, as root")
    add("--no-imports", action="store_true", help="do not try the proof's imports")
    add("--compile", action="store_true", help="byte-compile every module, not only those that were imported")
    add("--keep", type=count, metavar="N", help="remove older releases until N are left (at least two stay)")
    add("--allow-older", action="store_true", help="accept an older serial; receipt and record tell")
    add("--allow-other-product", action="store_true", help="let it replace another product under the prefix")
    add(
        "--allow-other-os",
        action="store_true",
        help="accept another OS release or an older C library if every wheel fits; the receipt tells",
    )


def request_of(options: argparse.Namespace, bundle: str, prefix: str) -> Request:
    """What these options ask for, without a key."""
    return Request(
        bundle=os.path.abspath(bundle),
        prefix=os.path.abspath(prefix) if prefix else "",
        python=options.python,
        dry_run=options.dry_run,
        imports=not options.no_imports,
        allow_other_os=options.allow_other_os,
        allow_older=options.allow_older,
        allow_other_product=options.allow_other_product,
        keep=options.keep,
        compile_all=options.compile,
        with_system=options.with_system,
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bundle", metavar="BUNDLE", help="a *.parity.tar file, or the folder it was unpacked to"
    )
    add_key(parser)
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("--prefix", default=None, type=place, metavar="DIR", help="a new or empty folder, or one used before")
    add("--into", default=None, type=place, metavar="VENV", help="an existing virtual environment")
    add_install_options(parser)


def _run(options: argparse.Namespace, say: Say) -> Told:
    request = request_of(options, options.bundle, options.prefix or "")
    into = os.path.abspath(options.into) if options.into else ""
    return Told(install(request._replace(into=into, check=checker(options)), say))


INSTALL = Command("install", "verify a bundle and install it", _options, _run)
