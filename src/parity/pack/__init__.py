"""Canonical bytes, the manifest and the atomic write."""

from parity.pack.asked import asked_files
from parity.pack.contents import (
    build_manifest,
    file_of_bytes,
    file_on_disk,
    payload_order,
    wheel_files,
)
from parity.pack.draft import Draft, farside_archive
from parity.pack.pips import oldest_pip, pip_note
from parity.pack.singlefile import loaders
from parity.pack.texts import STOCK_CHECK, pylock_toml, readme_txt, requirements_txt
from parity.pack.vehicle import Cargo, Vehicle
from parity.pack.vehicles import VEHICLES
from parity.pack.wheelstream import file_in_archive, wheels_in_archive
from parity.pack.writer import write_bundle

__all__ = [
    "STOCK_CHECK",
    "VEHICLES",
    "Cargo",
    "Draft",
    "Vehicle",
    "asked_files",
    "build_manifest",
    "farside_archive",
    "file_in_archive",
    "file_of_bytes",
    "file_on_disk",
    "loaders",
    "oldest_pip",
    "payload_order",
    "pip_note",
    "pylock_toml",
    "readme_txt",
    "requirements_txt",
    "wheel_files",
    "wheels_in_archive",
    "write_bundle",
]
