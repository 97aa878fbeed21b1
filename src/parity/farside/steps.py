"""The steps of an installation that a release and an existing environment share. Python 3.6 and later."""

import os
from typing import Any, Dict, Sequence

from . import otherfiles
from .children import Children, isolated
from .errors import InstallFailed
from .imports import try_imports
from .plan import Laid, Say
from .prefix import remove
from .sites import site_packages
from .tools import Tool, write_requirements


def fill(tool: Tool, environment: str, laid: Laid, work: str, again: bool = False) -> Dict[str, str]:
    """Install the bundle's packages and other files into an environment; gives the tool for the receipt.

    What was laid out in `work` for that is removed at once: it need never reach the disk.
    """
    requirements = write_requirements(laid.bundle, work)
    tool.install(environment, os.path.join(laid.bundle.path, "wheels"), requirements, again)
    otherfiles.lay_out(laid.bundle, environment, work)
    if os.path.dirname(laid.bundle.path) == work:
        remove(laid.bundle.path)
    return {"tool": tool.name, "version": tool.version}


def demand_imports(
    children: Children, environment: str, wanted: Sequence[Dict[str, Any]], say: Say
) -> Dict[str, int]:
    """Try imports that worked when the bundle was made.

    What they load is byte-compiled on the way, so that the first start is not slower than the others
    even where nobody may write to the environment later. The installing tool's cache goes meanwhile.

    Raises:
        InstallFailed: names those that fail here.
    """
    with children.dropping_cache():  # nothing is installed after this
        failed = try_imports(children, environment, wanted)
    if failed:
        lines = [f"{each.module} (of {each.package}): {each.error}" for each in failed]
        raise InstallFailed(
            "imports that worked when the bundle was made fail on this host:\n" + "\n".join(lines),
            "install what is named above; --no-imports goes on all the same, and the receipt says so",
        )
    if wanted:
        say(f"imports: all {len(wanted)} work")
    return {"tried": len(wanted)}


def compile_all(children: Children, environment: str, say: Say) -> None:
    """Byte-compile every module. A file that does not compile (a template, say) stays as it is."""
    for folder in site_packages(environment):
        # As many processes as processors; the exit code tells of files that are no modules at all.
        children.run(isolated(environment, "-m", "compileall", "-q", "-j", "0", folder))
    say("byte-compiled every module")
