"""`parity serve`, `parity index` and `parity pip-conf`: bundles as a package index."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.display import board, size
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout, write_note
from parity.errors import OptionConflict
from parity.farside.index.bind import DEFAULT_BIND, parse_bind, tls_context
from parity.farside.index.catalogue import Catalogue, open_catalogue
from parity.farside.index.client_config import pip_conf, simple_url, uv_toml
from parity.farside.index.growing import Switched, grow, roll_back
from parity.farside.index.server import IndexServer
from parity.farside.index.static import write_index
from parity.portable.bundle.envelope import Checker, Signature
from parity.portable.texts import counted
from parity.progress import Reporter

Bundles = Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="One or many *.parity.tar files.")]
SERVE_EPILOG = """
`parity serve dist/*.parity.tar` offers bundles on this machine

`pip install --index-url http://127.0.0.1:8080/simple/ NAME` takes a package from there

`parity serve --bind :8443 --tls-cert chain.pem --tls-key key.pem BUNDLE` offers them to others, by https
"""
INDEX_EPILOG = """
`parity index dist/*.parity.tar /srv/index` writes a folder that any web server can offer

`parity index /srv/site --add web-1.1.parity.tar --keep 2` adds to one that grows, and switches in one step

`parity index /srv/site --rollback` goes back to the snapshot before

`pip install --index-url file:///srv/index/simple/ NAME` takes a package from it
"""
PIP_CONF_EPILOG = """
`parity pip-conf http://index.example:8080 >> /etc/pip.conf` is for pip

`parity pip-conf --uv /srv/index` is for uv
"""


def serve(
    bundles: Bundles,
    *,
    bind: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; `:PORT` is every address, 0 any port.")
    ] = DEFAULT_BIND,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate chain (PEM): serve https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key (PEM).")] = None,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line for each request.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Offer bundles as a read-only package index, straight from their files, until Ctrl-C."""
    output.json, output.verbose = as_json, verbose
    address = parse_bind(bind)
    if bool(tls_cert) != bool(tls_key):
        raise OptionConflict("--tls-cert and --tls-key go together", remedy="name both, or leave both out")
    tls = tls_context(str(tls_cert), str(tls_key)) if tls_cert else None
    check = trusted_checker(key or (), threshold)
    with verified_catalogue(bundles, check, verbose=verbose) as catalogue:
        server = IndexServer(catalogue, address, tls, None if quiet or as_json else _log)
        _run(server, lambda: _announce(server, catalogue, as_json=as_json))


def index_command(
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE... DIR", help="Bundles, and last the folder to write.")
    ],
    *,
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="BUNDLE", help="Add to an index that grows (may be repeated)."),
    ] = None,
    keep: Annotated[
        int, typer.Option("--keep", metavar="N", min=0, help="Keep the N newest of each product and target.")
    ] = 0,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Switch a growing index back to the snapshot before.")
    ] = False,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write bundles as a static package index, for file:// or any web server."""
    output.json, output.verbose = as_json, verbose
    # As cp has it: the last word is the place.
    *sources, folder = bundles
    sources += add or []
    if rollback:
        if sources or keep:
            raise OptionConflict("--rollback takes the folder alone", remedy="parity index DIR --rollback")
        _tell_switched(roll_back(str(folder)), folder, as_json=as_json)
        return
    growing = bool(add or keep)
    if not (sources or growing):
        raise OptionConflict(
            "name at least one bundle, and then the folder to write", remedy="parity index BUNDLE DIR"
        )
    check = trusted_checker(key or (), threshold) if sources else _nobody
    if growing:
        _grow(sources, folder, keep, check, verbose=verbose, as_json=as_json)
        return
    with verified_catalogue(sources, check, verbose=verbose) as catalogue:
        with board(stderr(), verbose=verbose) as shown:
            reporter = shown.reporter(folder.name)
            reporter.stage("write", str(folder))
            write_index(catalogue, str(folder), reporter.advance)
            shown.finished(folder.name, ok=True)
        _tell_index(catalogue, simple_url(str(folder)), folder, as_json=as_json)


def _grow(
    sources: Sequence[Path], folder: Path, keep: int, check: Checker, *, verbose: bool, as_json: bool
) -> None:
    with ExitStack() as stack:
        catalogue = Catalogue((), (), ())
        if sources:
            catalogue = stack.enter_context(verified_catalogue(sources, check, verbose=verbose))
        with board(stderr(), verbose=verbose) as shown:
            reporter = shown.reporter(folder.name)
            reporter.stage("write", str(folder))
            done = grow(catalogue, str(folder), keep, reporter.advance)
            shown.finished(folder.name, ok=True)
    _tell_switched(done, folder, as_json=as_json)


def _nobody(_signed: bytes, _signatures: Sequence[Signature]) -> tuple[str, ...]:
    """Where no bundle is read nobody is asked for a key."""
    return ()


