"""What a host's pip and uv must be told to use an index. Standard library only, Python 3.6 and later."""

import ipaddress
import os
from typing import List
from urllib.parse import quote, urlsplit, urlunsplit

from ...portable.errors import NoIndexThere
from ...portable.texts import printable, toml

_REMEDY = "give an http or https address without user name, query or fragment, or the folder of an index"


def simple_url(place: str) -> str:
    """The address of the simple index at a place, ending in a slash.

    Args:
        place: the address of an index (a bare host gets `/simple/`), or the folder of a static index.

    Raises:
        NoIndexThere: it is no address that may stand in a configuration file, or no such folder.
    """
    if "://" not in place:
        return _folder_url(place)
    try:
        parts = urlsplit(place)
        good = parts.scheme in ("http", "https", "file") and (parts.hostname or parts.scheme == "file")
        _ = parts.port
    except ValueError:
        raise NoIndexThere("that is no address", _REMEDY) from None
    # The text is pasted into a configuration file: a newline in it would be a setting of its own.
    if not good or not place.isprintable() or " " in place or '"' in place:
        raise NoIndexThere("that is no http or https address", _REMEDY)
    if "@" in parts.netloc or parts.query or parts.fragment:
        remedy = "leave user name and password out of the address: pip and uv read them from ~/.netrc"
        raise NoIndexThere("the address holds credentials, a query or a fragment", remedy)
    path = parts.path.rstrip("/") or "/simple"
    return urlunsplit((parts.scheme, parts.netloc, path + "/", "", ""))


def _folder_url(place: str) -> str:
    folder = os.path.abspath(place)
    if os.path.basename(folder) != "simple":
        folder = os.path.join(folder, "simple")
    if not os.path.isfile(os.path.join(folder, "index.html")):
        raise NoIndexThere(f"{place!a} is neither an address nor the folder of an index", _REMEDY)
    return "file://" + quote(folder) + "/"


def pip_conf(url: str, ca: str = "") -> str:
    """The lines for pip.conf.

    Args:
        url: from `simple_url`.
        ca: the path, on the host, of the CA certificate that the server's was signed with.
    """
    parts = urlsplit(url)
    lines = ["[global]", f"index-url = {url}"]
    if parts.scheme == "https":
        hint = "# if the host does not trust the server's CA: cert = /path/to/ca.pem"
        lines.append("cert = " + printable(ca) if ca else hint)
    elif parts.scheme == "http" and not _is_local(parts.hostname or ""):
        lines.append("# plain http: pip wants to be told; only hashes (--require-hashes) protect the way")
        # With the port: pip then trusts no other server of the same machine.
        lines.append(f"trusted-host = {parts.netloc}")
    return "\n".join(lines) + "\n"


def uv_toml(url: str, ca: str = "") -> str:
    """The lines for uv.toml (`[[index]]`); arguments as for `pip_conf`."""
    lines: List[str] = []
    if urlsplit(url).scheme == "https":
        shown = ca or "/path/to/ca.pem"
        lines.append("# if the host does not trust the server's CA, set this in the environment:")
        lines.append("# SSL_CERT_FILE=" + printable(shown))
    lines += ["[[index]]", "url = " + toml(url), "default = true"]
    return "\n".join(lines) + "\n"


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
