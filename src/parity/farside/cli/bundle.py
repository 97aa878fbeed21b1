"""The commands of the far side's command line. Standard library only, Python 3.6 and later.

Modules that bring more of them have a `COMMANDS` of their own, which `main` puts together.
"""

import argparse
import os
from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence

from ...portable.bundle.asfile import open_either
from ...portable.bundle.export import is_export, verify_export
from ...portable.bundle.reader import UnverifiedBundle, open_bundle, read_unverified, verify_bundle
from ...portable.bundle.trust import add_key, checker, optional_checker
from ...portable.errors import BundleUnreadable
from ...portable.machine import facts as facts_of
from ...portable.texts import counted
from ..install import receipt
from ..install.other_files import describe, other_files
from ..install.plan import Say
from ..install.releases import installed, rollback
from ..install.uninstall import uninstall
from ..project import project
from .install import INSTALL, Command, Told, add_prefix, place
from .vehicles import exported

if TYPE_CHECKING:
    from ...portable.documents.evidence import FactsDocument
    from ...portable.documents.installations import PrefixDocument

# --- releases -----------------------------------------------------------------------------------------


def _rollback_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "release", nargs="?", default="", metavar="RELEASE", help="the one before if not given"
    )
    add_prefix(parser)
    parser.add_argument(
        "--no-imports", action="store_true", help="do not try the proof's imports there first"
    )


def _rollback(options: argparse.Namespace, say: Say) -> Told:
    return Told(rollback(os.path.abspath(options.prefix), options.release, not options.no_imports, say))


def _installed(options: argparse.Namespace, _say: Say) -> Told:
    found = installed(os.path.abspath(options.prefix))
    return Told(found, installed_lines(found))


def installed_lines(document: "PrefixDocument") -> Iterator[str]:
    """A line for each release, the newest last; `*` marks the current one."""
    for row in document["releases"]:
        mark = "*" if row["current"] else " "
        name = "{product} {version}, serial {serial}".format(**row) if row["product"] else "never signed"
        names = ", ".join(each[:16] for each in row["signers"])
        signed = "signed by " + names if names else "signature not checked"
        packages = counted(row["packages"], "package")
        yield f"{mark} {row['release']}  {name}, {packages}, {row['installed_at']}, {signed}"


def _uninstall_options(parser: argparse.ArgumentParser) -> None:
    add_prefix(parser)
    add = parser.add_argument
    add("--release", default="", metavar="RELEASE", help="this one alone, which is not the current one")
    add("--yes", action="store_true", help="remove it; without this, it is only said what would be removed")


def _uninstall(options: argparse.Namespace, say: Say) -> Told:
    return Told(uninstall(os.path.abspath(options.prefix), options.release, say, options.yes))


# --- looking at a bundle ------------------------------------------------------------------------------


def _bundle_and_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help="a file of parity's, or a bundle's unpacked folder")
    add_key(parser)


def _verify(options: argparse.Namespace, _say: Say) -> Told:
    with open_either(options.bundle) as file:
        if is_export(file):
            return exported(verify_export(file, checker(options)))
        found = verify_bundle(file, checker(options))
    bundle, signers = UnverifiedBundle(*found[:3]), list(found.signers)
    document = {**_of_bundle(bundle), "verified": True, "signers": signers}
    return Told(document, _verified_lines(bundle, signers))


def _inspect(options: argparse.Namespace, _say: Say) -> Told:
    with open_bundle(options.bundle) as file:
        bundle = read_unverified(file)
    return Told(_of_bundle(bundle), _inspected_lines(bundle))


def _bundle_alone(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help="a *.parity.tar file")


def _of_bundle(bundle: UnverifiedBundle) -> Dict[str, object]:
    said, document = bundle.statement, bundle.manifest.document
    return {
        "ok": True,
        "verified": False,
        "product": said.product,
        "version": said.version,
        "serial": said.serial,
        "profile": said.profile,
        "payload_sha256": said.payload.sha256,
        "signed_by": [one.keyid for one in bundle.envelope.signatures],
        "target": document["target"],
        "installer": document["installer"],
        "stand_in": document["stand_in"],
        "packages": [
            {"name": each["name"], "version": each["version"], "sha256": each["sha256"]}
            for each in document["packages"]
        ],
        "files": other_files(bundle.manifest),
    }


