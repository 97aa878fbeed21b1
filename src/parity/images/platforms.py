"""Names of one architecture: as `uname -m`, as image platforms and as Debian say it.

Sources: the OCI image specification (GOARCH, GOARM) and Debian's table of ports.
"""

from __future__ import annotations

_PLATFORMS = {
    "x86_64": "linux/amd64",
    "aarch64": "linux/arm64",
    "armv7l": "linux/arm/v7",
    "i686": "linux/386",
    "ppc64le": "linux/ppc64le",
    "riscv64": "linux/riscv64",
    "s390x": "linux/s390x",
}
_DEBIAN = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "i686": "i386",
    "ppc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
# Variants that engines add or leave out for the same processor.
_IMPLIED = {"linux/arm64/v8": "linux/arm64", "linux/arm": "linux/arm/v7"}


# What processors run without emulation besides their own.
_NATIVE = {"linux/amd64": ("linux/386",)}


def is_native(platform: str, engine: str) -> bool:
    """Whether an engine's processor runs that platform's programs by itself.

    Args:
        platform: an image's.
        engine: the engine's own.
    """
    return same_platform(platform, engine) or platform in _NATIVE.get(engine, ())


def known_archs() -> frozenset[str]:
    """The architectures whose platforms are known, as `uname -m` says them."""
    return frozenset(_PLATFORMS)


def platform_of(arch: str) -> str:
    """`linux/amd64` for `x86_64`; an unknown architecture stands for itself."""
    return _PLATFORMS.get(arch, f"linux/{arch}")


def debian_arch(arch: str) -> str | None:
    """`amd64` for `x86_64`; None where Debian has no such port."""
    return _DEBIAN.get(arch)


def same_platform(one: str, other: str) -> bool:
    """Whether two platform names mean one platform: `linux/arm64/v8` is `linux/arm64`."""
    return _IMPLIED.get(one, one) == _IMPLIED.get(other, other)
