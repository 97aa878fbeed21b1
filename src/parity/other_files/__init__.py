"""The profile's other files as files of the payload, with their sizes and digests."""

from parity.other_files.addresses import downloads, fetched_files
from parity.other_files.disk import files_on_disk

__all__ = ["downloads", "fetched_files", "files_on_disk"]
