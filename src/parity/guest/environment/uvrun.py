"""Running the carried uv inside a container: the whole environment it gets, and its end."""

import os
from typing import Dict, List, Tuple

from ..confinement import running

_KEEP = 16 * 1024 * 1024  # a lock's text may be large


def offline_environment(home: str, python: str) -> Dict[str, str]:
    """What uv gets where it must reach nothing: nothing of the image's own reaches it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LC_ALL": "C.UTF-8",
        # Times in archives and version numbers must not depend on where it is built.
        "TZ": "UTC",
        "NO_COLOR": "1",
        "UV_CACHE_DIR": os.path.join(home, "uv-cache"),
        "UV_KEYRING_PROVIDER": "disabled",
        "UV_NO_PROGRESS": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON": python,
        "UV_PYTHON_DOWNLOADS": "never",
    }


def run(
    command: List[str], environment: Dict[str, str], folder: str, timeout: float, single: bool = False
) -> Tuple[int, str, str]:
    """Run a command; exit code (124: the time was over), the ends of stdout and stderr; see `running.run`."""
    return running.run(command, environment, folder, timeout, keep=_KEEP, single=single)
