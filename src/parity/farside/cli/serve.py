"""Serving bundles where parity itself is not installed. Standard library only, Python 3.6 and later.

    tar xf BUNDLE parity-bundle/farside
    PYTHONPATH=parity-bundle python3 -m farside.serving serve BUNDLE --key sender.pub --bind :8080

(The code that runs is then the bundle's own: it should have been verified by other means first.)
"""

import argparse
import sys
from typing import List, Optional, Sequence, Tuple

from ...portable.bundle.envelope import Signature
from ...portable.bundle.trust import add_key, checker
from ...portable.errors import FarsideError
from ...portable.texts import plain
from ..index.bind import DEFAULT_BIND, parse_bind, tls_context
from ..index.catalogue import open_catalogue
from ..index.client_config import pip_conf, simple_url, uv_toml
from ..index.growing import Switched, grow, roll_back
from ..index.server import IndexServer
from ..index.static import write_index

SERVE = "offer bundles as a package index until Ctrl-C"
INDEX = "write bundles as a static package index"


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one of the words `serve`, `index` and `pip-conf`; gives the exit code."""
    parser = argparse.ArgumentParser(prog="farside.serving", description=(__doc__ or "").split("\n")[0])
    words = parser.add_subparsers(dest="word", metavar="WORD")
    words.required = True
    add_words(words)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except FarsideError as error:
        lines = [f"parity: {error.message}", f"parity: what to do: {error.remedy}"]
        sys.stderr.write("".join(plain(line) + "\n" for line in lines))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def add_words(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the words to a command line (`words`: argparse's sub-parsers); each sets `run(options)`."""
    for name, about, add, run in (
        ("serve", SERVE, serve_options, run_serve),
        ("index", INDEX, index_options, run_index),
        ("pip-conf", "what pip.conf or uv.toml must say to use an index", _conf_options, run_pip_conf),
    ):
        parser = words.add_parser(name, help=about)
        add(parser)
        parser.set_defaults(run=run)


def serve_options(parser: argparse.ArgumentParser) -> None:
    """What serving takes."""
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+")
    parser.add_argument("--bind", default=DEFAULT_BIND, metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument("--tls-cert", metavar="FILE", help="certificate chain (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="its private key (PEM)")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    add_key(parser)


def index_options(parser: argparse.ArgumentParser) -> None:
    """What writing a static index takes."""
    parser.add_argument("bundles", metavar="BUNDLE", nargs="*")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--add", metavar="BUNDLE", action="append", default=[], help="to an index that grows")
    parser.add_argument("--keep", metavar="N", type=int, default=0, help="newest bundles of a product")
    parser.add_argument("--rollback", action="store_true", help="back to the snapshot before")
    add_key(parser, required=False)  # a rollback reads no bundle


def _conf_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="URL_OR_DIR")
    parser.add_argument("--uv", action="store_true", help="lines for uv.toml")
    parser.add_argument("--ca", default="", metavar="PATH", help="the CA certificate's path on the hosts")


def run_serve(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    tls = None
    if options.tls_cert or options.tls_key:
        tls = tls_context(options.tls_cert or "", options.tls_key or "")
    with open_catalogue(options.bundles, checker(options)) as catalogue:
        server = IndexServer(catalogue, parse_bind(options.bind), tls, None if options.quiet else _log)
        server.serve_until_signal(lambda: _announce(server))
        server.stop()


def run_index(options: argparse.Namespace) -> None:
    """Write the static index, or change the one that grows."""
    bundles = [*options.bundles, *options.add]
    if bundles and not options.key:
        options.wrong_usage("the following arguments are required: --key")
    if options.rollback:
        if bundles or options.keep:
            options.wrong_usage("--rollback takes the folder alone")
        told = _told(roll_back(options.folder))
    elif options.add or options.keep:
        if options.keep < 0:
            options.wrong_usage("--keep takes a number from 1 on")
        with open_catalogue(bundles, checker(options) if bundles else _nobody) as catalogue:
            told = _told(grow(catalogue, options.folder, options.keep))
    else:
        if not bundles:
            options.wrong_usage("name at least one bundle, and then the folder to write")
        with open_catalogue(bundles, checker(options)) as catalogue:
            write_index(catalogue, options.folder)
        told = "written"
    sys.stdout.write(plain(f"{told} {simple_url(options.folder)}") + "\n")


def _told(done: Switched) -> str:
    came, went = len(done.added), len(done.dropped)
    return f"snapshot {done.snapshot.number}: {came} added, {went} dropped;"


def _nobody(_signed: bytes, _signatures: Sequence[Signature]) -> Tuple[str, ...]:
    """Where no bundle is read nobody is asked for a key."""
    return ()


def run_pip_conf(options: argparse.Namespace) -> None:
    """Print the lines."""
    url = simple_url(options.place)
    sys.stdout.write(uv_toml(url, options.ca) if options.uv else pip_conf(url, options.ca))


def _log(line: str) -> None:
    sys.stderr.write(plain(line) + "\n")


def _announce(server: IndexServer) -> None:
    sys.stdout.write(plain(f"serving {server.url}simple/") + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
