"""The report's evidence: native needs, the rehearsal, and how sources became wheels. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from parity.model import chain_id
from parity.portable.texts import counted
from parity.report.contents import Reported
from parity.report.html import element, pairs, table
from parity.report.natives import native_lines, system_needs
from parity.report.reading import inner, rows, text, texts


def natives(bundle: Reported) -> Iterator[Element]:
    """What the target must have besides the bundle."""
    needs = system_needs(bundle.proof)
    yield element("p", f"The target needs {needs}." if needs else "Nothing is known to be needed.")
    if lines := native_lines(bundle.proof):
        yield element("ul", *(element("li", line) for line in lines))
    opened = [
        (text(row, "package"), text(row, "library"), ", ".join(texts(row, "packages")))
        for row in rows(bundle.proof, "opened")
    ]
    if opened:
        yield element("h3", "Libraries that are opened by name")
        yield table(("package", "library", "provided by"), opened)
    lacking = [(text(row, "package"), text(row, "program")) for row in rows(bundle.proof, "programs_lacking")]
    if lacking:
        yield element("h3", "Programs that are started and were not there")
        yield table(("package", "program"), lacking)


def rehearsal(bundle: Reported) -> Iterator[Element]:
    """Where it was installed, how it was cut off, what was imported and run."""
    proof = bundle.proof
    machine, image = inner(proof, "machine"), inner(proof, "image")
    python = f"Python {text(machine, 'python')}" if text(machine, "python") else ""
    where = ", ".join(
        filter(None, (text(machine, "os"), text(machine, "libc"), python, text(machine, "arch")))
    )
    # A proof is its maker's word: what is not plainly true in it counts as not cut off.
    cut = [key for key, value in inner(proof, "isolation").items() if value is True]
    open_ = [key for key, value in inner(proof, "isolation").items() if value is not True]
    unlimited = [key for key, value in inner(proof, "limits").items() if value is not True]
    tool = inner(proof, "installer")
    installer = f"{text(tool, 'tool')} {text(tool, 'version')}".strip()
    checked = text(tool, "checked_with")
    failed = [row for row in proof["imports"] if row["error"]]
    yield pairs(
        [
            ("in", f"{text(image, 'name')} ({where})"),
            ("image", element("code", _identity(image))),
            ("installed", counted(len(list(rows(proof, "installed"))), "package")),
            ("by", installer + (f", checked with {checked}" if checked else "")),
            ("cut off", ", ".join(cut) or "not told"),
            *([("NOT cut off", ", ".join(open_))] if open_ else []),
            *([("NOT limited", ", ".join(unlimited))] if unlimited else []),
            ("imports", f"{len(proof['imports'])} tried, {len(failed)} failed"),
        ]
    )
    if failed:
        yield element("h3", "Imports that fail")
        yield table(
            ("package", "module", "error"), ((row["package"], row["module"], row["error"]) for row in failed)
        )
    yield from _commands(bundle)
    if worked := [row for row in proof["imports"] if not row["error"]]:
        modules: dict[str, list[str]] = {}
        for row in worked:
            modules.setdefault(row["package"], []).append(row["module"])
        yield element("h3", "Imports that work")
        yield table(("package", "modules"), ((name, ", ".join(each)) for name, each in modules.items()))


def _identity(image: Mapping[str, object]) -> str:
    """An image's reference by digest, or what it is made of; an older proof has the engine's own id."""
    said = image.get("layers")
    layers = tuple(str(each) for each in said) if isinstance(said, list) else ()
    return text(image, "reference") or chain_id(layers) or text(image, "id")


def _commands(bundle: Reported) -> Iterator[Element]:
    commands = rows(bundle.proof, "commands")
    ran = [(element("code", text(row, "command")), text(row, "exit_code")) for row in commands]
    if ran:
        yield element("h3", "Commands of the profile")
        yield table(("command", "exit code"), ran)


def sources(bundle: Reported) -> Iterator[Element]:
    """What was built, from what, and how."""
    for row in bundle.sources:
        origin = inner(row, "origin")
        yield element("h3", f"{text(row, 'name')} {text(row, 'version')}")
        words = (text(origin, key) for key in ("kind", "address", "revision", "commit"))
        # Where it was built once alone, nothing is said: that is neither good nor bad.
        twice = row.get("same_bytes_twice")
        requires = [f"{text(each, 'name')} {text(each, 'version')}" for each in rows(row, "build_requires")]
        listed: list[tuple[str, str]] = [
            ("from", " ".join(filter(None, words))),
            ("builder", text(row, "builder")),
            ("built with", ", ".join(requires)),
            ("commands", "; ".join(texts(row, "commands"))),
            ("grafted in", ", ".join(texts(row, "grafted"))),
            ("twice the same", "" if twice is None else "yes" if twice is True else "NO"),
        ]
        yield pairs([(name, value) for name, value in listed if value])
