"""`parity probe` and `parity check`: what a machine is, and whether a bundle would install there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parity.cli.shared.factsfile import Facts, facts_file
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, Threshold
from parity.cli.shared.output import error_document, output, print_json, stderr, stdout
from parity.errors import OptionConflict
from parity.farside.install.receipt import describe_target
from parity.files import write_atomic
from parity.host.interpreter import run_script
from parity.portable.bundle.reader import (
    UnverifiedBundle,
    VerifiedBundle,
    open_bundle,
    read_unverified,
    verify_bundle,
)
from parity.portable.errors import WrongHost
from parity.portable.texts import counted, printable
from parity.probe import InstallerVerdict, parse_facts_file, probe_script, read_facts, would_install

if TYPE_CHECKING:
    from parity.portable.documents.evidence import FactsDocument


def probe(
    *,
    python: Annotated[
        str,
        typer.Option(
            metavar="PATH", help="The interpreter to measure; the one that runs parity if not given."
        ),
    ] = "",
    where: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead of stdout.")
    ] = None,
    script: Annotated[
        bool,
        typer.Option("--script", help="Do not measure: give the probe as one file to carry to a target."),
    ] = False,
) -> None:
    """Measure this machine: OS, C library, interpreter, wheel tags, pip. JSON, for --from and `parity check`.

    The target needs no parity: --script gives a plain-text file for Python 3.6 and later that does the same
    there, such as `python3 probe.py -o facts.json`.
    """
    if script and python:
        raise OptionConflict(
            "--script measures nothing here", remedy="leave out --python, and choose the interpreter there"
        )
    data = probe_script().encode() if script else run_script(probe_script(), python)
    # What the interpreter said is checked before anybody carries it: an empty or odd file is found out here.
    if not script:
        parse_facts_file(data, python or sys.executable)
    if where is None:
        sys.stdout.write(data.decode())
        return
    write_atomic(where, data)
    following = (
        f"on the target: python3 {where.name} -o facts.json"
        if script
        else f"next: parity init --from {where}"
    )
    stderr().print(Text(f"wrote {where}; {following}"), soft_wrap=True)


def check(
    facts: Facts,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    *,
    key: Annotated[
        list[Path] | None,
        typer.Option(metavar="PUB", help="Verify every byte of the bundle first, with this public key."),
    ] = None,
    threshold: Threshold = None,
    allow_other_os: Annotated[
        bool,
        typer.Option("--allow-other-os", help="As the installer's option: another OS or older libc is fine."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell whether a bundle would install on the machine with these facts, and why not (exit code 62).

    The rules are the installer's own. Without --key the bundle is believed as it is, and that is said.
    """
    output.json = as_json
    with facts_file(facts) as (file, where):
        machine = read_facts(file, where)
    found = _bundle(bundle, key or [], threshold)
    manifest = found.manifest.document
    verdict = would_install(manifest, machine)
    answer = _Comparison(facts, machine, bundle, found, verdict, allow_other_os)
    if as_json:
        print_json(answer.document())
    else:
        stdout().print(answer.text())
    if not answer.installs:
        if as_json:
            raise typer.Exit(WrongHost.exit_code)
        raise answer.error()


def _bundle(path: Path, keys: list[Path], threshold: int | None) -> VerifiedBundle | UnverifiedBundle:
    if threshold is not None and not keys:
        raise OptionConflict("--threshold counts signatures by the keys given", remedy="name them with --key")
    check = trusted_checker(keys, threshold) if keys else None
    with open_bundle(str(path)) as file:
        return verify_bundle(file, check) if check else read_unverified(file)


@dataclass(frozen=True)
class _Comparison:
    """A verdict with its two sides, to be shown."""

    facts_name: str
    facts: FactsDocument
    path: Path
    bundle: VerifiedBundle | UnverifiedBundle
    verdict: InstallerVerdict
    allow_other_os: bool

    @property
    def installs(self) -> bool:
        return self.verdict.installs(allow_other_os=self.allow_other_os)

    @property
    def signers(self) -> tuple[str, ...]:
        return self.bundle.signers if isinstance(self.bundle, VerifiedBundle) else ()

    def error(self) -> WrongHost:
        """What the installer would say, with a remedy for this side of the gap."""
        reasons = [*self.verdict.reasons, *(() if self.allow_other_os else self.verdict.overridable)]
        return WrongHost(
            "it would not install; the installer would say there: " + "; ".join(reasons), self.verdict.remedy
        )

    def document(self) -> dict[str, object]:
        """All of it for machines."""
        statement, manifest = self.bundle.statement, self.bundle.manifest.document
        shown = ("os", "libc", "python", "executable", "implementation", "arch", "pip", "has_venv")
        facts = {key: value for key, value in self.facts.items() if key in shown}
        answer: dict[str, object] = {
            "would_install": self.installs,
            "reasons": list(self.verdict.reasons),
            "overridable": list(self.verdict.overridable),
            "allow_other_os": self.allow_other_os,
            "warnings": list(self.verdict.warnings),
            "untold": list(self.verdict.untold),
            "verified": bool(self.signers),
            "signers": self.signers,
            "not_verified": [] if self.signers else ["signature", "files"],
            "facts": {"path": self.facts_name, **facts},
            "bundle": {
                "path": str(self.path),
                "product": statement.product,
                "version": statement.version,
                "serial": statement.serial,
                "profile": statement.profile,
                "payload_sha256": statement.payload.sha256,
                "target": manifest["target"],
                "installer": manifest["installer"],
                "uv": manifest["uv"],
                "packages": len(manifest["packages"]),
            },
        }
        return answer if self.installs else {**answer, "error": error_document(self.error())}

    def text(self) -> Text:
        """The same for people; the reasons against it come with the error."""
        manifest = self.bundle.manifest.document
        head = ("would install", "bold green") if self.installs else ("would not install", "bold red")
        text = Text.assemble(head, f" {printable(str(self.path))}\n\n")
        rows = [
            ("made for", describe_target(manifest["target"])),
            ("machine", _machine(self.facts)),
            ("installer", f"{manifest['installer']}, {counted(len(manifest['packages']), 'package')}"),
            (
                "signed by",
                ", ".join(self.signers)
                or "not verified: no --key was given, so nothing of the bundle was checked",
            ),
        ]
        rows += [("differs", line) for line in self.verdict.overridable if self.installs]
        rows += [("warning", line) for line in self.verdict.warnings]
        rows += [("not told", line) for line in self.verdict.untold]
        for name, value in rows:
            text.append(f"  {name:<10} ", style="bold").append(f"{printable(value)}\n")
        return text


def _machine(facts: FactsDocument) -> str:
    os, libc = facts["os"], facts["libc"]
    library = f"{libc['family']} {'.'.join(map(str, libc['version']))}" if libc else "unknown C library "
    return f"{os['id']} {os['version']}, {library}, Python {facts['python']}, {facts['arch']}"
