"""The report's lists: what was asked for, packages, their graph, what travels besides, digests. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from parity.graph import drawn, told_need
from parity.portable.texts import counted
from parity.report.contents import Reported, ReportedPackage
from parity.report.html import Cell, element, preformatted, table

if TYPE_CHECKING:
    from parity.portable.documents.bundles import GemRow, SystemPackageRow

# Characters of one text: a reviewer reads no more of it on a page, and the bundle has all of it.
_MOST_TEXT = 64 * 1024
_FARSIDE = "farside/"


def asked(bundle: Reported) -> Iterator[Element]:
    """The packages asked for by name, the files that ask for them, and the profile."""
    names = [each.row["name"] for each in bundle.packages if each.row["requested"]]
    yield element("p", f"By name: {', '.join(names) or 'nothing'}.")
    for name, text in bundle.asked.items():
        yield element("h3", "As it was written: ", element("code", name))
        yield preformatted(text, _MOST_TEXT)
    yield element("h3", "The profile")
    yield preformatted(_indented(bundle.profile), _MOST_TEXT)


def _indented(text: str) -> str:
    """A profile as it travels is JSON on one line."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def packages(bundle: Reported, size: Callable[[float], str]) -> Iterator[Element]:
    """A row for each package."""
    yield element("p", "Bold: asked for by name. The others are required by those.", class_="note")
    anchors = _anchors(bundle)
    columns = ["package", "version", "licence", "size", "native files", "required by", "origin"]
    # A bundle without origins: an empty column is none.
    width = len(columns) if any(each.origin for each in bundle.packages) else len(columns) - 1
    cells = (_package(bundle, each, anchors, size)[:width] for each in bundle.packages)
    yield table(columns[:width], cells, "packages")


def _package(
    bundle: Reported, each: ReportedPackage, anchors: dict[str, str], size: Callable[[float], str]
) -> tuple[Cell, ...]:
    row, facts = each.row, each.facts
    licence = facts.licence or element("em", "none")
    name = element("strong" if row["requested"] else "span", row["name"], id=anchors[row["name"]])
    by = sorted({need.by for need in bundle.graph.above.get(row["name"], ())})
    natives = str(len(facts.natives)) if facts.natives else ""
    return (
        name,
        row["version"],
        element("em", f"unreadable: {facts.fault}") if facts.fault else licence,
        _amount(size(row["size"])),
        _amount(natives),
        ", ".join(by) or element("em", "asked for" if row["requested"] else "nothing told here"),
        each.origin,
    )


def _anchors(bundle: Reported) -> dict[str, str]:
    """Where each package's row is: by number, for names are a stranger's."""
    return {each.row["name"]: f"p{number}" for number, each in enumerate(bundle.packages, 1)}


def tree(bundle: Reported) -> Element:
    """The graph as a tree, each branch drawn once."""
    made, anchors = Element("pre", {"class": "tree"}), _anchors(bundle)
    for line in drawn(bundle.graph, bundle.graph.roots):
        made.append(element("span", line.branch, class_="branch"))
        made.append(element("a", line.name, href=f"#{anchors.get(line.name, '')}"))
        version = bundle.graph.packages[line.name].version
        made.append(element("span", f" {version}{told_need(line.need)}{' (*)' if line.again else ''}"))
        made[-1].tail = "\n"
    return made


def besides(bundle: Reported, size: Callable[[float], str]) -> Iterator[Element]:
    """The distribution's packages, Ruby gems and other files that travel."""
    sizes = {row["path"]: row["size"] for row in bundle.manifest["files"]}

    def told(row: SystemPackageRow | GemRow, machine: str) -> tuple[Cell, ...]:
        name = element("strong" if row["requested"] else "span", row["name"])
        return name, row["version"], machine, _amount(size(sizes.get(row["path"], 0)))

    if system := bundle.manifest["system"]:
        yield element("h3", f"System packages ({system['manager']}), for root to install")
        packages = [told(row, row["arch"]) for row in system["packages"]]
        yield table(("package", "version", "architecture", "size"), packages)
    if gems := bundle.manifest.get("gems"):
        yield element("h3", f"Ruby gems, for Ruby {gems['ruby']}")
        files = [told(row, row["platform"]) for row in gems["packages"]]
        yield table(("gem", "version", "platform", "size"), files)
    if others := bundle.manifest["other_files"]:
        yield element("h3", "Other files, laid out in PREFIX/current")
        rows = (
            (row["path"], _amount(size(sizes.get(row["path"], 0))), _kind(row["executable"]))
            for row in others
        )
        yield table(("file", "size", ""), rows)


def _amount(told: str) -> Element:
    return element("span", told, class_="number")


def _kind(executable: bool) -> str:
    return "executable" if executable else ""


def digests(bundle: Reported, size: Callable[[float], str]) -> Iterator[Element]:
    """Every file of the payload but the installer's own."""
    installer = [row for row in bundle.manifest["files"] if row["path"].startswith(_FARSIDE)]
    total = size(sum(row["size"] for row in installer))
    yield element(
        "p",
        f"Besides these the bundle has {counted(len(installer), 'file')} of its installer, {total}.",
        class_="note",
    )
    yield table(
        ("file", "size", "SHA-256"),
        (
            (row["path"], _amount(size(row["size"])), element("code", row["sha256"]))
            for row in bundle.manifest["files"]
            if not row["path"].startswith(_FARSIDE)
        ),
        "digests",
    )
