"""What a reviewer must look at before an update goes in. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.update.contents import BundlePackage
from parity.update.diff import ABSENT, Change, Difference

# Where one of them changed, other wheels are what was wanted, and no news.
_PLATFORM = {"operating system", "libc", "Python", "architecture"}
_ENOUGH = 8


@dataclass(frozen=True)
class Remark:
    """One thing to look at: a stable word, what it is about, and a sentence."""

    kind: str
    subject: str
    message: str


def remarks(difference: Difference) -> tuple[Remark, ...]:
    """Everything to look at, the gravest first."""
    return (
        *_about_trust(difference),
        *_about_bytes(difference),
        *_about_system(difference),
        *_about_running(difference),
        *_about_packages(difference),
        *_about_settings(difference),
    )


def _about_trust(found: Difference) -> Iterator[Remark]:
    old, new = found.old, found.new
    if not new.signers:
        yield Remark("unverified", new.file, "nobody asked who signed these bundles: do not act on this")
    if old.identity.product != new.identity.product:
        yield Remark(
            "other-product", new.file, f"is {new.identity.product}, not a later {old.identity.product}"
        )
    elif new.identity.serial < old.identity.serial:
        serials = f"the serial goes back from {old.identity.serial} to {new.identity.serial}"
        yield Remark("serial-backwards", new.file, f"{serials}: targets that keep serials will refuse it")
    elif new.identity.serial == old.identity.serial and new.identity.payload != old.identity.payload:
        yield Remark("serial-reused", new.file, f"other content under the same serial {new.identity.serial}")
    if old.keys != new.keys:
        yield Remark("signer", new.file, f"signed by {', '.join(new.keys)}, before by {', '.join(old.keys)}")


def _about_bytes(found: Difference) -> Iterator[Remark]:
    retargeted = any(turn.what in _PLATFORM for turn in found.settings)
    for change in found.changed:
        name, version = change.new.name, change.new.version
        if change.kind == "other-bytes":
            text = f"{version} has other bytes than before under the same file name {change.new.wheel}"
            yield Remark("other-bytes", name, text)
        elif change.kind == "other-wheel" and not retargeted:
            text = f"{version} comes as another wheel: {change.old.wheel} → {change.new.wheel}"
            yield Remark("other-wheel", name, text)
        elif change.kind == "downgrade":
            yield Remark("downgrade", name, f"goes back from {change.old.version} to {version}")
    for package in _read_anew(found):
        if package.facts.fault:
            yield Remark("unreadable-wheel", package.name, f"{package.wheel}: {package.facts.fault}")
    for path in found.installer_code:
        yield Remark("installer-code", path, "runs on the target before any package, and has changed")
    for file in found.other_files:
        if file.new is not None and file.new.executable:
            kind = "a program with other bytes than before" if file.old else "a program that is new"
            yield Remark("executable", file.path, kind)


def _about_system(found: Difference) -> Iterator[Remark]:
    for turn in found.system:
        if turn.old == ABSENT:
            text = f"{turn.new}, new: root runs its scripts where the installer is told to install it"
            yield Remark("system-package", turn.what, text)
    for turn in (*found.system, *found.gems):
        # "VERSION with other bytes", as `diff` puts it.
        if turn.new.startswith(f"{turn.old} "):
            yield Remark("other-bytes", turn.what, turn.new)


def _about_running(found: Difference) -> Iterator[Remark]:
    for name, module, error in found.failures_new:
        yield Remark("import-failure", name, f"import {module} failed in the rehearsal: {error}")
    for package, file, library in found.missing_new:
        yield Remark(
            "missing-library", package or "environment", f"{file} needs {library}, which is not there"
        )
    for package, module in found.imports_gone:
        yield Remark("import-unproved", package, f"import {module} was proved before and is not any more")


def _about_packages(found: Difference) -> Iterator[Remark]:
    for package in found.added:
        licence = package.facts.licence or "no licence stated"
        why = "asked for" if package.requested else "needed by others"
        yield Remark("new-package", package.name, f"{package.version}, {licence}, {why}")
    for change in found.changed:
        if change.licence_changed:
            yield Remark("licence", change.new.name, _licence_text(change))
    for name, paths in _by_package(found.natives_new).items():
        yield Remark("native-code", name, _files(paths))
    for turn in found.requested:
        yield Remark("requested", turn.what, f"was {turn.old}, is {turn.new}")


def _about_settings(found: Difference) -> Iterator[Remark]:
    stand_in = found.new.manifest["stand_in"]
    if stand_in:
        text = f"the rehearsal ran in {stand_in['image']}, which is not the target's own image"
        yield Remark("stand-in", stand_in["for"], text)
    for turn in found.settings:
        if turn.what in _PLATFORM | {"installer"}:
            yield Remark("target", turn.what, f"{turn.old} → {turn.new}")
        elif turn.what == "profile's content":
            yield Remark("profile", "profile.yaml", "was edited: compare the two files in the bundles")
    for finding in found.allowed:
        yield Remark("allowed", finding, "this finding is accepted now")


def _read_anew(found: Difference) -> list[BundlePackage]:
    """The new bundle's wheels that the old one has not."""
    return [*found.added, *(change.new for change in found.changed)]


def _licence_text(change: Change) -> str:
    return f"{change.old.facts.licence or 'none stated'} → {change.new.facts.licence or 'none stated'}"


def _by_package(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for package, path in pairs:
        found.setdefault(package, []).append(path)
    return found


def _files(paths: list[str]) -> str:
    shown = ", ".join(paths[:_ENOUGH])
    rest = len(paths) - _ENOUGH
    return f"{len(paths)} new: {shown}" + (f" and {rest} more" if rest > 0 else "")
