"""What the probe measured inside an image (or, on the far side, on a host)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parity.model.profile import Libc
from parity.wire.facts import FactsSaid


@dataclass(frozen=True)
class MachineFacts:
    """A machine as Python sees it.

    Attributes:
        os_id, os_version: from /etc/os-release (`ID`, `VERSION_ID`).
        os_name: `PRETTY_NAME`, for people.
        libc: family and version.
        python: full version, `3.9.2`.
        executable: path of the interpreter inside the image.
        implementation: `cpython`, `pypy`.
        arch: `uname -m`.
        markers: the complete PEP 508 marker environment (all eleven keys).
        tags: wheel tags the interpreter and libc can run, most preferred first (PEP 425).
    """

    os_id: str
    os_version: str
    os_name: str
    libc: Libc
    python: str
    executable: str
    implementation: str
    arch: str
    markers: Mapping[str, str]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Facts(MachineFacts):
    """And what pip and venv that Python has.

    Attributes:
        pip: the version of the image's own pip, None where it has none.
        pip_tags: what that pip accepts, None where there is none or it cannot be asked.
        has_venv: whether the standard `venv` with `ensurepip` works.
    """

    pip: str | None
    pip_tags: tuple[str, ...] | None
    has_venv: bool
    document: FactsSaid
    """The probe's JSON as measured: what travels as facts.json."""
