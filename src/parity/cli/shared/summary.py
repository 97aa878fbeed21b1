"""What a person reads, and a machine gets, when a build is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.text import Text

from parity.cli.shared.display import size
from parity.cli.shared.places import near
from parity.cli.shared.timing import Stopwatch
from parity.model import BuiltBundle
from parity.pipeline.context.values import BuildReport
from parity.portable.texts import counted, printable
from parity.portable.wheel.wheelset import sha256_of
from parity.report.natives import system_needs
from parity.sign import public_path

if TYPE_CHECKING:
    from parity.portable.documents.evidence import ProofDocument
    from parity.portable.documents.exports import ExportDocument


def people(report: BuildReport, watch: Stopwatch, seconds: float, key_paths: Sequence[Path]) -> Text:
    """The summary of one finished build."""
    facts, proof, bundle, form = report.facts, report.proof, report.bundle, report.profile.vehicle.form
    holds = f", of which {size(report.wheels.total_bytes)} are wheels" if bundle.export is None else ""
    rows = {
        "resolved": f"{report.lock.told()} in {facts.os_name}, {facts.libc}, "
        f"Python {facts.python}, {facts.arch}",
        "proved": _proved(report),
        form: str(bundle.path),
        "sha256": sha256_of(str(bundle.path)),
        "lock": near(report.lock_path),
        "size": f"{size(bundle.size)}{holds}",
        # What was signed; the digest above is of the file, signatures and all.
        "payload": f"sha256:{bundle.payload_sha256}",
        "identity": f"{bundle.identity.product} {bundle.identity.version}, serial {bundle.identity.serial}",
        "signed by": ", ".join(bundle.signers),
        "public key": f"{_public_halves(key_paths)} (carry it by another way than the bundle)",
        "took": f"{seconds:.1f} s ({_stages(watch.seconds)})",
    }
    rows |= _exported(bundle)
    if report.draft.other_files:
        total = size(sum(file.size for file in report.draft.other_files))
        rows["files"] = (
            f"{len(report.draft.other_files)} besides, {total}, laid out in {_place(bundle)}/files"
        )
    if system := report.draft.system:
        total = size(sum(package.size for package in system.packages))
        asked = ", ".join(package.name for package in system.packages if package.requested)
        rows["system"] = f"{asked} of the distribution, with what they need: {len(system.packages)}, {total}"
    if gems := report.draft.gems:
        asked = ", ".join(gem.name for gem in gems.gems if gem.requested)
        rows["gems"] = f"{asked} for Ruby {gems.abi}, with what they need: {len(gems.gems)}"
    if report.image.stand_in_for:
        target = report.profile.target
        rows["stand-in"] = (
            f"{report.image.name} stood in for {report.image.stand_in_for}: proved there, not on "
            f"{target.os_id} {target.os_version} itself"
        )
    if proof.missing_libraries:
        rows["look at"] = (
            f"{counted(len(proof.missing_libraries), 'need')} of native files not met: "
            "parity inspect names what is missing"
        )
    if needs := system_needs(cast("ProofDocument", proof.document)):
        rows["needs"] = needs
    text = Text.assemble((f"\n{report.profile.name}", "bold green"), " is ready to carry\n\n")
    for name, value in rows.items():
        text.append(f"  {name:<10} ", style="bold")
        text.append(f"{printable(value)}\n")
    return text


def _place(bundle: BuiltBundle) -> str:
    return "PREFIX/current" if bundle.export is None else cast("ExportDocument", bundle.export)["prefix"]


def _exported(bundle: BuiltBundle) -> dict[str, str]:
    """What is told of an image or environment that was written in the bundle's place."""
    if bundle.export is None:
        return {}
    told = cast("ExportDocument", bundle.export)
    rows = {"made of": f"the bundle with payload sha256:{told['bundle']}", "lies at": told["prefix"]}
    if python := told.get("python"):
        rows["python"] = f"{python['version']}, its own; tried {python['tried']}"
    if image := told["image"]:
        rows["image id"] = f"sha256:{image['config']}, called {image['name']} where it is loaded"
        rows["runs as"] = image["user"]
        rows["base"] = f"not carried: {image['on_site']}" if image["on_site"] else "carried"
    return rows


def _public_halves(key_paths: Sequence[Path]) -> str:
    return ", ".join(str(public_path(path)) for path in key_paths)


def _proved(report: BuildReport) -> str:
    proof = report.proof
    worked = sum(not each.error for each in proof.imports)
    how = ", under emulation" if proof.document.get("emulated") else ""
    when = "seen before for the same bytes in the same image" if proof.reused else "seen just now"
    return (
        f"{counted(proof.installed, 'package')} installed with the network cut{how}, "
        f"{worked} of {counted(len(proof.imports), 'module')} imported; {when}"
    )


def _stages(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())


def machines(
    report: BuildReport, watch: Stopwatch, seconds: float, key_paths: Sequence[Path]
) -> dict[str, object]:
    """The same for --json."""
    bundle, identity, draft = report.bundle, report.bundle.identity, report.draft
    return {
        "profile": report.profile.name,
        "ok": True,
        "bundle": str(bundle.path),
        "vehicle": report.profile.vehicle.form,
        "export": bundle.export,
        "lock": str(report.lock_path),
        "size": bundle.size,
        "sha256": sha256_of(str(bundle.path)),
        "payload_sha256": bundle.payload_sha256,
        "product": identity.product,
        "version": identity.version,
        "serial": identity.serial,
        "signed_by": bundle.signers,
        "public_key": str(public_path(key_paths[0])),
        "public_keys": [str(public_path(path)) for path in key_paths],
        "image": {"name": report.image.name, "pin": report.image.pin, "origin": report.image.origin},
        "stand_in_for": report.image.stand_in_for,
        "packages": [
            {
                "name": w.name,
                "version": w.version,
                "wheel": w.filename,
                "sha256": w.sha256,
                "index": w.index,
                "requested": w.requested,
            }
            for w in report.lock.wheels
        ],
        "system": [vars(package) for package in (draft.system.packages if draft.system else ())],
        "gems": [vars(gem) for gem in (draft.gems.gems if draft.gems else ())],
        "other_files": [
            {"path": file.path, "size": file.size, "sha256": file.sha256} for file in draft.other_files
        ],
        "fetched": report.wheels.fetched,
        "fetched_bytes": report.wheels.fetched_bytes,
        "proof": {"reused": report.proof.reused, **report.proof.document},
        "warnings": watch.warnings,
        "seconds": {**watch.seconds, "total": round(seconds, 2)},
    }
