"""The report of a bundle as one HTML page without scripts and outside resources, deterministic. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from xml.etree.ElementTree import Element

from parity.portable.texts import counted
from parity.report import evidence, lists
from parity.report.contents import Reported
from parity.report.html import document, element, pairs
from parity.report.remarks import remarks

Sizes = Callable[[float], str]
"""How bytes read."""


def report_page(bundle: Reported, size: Sizes) -> bytes:
    """The page.

    Args:
        bundle: what to tell of.
        size: how bytes read.
    """
    statement = bundle.statement
    title = f"{statement.product} {statement.version} for {statement.profile}"
    style = files("parity.report").joinpath("report.css").read_text(encoding="utf-8")
    return document(title, style, _body(bundle, size, title))


def _body(bundle: Reported, size: Sizes, title: str) -> Iterator[Element]:
    parts: list[tuple[str, str, list[Element]]] = [
        ("look", "Look at", [_remarks(bundle)]),
        ("asked", "What was asked for", list(lists.asked(bundle))),
        ("packages", f"Packages ({len(bundle.packages)})", list(lists.packages(bundle, size))),
        ("graph", "Who requires whom", [lists.tree(bundle)]),
        ("native", "Native needs", list(evidence.natives(bundle))),
        ("rehearsal", "What the rehearsal saw", list(evidence.rehearsal(bundle))),
        ("sources", "Built from source", list(evidence.sources(bundle))),
        ("besides", "System packages and other files", list(lists.besides(bundle, size))),
        ("digests", "Digests", list(lists.digests(bundle, size))),
    ]
    shown = [part for part in parts if part[2]]
    contents = (
        element("li", element("a", heading.partition(" (")[0], href=f"#{name}")) for name, heading, _ in shown
    )
    yield element(
        "header",
        element("p", "parity report", class_="kind"),
        element("h1", title),
        _verdict(bundle),
        _identity(bundle, size),
        element("nav", element("ul", *contents)),
    )
    for name, heading, inner in shown:
        yield element("section", element("h2", heading), *inner, id=name)
    yield element("footer", element("p", "All of this was read from the bundle; nothing of it was run."))


def _verdict(bundle: Reported) -> Element:
    """Who signed, or that nobody asked."""
    if not bundle.signers:
        text = "Not verified: nobody asked who signed it. All digests are right; the signer may be anyone."
        return element("p", text, class_="verdict bad", role="alert")
    names = ", ".join(bundle.signers)
    return element(
        "p", element("strong", "Verified."), " Every byte was checked; signed by ", element("code", names),
        class_="verdict good",
    )  # fmt: skip


def _identity(bundle: Reported, size: Sizes) -> Element:
    statement, target = bundle.statement, bundle.manifest["target"]
    libc = target["libc"]
    version = ".".join(map(str, libc["version"]))
    system = f"{target['os']['id']} {target['os']['version']}, {libc['family']} {version}"
    machine = f"{system}, Python {target['python']}, {target['arch']}"
    total = sum(each.row["size"] for each in bundle.packages)
    others = [key for key in bundle.keys if key not in bundle.signers]
    rows: list[tuple[str, str | Element]] = [
        ("product", f"{statement.product} {statement.version}, serial {statement.serial}"),
        ("made for", machine),
        ("profile", f"{statement.profile}, SHA-256 {statement.profile_sha256}"),
        ("installs with", bundle.manifest["installer"]),
        ("size", f"{size(bundle.size)}, with {counted(len(bundle.packages), 'wheel')} of {size(total)}"),
        ("file's SHA-256", element("code", bundle.sha256)),
        ("payload's SHA-256", element("code", statement.payload.sha256)),
    ]
    if others:
        who = "signed besides by" if bundle.signers else "says it is signed by"
        rows.append((who, ", ".join(others)))
    if stand_in := bundle.manifest["stand_in"]:
        rows.append(("stand-in", f"{stand_in['image']} stood in for {stand_in['for']}"))
    return pairs(rows)


def _remarks(bundle: Reported) -> Element:
    found = remarks(bundle)
    if not found:
        return element("p", "Nothing stands out.", class_="none")
    return element(
        "ul",
        *(
            element("li", element("span", kind, class_="tag"), f" {subject}: {message}")
            for kind, subject, message in found
        ),
        class_="remarks",
    )
