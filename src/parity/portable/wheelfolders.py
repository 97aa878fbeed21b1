"""Folders of wheels as indexes: the addresses by which everybody but the near side knows their files.

Such an address leads nowhere (RFC 2606): whoever is asked for it looks into the folder that was carried
beside it (see `guest.net.folders`). It holds the file's SHA-256, so that what is kept by address is found
again for the same bytes alone. Standard library only, Python 3.6 and later.
"""

import urllib.parse

HOST = "folders.invalid"
ROOT = "/parity/folders"
"""Where the folders lie in the workshop, by the names of their indexes."""


def index_address(name: str) -> str:
    """The address of the index that a folder is."""
    return f"http://{HOST}/{name}/"


def file_address(name: str, sha256: str, filename: str) -> str:
    """The address of a file in it."""
    return f"{index_address(name)}{sha256}/{urllib.parse.quote(filename)}"


def is_folder(address: str) -> bool:
    """Whether an address is a folder's, or a file's in one."""
    return address.startswith(f"http://{HOST}/")
