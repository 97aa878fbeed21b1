"""The steps of an installation that a release and an existing environment share. Python 3.6 and later."""

import os
import shutil
from typing import TYPE_CHECKING, Mapping, Sequence

from ...portable.errors import InstallFailed
from ...portable.machine.imports import try_imports
from ...portable.machine.site_packages import site_packages
from ...portable.machine.subprocesses import Children, isolated
from ...portable.ruby import gems
from ...portable.texts import counted
from . import other_files
from .installers import Tool, write_requirements
from .plan import Laid, Say
from .prefix import remove
from .receiptfile import read_receipt

if TYPE_CHECKING:
    from ...portable.documents.bundles import ImportRow
    from ...portable.documents.installations import ImportsRecord, InstallerRecord


def fill(
    tool: Tool, environment: str, laid: Laid, children: Children, again: bool = False
) -> "InstallerRecord":
    """Let a tool install the packages, lay out other files and gems; gives the tool for the receipt."""
    requirements = write_requirements(laid.bundle, laid.work)
    tool.install(environment, os.path.join(laid.bundle.path, "wheels"), requirements, again)
    other_files.lay_out(laid.bundle, environment, laid.work)
    lay_gems(laid, environment, children)
    drop_bundle(laid)
    return {"tool": tool.name, "version": tool.version}


def lay_gems(laid: Laid, environment: str, children: Children) -> None:
    """Install the carried gems into the environment, if there are some; errors as `gems.install`."""
    ruby, carried = laid.plan.ruby, laid.bundle.manifest.document.get("gems")
    told, home = read_receipt(environment), os.path.join(environment, gems.FOLDER)
    if told and told.get("gems"):
        shutil.rmtree(home, ignore_errors=True)  # an older bundle's, of which nothing is to stay
    if ruby is None or carried is None:
        return
    # Of a new release a wheel may have put something there; of an environment, its owner.
    if os.path.lexists(home):
        raise InstallFailed(f"{home} is there already", "move it away; the bundle's gems have that place")
    laid.say(f"installing {counted(len(carried['packages']), 'gem')} with {ruby.program} {ruby.version}")
    gems.install(ruby, laid.bundle, environment, children, laid.work)


def drop_bundle(laid: Laid) -> None:
    """Remove what was laid out in its private folder for the installation: it need never reach the disk."""
    if os.path.dirname(laid.bundle.path) == laid.work:
        remove(laid.bundle.path)


def demand_imports(
    children: Children,
    environment: str,
    wanted: "Sequence[ImportRow]",
    sizes: Mapping[str, int],
    say: Say,
) -> "ImportsRecord":
    """Try imports that worked when the bundle was made; `sizes` are those of the packages.

    What they load is byte-compiled on the way, so that the first start is not slower than the others
    even where nobody may write to the environment later.

    Raises:
        InstallFailed: names those that fail here.
    """
    failed = try_imports(children, environment, wanted, sizes)
    if failed:
        lines = [f"{each.module} (of {each.package}): {each.error}" for each in failed]
        raise InstallFailed(
            "imports that worked when the bundle was made fail on this host:\n" + "\n".join(lines),
            "install what is named above; --no-imports goes on all the same, and the receipt says so",
        )
    if wanted:
        say(f"imports: {len(wanted)} of {len(wanted)} work")
    return {"tried": len(wanted)}


def compile_all(children: Children, environment: str, say: Say) -> None:
    """Byte-compile every module (PEP 3147). A file that does not compile (a template, say) stays as it is.

    Raises:
        OSError, InstallFailed: the interpreter does not start, or does not end.
    """
    for folder in site_packages(environment):
        # As many processes as processors. The exit code tells of files that are no modules at all, and of a
        # host that has no pool of them (no semaphores; a prefix too long for a socket's path, since Python
        # 3.13): so once more alone, which passes over what is compiled.
        command = isolated(environment, "-m", "compileall", "-q", folder)
        if children.run([*command, "-j", "0"]).exit_code:
            children.run(command)
    say("byte-compiled every module")
