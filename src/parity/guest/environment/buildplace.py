"""Where a source is built: the environment of its steps, their tools and their results."""

import os
import re
from typing import TYPE_CHECKING, Dict, List

from .uvrun import offline_environment, run

if TYPE_CHECKING:
    from ...wire.building import BuildStep

_TAIL = 6000


def build_environment(job: "BuildStep") -> Dict[str, str]:
    """The whole environment of a step: the same each time, whoever calls."""
    home = os.path.join(job["work"], "home")
    os.makedirs(home, exist_ok=True)
    environment = offline_environment(home, job["python"])
    environment.update(job["versions"])
    # The two things that most often make one source give two wheels: times, and the order of sets.
    environment.update(SOURCE_DATE_EPOCH=str(job["epoch"]), PYTHONHASHSEED="0", UV_NO_CONFIG="1")
    return environment


def make_tools(job: "BuildStep", environment: Dict[str, str], place: str, lines: List[str]) -> str:
    """A virtual environment with the requirements of `lines`; why not, or nothing."""
    code, _, stderr = run([job["uv"], "venv", "--clear", place], environment, job["work"], job["timeout"])
    if code == 0 and lines:
        command = [job["uv"], "pip", "install", "--python", os.path.join(place, "bin", "python")]
        command += ["--no-index", "--find-links", job["find_links"], "--no-build", *lines]
        code, _, stderr = run(command, environment, job["work"], job["timeout"])
    return tail(stderr) if code != 0 else ""


def outputs(work: str, stem: str) -> List[str]:
    """The folders for the results of the two runs of a step."""
    return [os.path.join(work, "%s-%d" % (stem, number)) for number in (1, 2)]


def tail(text: str) -> str:
    """The end of what a step said."""
    return re.sub(r"\s+\Z", "", text)[-_TAIL:]
