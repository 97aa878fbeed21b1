"""The shell in pipelines' files, as the hosts would run it."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import yaml


def shell_steps(host: str, text: str) -> list[str]:
    """Every script of a pipeline, in order."""
    if host == "jenkins":
        return [textwrap.dedent(found) for found in re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)]
    document: dict[str, Any] = yaml.safe_load(text)
    if host == "gitlab":
        return list(document["bundle"]["script"])
    steps = document["runs"]["steps"] if "runs" in document else document["jobs"]["bundle"]["steps"]
    return [step["run"] for step in steps if "run" in step]