def _first_lines(bundle: UnverifiedBundle) -> Iterator[str]:
    said = bundle.statement
    yield f"{said.product} {said.version}, serial {said.serial}, profile {said.profile}"
    yield "made for " + receipt.describe_target(bundle.manifest.document["target"])
    yield f"payload sha256:{said.payload.sha256}"


def _verified_lines(bundle: UnverifiedBundle, signers: Sequence[str]) -> Iterator[str]:
    yield from _first_lines(bundle)
    yield f"verified: signed by {', '.join(signers)}, every byte as signed"
    document = bundle.manifest.document
    yield ", ".join(
        (counted(len(document["packages"]), "package"), counted(len(document["other_files"]), "other file"))
    )


def _inspected_lines(bundle: UnverifiedBundle) -> Iterator[str]:
    yield from _first_lines(bundle)
    yield "signed, it says, by " + ", ".join(one.keyid for one in bundle.envelope.signatures)
    for package in bundle.manifest.document["packages"]:
        yield "  {name} {version}".format(**package)
    yield from describe(other_files(bundle.manifest))
    yield "nothing of this was verified: `verify` does that"


# --- the host -----------------------------------------------------------------------------------------


def _facts_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tools", action="store_true", help="ask this Python's pip and venv, too")


def _facts(options: argparse.Namespace, _say: Say) -> Told:
    found = facts_of.measure(options.tools)
    return Told({"ok": True, "facts": found}, _fact_lines(found))


def _fact_lines(found: "FactsDocument") -> Iterator[str]:
    libc = found["libc"]
    library = f"{libc['family']} {libc['text']}" if libc else "unknown C library "
    yield "{id} {version} ({name})".format(**found["os"])
    yield f"{library}, Python {found['python']}, {found['arch']}"


# --- a project's checkout -------------------------------------------------------------------------------


def _project_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "checkout",
        type=place,
        metavar="CHECKOUT",
        help="the project's folder, with pyproject.toml and uv.lock",
    )
    add("--bundle", type=place, metavar="BUNDLE", help="a *.parity.tar file or a folder; else this bundle")
    add_key(parser, required=False)
    add("--store", type=place, metavar="DIR", help="where the wheels stay; CHECKOUT/.parity if not given")
    add("--python", default="", metavar="PATH", help="the interpreter to use")
    add("--allow-other-os", action="store_true", help="accept another OS release or an older C library")
    add("--undo", action="store_true", help="put the original uv.lock back, and do nothing else")


def _project(options: argparse.Namespace, say: Say) -> Told:
    checkout = os.path.abspath(options.checkout)
    if options.undo:
        return Told(project.undo(checkout, say))
    bundle = options.bundle or options.own_folder
    if not bundle:
        raise BundleUnreadable("no bundle was named", "name one with --bundle")
    request = project.ProjectRequest(
        bundle=os.path.abspath(bundle),
        checkout=checkout,
        store=os.path.abspath(options.store) if options.store else "",
        python=options.python,
        check=optional_checker(options),
        allow_other_os=options.allow_other_os,
    )
    return Told(project.set_up(request, say))


COMMANDS: List[Command] = [
    INSTALL,
    Command("rollback", "make an older release current again", _rollback_options, _rollback),
    Command("uninstall", "remove what was installed under a prefix", _uninstall_options, _uninstall),
    Command("installed", "list the releases under a prefix", add_prefix, _installed),
    Command("project", "make uv work in a checkout of the project", _project_options, _project),
    Command("verify", "check every byte of a bundle", _bundle_and_key, _verify),
    Command("inspect", "show what a bundle says of itself", _bundle_alone, _inspect),
    Command("facts", "show what this machine is", _facts_options, _facts),
]
