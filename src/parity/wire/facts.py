"""What a machine is, as its own Python measured it (see `parity.portable.machine.facts`)."""

from __future__ import annotations

from typing import Literal, TypedDict


class SystemSaid(TypedDict):
    """ID, VERSION_ID and PRETTY_NAME of os-release(5)."""

    id: str
    version: str
    name: str


class LibcSaid(TypedDict):
    """The C library; `version` is major and minor, `text` the version in its own words."""

    family: Literal["glibc", "musl"]
    version: list[int]
    text: str


class MachineSaid(TypedDict):
    """`libc` is null where none was recognised.

    `markers` are those of PEP 508, `tags` those of PEP 425, most preferred first.
    """

    format: str
    os: SystemSaid
    libc: LibcSaid | None
    python: str
    executable: str
    implementation: str
    arch: str
    bits: int
    markers: dict[str, str]
    tags: list[str]


class MachineHeard(TypedDict):
    """The probe's event: what is known while pip is still asked."""

    event: str
    machine: MachineSaid


class FactsSaid(MachineSaid):
    """`pip` and `pip_tags` are null where there is none that can be asked."""

    pip: str | None
    pip_tags: list[str] | None
    has_venv: bool
