"""A bundle's wheels put on a package index through the upload API, as twine speaks it."""

from parity.publish.credentials import Credentials, find_credentials, pypirc
from parity.publish.stage import Published, publish
from parity.publish.target import UploadTarget, index_candidates, index_url, upload_url

__all__ = [
    "Credentials",
    "Published",
    "UploadTarget",
    "find_credentials",
    "index_candidates",
    "index_url",
    "publish",
    "pypirc",
    "upload_url",
]
