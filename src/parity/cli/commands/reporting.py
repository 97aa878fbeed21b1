"""`parity report`: a bundle as one page that a reviewer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.commands.updates import Unverified, checker, told
from parity.cli.shared.display import size
from parity.cli.shared.options import Json, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import output, print_json, stdout
from parity.errors import OptionConflict
from parity.files import write_atomic
from parity.portable.texts import counted
from parity.report.contents import read_bundle
from parity.report.page import report_page

EPILOG = "`parity report BUNDLE -o report.html --key sender.pub` writes a page to open or to print"


def report_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    *,
    output_file: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page; it needs no other file.")
    ],
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Verify a bundle, then write what is in it as one HTML page for a reviewer, to read or to print."""
    output.json, output.verbose = as_json, verbose
    if str(output_file) == "-":
        raise OptionConflict("the report goes into a file", remedy="name it with -o, such as report.html")
    if output_file.exists() and bundle.exists() and output_file.samefile(bundle):
        raise OptionConflict("the report would take the bundle's place", remedy="name another file with -o")
    check = checker(key, threshold, unverified)
    with told(bundle) as reporter:
        found = read_bundle(bundle, check, reporter)
        write_atomic(output_file, report_page(found, size))
    if as_json:
        signers = list(found.signers)
        print_json({"report": str(output_file), "bundle_sha256": found.sha256, "signers": signers})
        return
    names = ", ".join(found.signers)
    who = f"signed by {names}" if names else "NOT VERIFIED: nobody asked who signed it"
    told_of = f"{output_file}: {bundle.name}, {counted(len(found.packages), 'package')}\n{who}"
    stdout().print(Text(told_of), soft_wrap=True)
