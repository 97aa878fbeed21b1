"""Where a source is built: the environment of its steps, their tools and their results."""

import os
import re
import shutil
from typing import TYPE_CHECKING, Dict, List, Union

from ...portable.treepaths import Refused, shown
from ..confinement import running
from .unpack import unpack
from .uvrun import offline_environment, run

if TYPE_CHECKING:
    from ...wire.building import BuildStep, PrefetchJob

_TAIL = 64_000  # what is missing may be said long before the end


def build_environment(job: "BuildStep") -> Dict[str, str]:
    """The whole environment of a step: the same each time, whoever calls."""
    home = os.path.join(job["work"], "home")
    if job["home"] and not os.path.isdir(home):
        shutil.copytree(job["home"], home, symlinks=True)
    os.makedirs(home, exist_ok=True)
    environment = offline_environment(home, job["python"])
    environment.update(job["versions"])
    # The two things that most often make one source give two wheels: times, and the order of sets.
    environment.update(SOURCE_DATE_EPOCH=str(job["epoch"]), PYTHONHASHSEED="0", UV_NO_CONFIG="1")
    return environment


def fresh_source(job: "Union[BuildStep, PrefetchJob]") -> str:
    """A new copy at the same place each time; gives the folder of the package.

    Raises:
        Refused: it is no source that is unpacked.
    """
    place = os.path.join(job["work"], "source")
    shutil.rmtree(place, ignore_errors=True)
    if os.path.isdir(job["source"]):
        shutil.copytree(job["source"], place, symlinks=True)
    else:
        unpack(job["source"], place)
    for folder, names, files in os.walk(place):
        for name in names + files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.utime(path, (job["epoch"], job["epoch"]))
    folder = os.path.normpath(os.path.join(place, job["subdirectory"]))
    inside = os.path.realpath(folder)
    if not (inside + os.sep).startswith(os.path.realpath(place) + os.sep) or not os.path.isdir(inside):
        raise Refused("its subdirectory %s is no folder in it" % shown(job["subdirectory"]))
    return folder


def give_history(job: "BuildStep", environment: Dict[str, str]) -> None:
    """One commit with the source's version as its tags, for plug-ins that ask nobody but git.

    Not where the source has a history, the version is not known, or the builder has no git.
    """
    place = os.path.join(job["work"], "source")
    if not job["tag"] or not shutil.which("git") or os.path.lexists(os.path.join(place, ".git")):
        return
    moment = "%d +0000" % job["epoch"]
    told = dict(environment, GIT_AUTHOR_DATE=moment, GIT_COMMITTER_DATE=moment, GIT_CONFIG_NOSYSTEM="1")
    git = ["git", "-c", "user.name=parity", "-c", "user.email=parity@localhost", "-c", "core.autocrlf=false"]
    for words in (
        ["init", "--quiet", "--template="],
        ["add", "--all"],
        ["commit", "--quiet", "--allow-empty", "--no-verify", "-m", job["tag"]],
        ["tag", job["tag"]],
        ["tag", "v" + job["tag"]],
    ):
        code, _, _ = run(git + words, told, place, job["timeout"])
        if code != 0:
            shutil.rmtree(os.path.join(place, ".git"), ignore_errors=True)
            return


def make_tools(job: "BuildStep", environment: Dict[str, str], place: str, lines: List[str]) -> str:
    """A virtual environment with the requirements of `lines`; why not, or nothing."""
    code, _, stderr = run([job["uv"], "venv", "--clear", place], environment, job["work"], job["timeout"])
    if code == 0 and lines:
        command = [job["uv"], "pip", "install", "--python", os.path.join(place, "bin", "python")]
        command += ["--no-index", "--find-links", job["find_links"], "--no-build", *lines]
        code, _, stderr = run(command, environment, job["work"], job["timeout"])
    return failure(code, stderr, job["timeout"]) if code != 0 else ""


def outputs(work: str, stem: str) -> List[str]:
    """The folders for the results of the two runs of a step."""
    return [os.path.join(work, "%s-%d" % (stem, number)) for number in (1, 2)]


def failure(code: int, said: str, seconds: float) -> str:
    """Why a step failed: the end of what it said, and last of all whether its time was over."""
    end = re.sub(r"\s+\Z", "", said)[-_TAIL:]
    if code == running.OVERTIME:  # else the last thing that it was about to do would pass for the reason
        return end + "\nerror: this step did not end within %d s" % seconds
    return end or "exit code %d" % code
