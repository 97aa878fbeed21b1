"""A new release's environment: made, filled, and asked whether it fits together. Python 3.6 and later.

Where the bundle carries uv, the wheels are installed here, each unpacked once for the judge and for the
disk; uv says whether they fit together. Where the profile asks for the host's own pip, pip does all of it.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator

from ...portable.bundle.folder import demand_sound, wheel_files
from ...portable.bundle.source import demand_space
from ...portable.errors import InstallFailed
from ...portable.installers.registry import INSTALLERS
from ...portable.machine.host import minor_of
from ...portable.machine.site_packages import site_packages
from ...portable.machine.subprocesses import Children, isolated
from ...portable.ruby import gems
from ...portable.texts import counted
from ...portable.wheel.install import INSTALLER, InstallScheme, install_all
from ...portable.wheel.wheelset import unpacked_size
from .. import __version__
from . import other_files
from .installers import Uv, Workplace, choose_tool, has_distutils
from .plan import Laid, hear, judge_laid
from .prefix import remove
from .steps import drop_bundle, fill, lay_gems

if TYPE_CHECKING:
    from ...portable.documents.installations import InstallerRecord

_NICE = 10
_ASK_FOR_SITE = "import site; print(site.getsitepackages()[0])"


class NewRelease:
    """An environment on its way.

    Args:
        laid: the bundle, and what it is laid out for.
        environment: where it is made; there is nothing yet.
        children: runs the tools in it.
    """

    def __init__(self, laid: Laid, environment: str, children: Children) -> None:
        self._plan = laid.plan
        self._laid = laid
        self._bundle = laid.bundle
        self._document = laid.bundle.manifest.document
        self._installed_by = INSTALLERS[self._document["installer"]]
        self._environment = environment
        self._work = laid.work
        self._children = children
        self._say = laid.say
        self._place = Workplace(laid.bundle, children, laid.work, laid.plan.python)
        self._installer: "InstallerRecord" = {}

    def make(self) -> "InstallerRecord":
        """Make it, with the bundle's packages and other files, and judge the wheels on the way.

        Returns:
            {"tool", "version"} of what installed them, and "checked_with": what said that they fit
            together, empty as long as nobody has; see `fitting_together`.

        Raises:
            FarsideError: what is there then is worth nothing.
        """
        if self._installed_by.writes:
            return self._by_tool()
        wheels = wheel_files(self._bundle)
        with ThreadPoolExecutor(1) as pool:
            making = pool.submit(self._make_environment)
            self._demand_space(unpacked_size(wheels))
            making.result()
        self._say(f"installing {counted(len(wheels), 'package')} into {self._environment}")
        judgement = install_all(wheels, self._site(), self._document["allow"], self._work)
        hear(demand_sound(judgement), self._laid)
        other_files.lay_out(self._bundle, self._environment, self._work)
        lay_gems(self._laid, self._environment, self._children)
        self._installer = {"tool": INSTALLER, "version": __version__, "checked_with": ""}
        return self._installer

    def _by_tool(self) -> "InstallerRecord":
        self._demand_space(judge_laid(self._laid).size)
        tool = choose_tool(self._place)
        self._say(f"installing with {tool.name} {tool.version} into {self._environment}")
        tool.create(self._environment)
        installer = fill(tool, self._environment, self._laid, self._children)
        return {**installer, "checked_with": tool.check(self._environment)}

    def _demand_space(self, unpacked: int) -> None:
        sizes = {member.path: member.size for member in self._bundle.manifest.members}
        needed = unpacked + other_files.space(self._bundle, self._work)
        needed += gems.space(self._document.get("gems"), sizes)
        demand_space(self._work, needed)

    def _make_environment(self) -> None:
        """`python -m venv` without pip; where Python has no venv, by the carried uv."""
        python = self._plan.python
        done = self._children.run(
            [python, "-I", "-m", "venv", "--without-pip", self._environment], installs=True
        )
        if done.exit_code == 0:
            return
        # venv leaves what it made before it failed.
        remove(self._environment)
        uv, reason = Uv.found(self._place)
        if uv is None:
            raise InstallFailed(
                f"neither {python} -m venv nor the carried uv makes an environment:\n{done.tail}\n{reason}",
                "install the package that has venv (python3-venv on Debian)",
            )
        uv.create(self._environment)

    def _site(self) -> InstallScheme:
        """Where it takes files; its interpreter is asked only where that is in doubt."""
        folders = site_packages(self._environment)
        if len(folders) != 1 or self._plan.facts["implementation"] != "cpython":
            # PyPy's venv may make a folder that PyPy does not use.
            command = isolated(self._environment, "-c", _ASK_FOR_SITE)
            folders = self._children.demand("asking the new environment", command).output.splitlines()
        python = "python" + minor_of(self._document["target"]["python"])
        return InstallScheme(
            self._environment, folders[0], os.path.join(self._environment, "include", "site", python)
        )

    @contextmanager
    def fitting_together(self) -> Iterator[None]:
        """Ask, beside what is done meanwhile, whether the packages fit together; that answer comes first.

        Raises:
            HostileContent: the carried uv's wheel is no good.
            InstallFailed: they do not fit.
        """
        if self._installed_by.writes:  # and was asked when it had
            yield
        elif not has_distutils(self._children, self._plan.python, self._document["target"]["python"]):
            # uv needs help from a file in the environment, which nobody else is to see.
            self._ask_uv()
            yield
        else:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(_step_back)
                asking = pool.submit(self._ask_uv)
                try:
                    yield
                finally:
                    asking.result()

    def _ask_uv(self) -> None:
        uv, reason = Uv.found(self._place)
        drop_bundle(self._laid)
        if uv is not None:
            self._installer["checked_with"] = uv.check(self._environment)
            return
        warning = f"whether the packages fit together was not asked: uv does not run here: {reason}"
        self._laid.warnings.append(warning)
        self._say(f"warning: {warning}")


def _step_back() -> None:
    """Let this thread, and what it starts, take only the time that nobody else wants (setpriority(2))."""
    with suppress(OSError):
        os.nice(_NICE)
