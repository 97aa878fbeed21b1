"""Where a source is built: the environment of its steps, their tools and their results."""

import os
import re
from typing import Any, Dict, List

from .uvrun import offline_environment, run

_TAIL = 6000


def build_environment(job: Dict[str, Any]) -> Dict[str, str]:
    """The whole environment of a step: the same each time, whoever calls."""
    home = os.path.join(job["work"], "home")
    os.makedirs(home, exist_ok=True)
    environment = offline_environment(home, job["python"])
    environment.update(job["versions"])
    environment.update(SOURCE_DATE_EPOCH=str(job["epoch"]), PYTHONHASHSEED="0", UV_NO_CONFIG="1")
    return environment


def make_tools(job: Dict[str, Any], environment: Dict[str, str], place: str, lines: List[str]) -> str:
    """A virtual environment with the requirements of `lines`; why not, or nothing."""
    code, _, stderr = run([job["uv"], "venv", "--clear", place], environment, job["work"], job["timeout"])
    if code == 0 and lines:
        command = [job["uv"], "pip", "install", "--python", os.path.join(place, "bin", "python")]
        command += ["--no-index", "--find-links", job["find_links"], "--no-build", *lines]
        code, _, stderr = run(command, environment, job["work"], job["timeout"])
    return tail(stderr) if code != 0 else ""


def outputs(job: Dict[str, Any], stem: str) -> List[str]:
    """The folders for the results of the two runs of a step."""
    return [os.path.join(job["work"], "%s-%d" % (stem, number)) for number in (1, 2)]


def tail(text: str) -> str:
    """The end of what a step said."""
    return re.sub(r"\s+\Z", "", text)[-_TAIL:]
