"""The profile's other files as files of the payload, with their sizes and digests."""

from parity.other_files.addresses import fetched_files, lock_of_addresses
from parity.other_files.disk import files_on_disk

__all__ = ["fetched_files", "files_on_disk", "lock_of_addresses"]
