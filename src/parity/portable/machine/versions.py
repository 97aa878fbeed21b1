"""What a build is told of its version where no git can tell. Standard library only, Python 3.6 and later."""

import os
import shutil
from typing import Dict

_NAMES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PBR_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "UV_DYNAMIC_VERSIONING_BYPASS",
)


def version_variables(version: str) -> Dict[str, str]:
    """What setuptools-scm, hatch-vcs, pdm, uv-dynamic-versioning and others read; nothing for no version."""
    return dict.fromkeys(_NAMES, version) if version else {}


def has_history(folder: str) -> bool:
    """Whether git can tell the version of what lies in a folder: there is a git, and a repository."""
    here = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(here, ".git")):
        here, inner = os.path.dirname(here), here
        if here == inner:
            return False
    return shutil.which("git") is not None
