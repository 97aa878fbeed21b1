"""How the difference between two bundles reads: plain lines, or Markdown for a change request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parity.cli.review import sections
from parity.cli.review.sections import Section
from parity.cli.shared.display import size
from parity.portable.texts import counted
from parity.update import BundlePackage, Change, Contents, Difference, FileChange, remarks

_UNKNOWN = "not stated"


def as_text(found: Difference) -> str:
    """Plain lines for a terminal, columns aligned."""
    return sections.as_text(_title(found), _facts(found), _sections(found))


def as_markdown(found: Difference) -> str:
    """GitHub's and GitLab's Markdown; nothing in it that a bundle says can become markup."""
    return sections.as_markdown(_title(found), _facts(found), _sections(found))


def _title(found: Difference) -> str:
    old, new = found.old.identity, found.new.identity
    if old.product == new.product:
        return f"{new.product}: {old.version} → {new.version}"
    return f"{old.product} {old.version} → {new.product} {new.version}"


def _facts(found: Difference) -> list[tuple[str, str]]:
    old, new = found.old, found.new
    grown = new.identity.size - old.identity.size
    return [
        ("old", _side(old)),
        ("new", _side(new)),
        ("size", f"{_signed(grown)}; the old bundle lacks {size(found.lacking)} of the new one"),
        ("signature", _signature(found)),
    ]


def _side(side: Contents) -> str:
    identity = side.identity
    packages = counted(len(side.packages), "package")
    return f"{side.file}, serial {identity.serial}, {size(identity.size)}, {packages}"


def _signature(found: Difference) -> str:
    old, new = ", ".join(found.old.signers), ", ".join(found.new.signers)
    if not new:
        return "NOT VERIFIED: nobody asked who signed"
    return f"both verified, by {new}" if old == new else f"both verified: old by {old}, new by {new}"


def _sections(found: Difference) -> Iterator[Section]:
    """The parts that have anything in them; what to look at and the packages always."""
    noted = tuple((one.kind, one.subject, one.message) for one in remarks(found))
    yield sections.look_at(noted)
    yield Section(_packages_title(found), ("", "package", "version", "size", "licence"), _packages(found))
    rest = [
        Section("Native code", ("", "package", "file"), _plus_minus(found.natives_new, found.natives_gone)),
        Section(
            "Missing libraries",
            ("", "package", "file", "library"),
            _plus_minus(found.missing_new, found.missing_gone),
        ),
        Section(
            "Imports that fail",
            ("", "package", "module", "error"),
            _plus_minus(found.failures_new, found.failures_gone),
        ),
        Section("Imports no longer proved", ("package", "module"), found.imports_gone),
        Section(
            "Settings",
            ("setting", "old", "new"),
            tuple((turn.what, turn.old, turn.new) for turn in (*found.settings, *found.requested)),
        ),
        Section(
            "Accepted findings",
            ("", "finding"),
            _plus_minus(_single(found.allowed), _single(found.disallowed)),
        ),
        Section("Installer's files", ("file",), _single(found.installer_code)),
        Section("Other files", ("", "file", "size"), tuple(map(_other_file, found.other_files))),
        Section(
            "System packages",
            ("package", "old", "new"),
            tuple((turn.what, turn.old, turn.new) for turn in found.system),
        ),
        Section(
            "Ruby gems",
            ("gem", "old", "new"),
            tuple((turn.what, turn.old, turn.new) for turn in found.gems),
        ),
    ]
    yield from (section for section in rest if section.rows)


def _packages_title(found: Difference) -> str:
    counts = {"added": found.added, "removed": found.removed, "changed": found.changed}
    words = [f"{len(rows)} {word}" for word, rows in counts.items()]
    return f"Packages: {', '.join(words)}, {found.unchanged} the same"


def _packages(found: Difference) -> tuple[tuple[str, ...], ...]:
    rows = [_one_sided("+", one) for one in found.added]
    rows += [_one_sided("-", one) for one in found.removed]
    rows += [_both_sided(one) for one in found.changed]
    return tuple(sorted(rows, key=lambda row: row[1]))


def _one_sided(mark: str, package: BundlePackage) -> tuple[str, ...]:
    return mark, package.name, package.version, size(package.size), package.facts.licence or _UNKNOWN


def _both_sided(change: Change) -> tuple[str, ...]:
    old, new = change.old, change.new
    mark, version = sections.version_change(old.version, new.version, change.kind)
    licence = new.facts.licence or _UNKNOWN
    if change.licence_changed:
        licence = f"{old.facts.licence or _UNKNOWN} → {licence}"
    return mark, new.name, version, f"{size(new.size)} ({_signed(new.size - old.size)})", licence


def _other_file(change: FileChange) -> tuple[str, ...]:
    old, new = change.old, change.new
    if old is None:
        return "+", change.path, size(new.size) if new else ""
    if new is None:
        return "-", change.path, size(old.size)
    if old.sha256 == new.sha256:
        return "~", change.path, "executable now" if new.executable else "no longer executable"
    return "~", change.path, f"{size(new.size)} ({_signed(new.size - old.size)})"


def _plus_minus(
    new: Iterable[tuple[str, ...]], gone: Iterable[tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    return (*(("+", *row) for row in new), *(("-", *row) for row in gone))


def _single(values: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((value,) for value in values)


def _signed(count: int) -> str:
    return f"{'-' if count < 0 else '+'}{size(abs(count))}"
