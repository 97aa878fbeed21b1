"""Running the carried uv inside a container: the whole environment it gets, and its end."""

import os
import subprocess
from typing import Dict, List, Tuple

OVERTIME = 124


def offline_environment(home: str, python: str) -> Dict[str, str]:
    """What uv gets where it must reach nothing: nothing of the image's own reaches it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "UV_CACHE_DIR": os.path.join(home, "uv-cache"),
        "UV_KEYRING_PROVIDER": "disabled",
        "UV_NO_PROGRESS": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON": python,
        "UV_PYTHON_DOWNLOADS": "never",
    }


def run(command: List[str], environment: Dict[str, str], folder: str, timeout: float) -> Tuple[int, str, str]:
    """Run a command; exit code (124: the time was over), stdout, stderr."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        code = OVERTIME
    return code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace")
