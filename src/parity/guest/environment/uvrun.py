"""Running the carried uv inside a container: the whole environment it gets, and its end."""

import os
from typing import TYPE_CHECKING, Dict, List, Tuple

from ..confinement import running

if TYPE_CHECKING:
    from ...wire.network import Reach

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


def online_environment(reach: "Reach", folder: str, retries: int) -> Dict[str, str]:
    """What uv gets where it may reach the network, and nothing of the image's own.

    Args:
        reach: proxies and certificates.
        folder: uv's home, open to nobody else; certificates are written into it.
        retries: of each request.
    """
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "LC_ALL": "C.UTF-8",
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "UV_KEYRING_PROVIDER": "disabled",
        "UV_HTTP_TIMEOUT": "30",
        "UV_HTTP_RETRIES": str(retries),
        "NO_COLOR": "1",
        "NETRC": os.devnull,
    }
    for name, variable, text in (
        ("ca.pem", "SSL_CERT_FILE", reach.get("ca")),
        ("client_certificate.pem", "SSL_CLIENT_CERT", reach.get("client_certificate")),
    ):
        if text:
            environment[variable] = os.path.join(folder, name)
            write_private(environment[variable], text)
    for key, name in (("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY"), ("no", "NO_PROXY")):
        value = (reach.get("proxies") or {}).get(key)
        if value:
            environment[name] = value
    return environment


def write_private(path: str, text: str) -> None:
    """Write a file that nobody else may read."""
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def run(
    command: List[str], environment: Dict[str, str], folder: str, timeout: float, single: bool = False
) -> Tuple[int, str, str]:
    """Run a command; exit code (124: the time was over), the ends of stdout and stderr; see `running.run`."""
    return running.run(command, environment, folder, timeout, keep=_KEEP, single=single)