def _tell_switched(done: Switched, folder: Path, *, as_json: bool) -> None:
    url, now = simple_url(str(folder)), done.snapshot
    if as_json:
        held = [each.listed._asdict() for each in now.bundles]
        changed = {"added": done.added, "dropped": done.dropped}
        told = {name: [each._asdict() for each in bundles] for name, bundles in changed.items()}
        wheels = [{"file": each.filename, "sha256": each.sha256, "size": each.size} for each in now.wheels]
        document = {"folder": str(folder), "index_url": url, "snapshot": now.number, "bundles": held}
        print_json({**document, **told, "wheels": wheels})
        return
    text = Text.assemble((f"snapshot {now.number} ", "bold green"), f"{folder}  ")
    text.append(f"{counted(len(now.wheels), 'wheel')} from {counted(len(now.bundles), 'bundle')}\n")
    for sign, bundles in (("+", done.added), ("-", done.dropped)):
        for each in bundles:
            text.append(f"  {sign} {each.product} {each.version}, serial {each.serial}, {each.made_for}\n")
    if not done.added and not done.dropped:
        text.append("  nothing changed\n")
    text.append(f"  pip install --index-url {url} NAME")
    stdout().print(text)


def pip_conf_command(
    place: Annotated[
        str, typer.Argument(metavar="URL_OR_DIR", help="An index's address, or a static index's folder.")
    ],
    *,
    uv: Annotated[bool, typer.Option("--uv", help="Lines for uv.toml instead of pip.conf.")] = False,
    ca: Annotated[
        str, typer.Option(metavar="PATH", help="The CA certificate's path on the hosts, for https.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Print what a host's pip.conf or uv.toml must say to use an index."""
    output.json = as_json
    url = simple_url(place)
    found = {"pip.conf": pip_conf(url, ca), "uv.toml": uv_toml(url, ca)}
    if as_json:
        print_json({"index_url": url, **found})
    else:
        sys.stdout.write(found["uv.toml" if uv else "pip.conf"])


@contextmanager
def verified_catalogue(bundles: Sequence[Path], check: Checker, *, verbose: bool) -> Iterator[Catalogue]:
    """The bundles' wheels, every byte verified, with progress on the terminal; `open_catalogue` says more."""
    with ExitStack() as stack:
        with board(stderr(), verbose=verbose) as shown:
            run = counted(len(bundles), "bundle") if len(bundles) > 1 else bundles[0].name
            hear = _Verifying(shown.reporter(run)).hear
            catalogue = stack.enter_context(open_catalogue([str(path) for path in bundles], check, hear))
            shown.finished(run, ok=True)
        yield catalogue


class _Verifying:
    """Turns `catalogue.Progress` into stages of a run."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._path = ""

    def hear(self, path: str, done: int, total: int) -> None:
        if path != self._path:
            self._path = path
            self._reporter.stage("verify", Path(path).name)
        self._reporter.advance(done, total, Path(path).name)


def _run(server: IndexServer, announce: Callable[[], None]) -> None:
    """Serve until a signal; that is the way it ends, and no failure."""
    try:
        server.serve_until_signal(announce)
    except BaseException:
        server.stop(0)
        raise
    done = server.stop()
    stderr().print("stopped" if done else "stopped; some downloads were cut", style="dim")


def _log(line: str) -> None:
    write_note(line)


def _announce(server: IndexServer, catalogue: Catalogue, *, as_json: bool) -> None:
    url = f"{server.url}simple/"
    if as_json:
        print_json({"url": server.url, "index_url": url, **catalogue_document(catalogue)})
        return
    text = Text.assemble(("serving ", "bold green"), (url, "bold"), f"  {_amount(catalogue)}\n")
    text.append(f"  pip install --index-url {url} NAME\n  uv pip install --default-index {url} NAME\n")
    text.append("  Ctrl-C ends it", style="dim")
    stdout().print(text)
    sys.stdout.flush()


def _tell_index(catalogue: Catalogue, url: str, folder: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(folder), "index_url": url, **catalogue_document(catalogue)})
        return
    text = Text.assemble(("written ", "bold green"), f"{folder}  {_amount(catalogue)}\n")
    text.append(f"  pip install --index-url {url} NAME\n  or offer the folder with any web server")
    stdout().print(text)


def _amount(catalogue: Catalogue) -> str:
    total = sum(wheel.size for wheel in catalogue.wheels.values())
    bundles = counted(len(catalogue.bundles), "bundle")
    return f"{counted(len(catalogue.wheels), 'wheel')} from {bundles}, {size(total)}"


def catalogue_document(catalogue: Catalogue) -> dict[str, object]:
    """The bundles and wheels for machines."""
    return {
        "bundles": [
            {
                "bundle": one.path,
                "product": one.verified.statement.product,
                "version": one.verified.statement.version,
                "serial": one.verified.statement.serial,
                "payload_sha256": one.verified.statement.payload.sha256,
                "signers": one.verified.signers,
            }
            for one in catalogue.bundles
        ],
        "wheels": [
            {"file": wheel.filename, "sha256": wheel.sha256, "size": wheel.size}
            for wheel in catalogue.wheels.values()
        ],
    }
