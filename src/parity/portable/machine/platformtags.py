"""Wheel tags that this interpreter and its C library can run (PEP 425, 600, 656), and that library.

The order is that of `packaging.tags.sys_tags()`, which a target need not have.
Standard library only, Python 3.6 and later.
"""

import os
import re
import struct
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from ..documents.bundles import LibcFamily

_MANYLINUX_ARCHS = {"x86_64", "i686", "aarch64", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"}
# PEP 600's aliases of the older names.
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_SHORT_NAMES = {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
# elf(5): the program header that names the loader.
_PT_INTERP = 3
_LOADER_TIMEOUT = 20

# Per (class, byte order) of an ELF file: offset and format of e_phoff, offset of e_phentsize and
# e_phnum, and where p_offset and p_filesz stand in a program header.
_ELF_LAYOUTS = {
    (1, 1): (28, "<I", 42, "<HH", (4, "<I"), (16, "<I")),
    (1, 2): (28, ">I", 42, ">HH", (4, ">I"), (16, ">I")),
    (2, 1): (32, "<Q", 54, "<HH", (8, "<Q"), (32, "<Q")),
    (2, 2): (32, ">Q", 54, ">HH", (8, ">Q"), (32, ">Q")),
}


class LibcVersion(NamedTuple):
    """A C library: `glibc` or `musl`, its (major, minor) version and that version as it says it."""

    family: "LibcFamily"
    version: Tuple[int, int]
    text: str


def measure_libc() -> Optional[LibcVersion]:
    """The C library under this interpreter; None where it is neither glibc nor musl."""
    text = _glibc_version()
    if text:
        return _libc("glibc", text)
    # musl has no function that tells its version; only its loader says it.
    text = _musl_version(sys.executable)
    return _libc("musl", text) if text else None


def _libc(family: "LibcFamily", text: str) -> Optional[LibcVersion]:
    match = re.match(r"(\d+)\.(\d+)", text)
    return LibcVersion(family, (int(match.group(1)), int(match.group(2))), text) if match else None


def numbers_of(text: str) -> Tuple[int, ...]:
    """The numbers that a version begins with, five digits each at most: (1, 2, 5) of `1.2.5-git`."""
    match = re.match(r"\d{1,5}(?:\.\d{1,5})*", text[:100], re.ASCII)
    return tuple(int(number) for number in match.group(0).split(".")) if match else ()


def _glibc_version() -> str:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, OSError, ValueError):
        return _glibc_version_by_ctypes()
    return version if name == "glibc" else ""


def _glibc_version_by_ctypes() -> str:
    try:
        import ctypes  # noqa: PLC0415 - some interpreters are built without it

        function = ctypes.CDLL(None).gnu_get_libc_version
    except (ImportError, OSError, AttributeError):
        return ""
    function.restype = ctypes.c_char_p
    return str(function().decode("ascii", "replace"))


def _musl_version(executable: str) -> str:
    """What musl's loader says of itself: run without arguments it prints its version on stderr."""
    loader = elf_loader(executable)
    if "musl" not in loader:
        return ""
    try:
        done = subprocess.run(
            [loader], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=_LOADER_TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return musl_version_in(done.stderr.decode("utf-8", "replace"))


def musl_version_in(banner: str) -> str:
    """The version in musl's banner (`musl libc (x86_64)`, then `Version 1.2.5`); empty if there is none."""
    match = re.match(r"musl libc[^\n]*\nVersion (\d+\.\d+[^\s]*)", banner)
    return match.group(1) if match else ""


def elf_loader(executable: str) -> str:
    """The loader named in an ELF program's PT_INTERP header; empty for a static or foreign file."""
    try:
        with open(executable, "rb") as handle:
            head = handle.read(64)
            layout = _ELF_LAYOUTS.get((head[4], head[5])) if head[:4] == b"\x7fELF" else None
            if layout is None:
                return ""
            phoff_at, phoff_form, sizes_at, sizes_form, where, length = layout
            start = struct.unpack_from(phoff_form, head, phoff_at)[0]
            size, count = struct.unpack_from(sizes_form, head, sizes_at)
            handle.seek(start)
            table = handle.read(size * count)
            for at in range(0, size * count, size or 1):
                # p_type has 4 bytes in the file's byte order
                if struct.unpack_from(where[1][0] + "I", table, at)[0] == _PT_INTERP:
                    handle.seek(struct.unpack_from(where[1], table, at + where[0])[0])
                    raw = handle.read(min(4096, struct.unpack_from(length[1], table, at + length[0])[0]))
                    return os.fsdecode(raw.rstrip(b"\0"))
    except (OSError, struct.error, IndexError, ValueError):
        return ""
    return ""


def platform_tags(libc: Optional[LibcVersion]) -> List[str]:
    """Platform tags (PEP 600, 656), nearest first: `linux_x86_64`, then `manylinux_2_31_x86_64` and so on."""
    archs = _archs()
    if not archs:
        return [_plain(sysconfig.get_platform())]
    tags = ["linux_" + arch for arch in archs]
    if libc is not None and libc.family == "glibc":
        tags += _manylinux_tags(libc.version, archs)
    elif libc is not None:
        tags += [
            f"musllinux_{libc.version[0]}_{minor}_{arch}"
            for arch in archs
            for minor in range(libc.version[1], -1, -1)
        ]
    return tags


def _archs() -> List[str]:
    platform = _plain(sysconfig.get_platform())
    if not platform.startswith("linux_"):
        return []
    arch = platform[len("linux_") :]
    if pointer_bits() == 32:  # noqa: PLR2004
        # A 32-bit Python on a 64-bit kernel.
        arch = {"x86_64": "i686", "aarch64": "armv8l"}.get(arch, arch)
    return ["armv8l", "armv7l"] if arch == "armv8l" else [arch]


def _manylinux_tags(libc: Tuple[int, int], archs: List[str]) -> List[str]:
    # manylinux for 32-bit ARM means hard float (PEP 599); its ABI stands in the suffix of extensions.
    hard_float = "gnueabihf" in str(sysconfig.get_config_var("EXT_SUFFIX"))
    if not set(archs) & _MANYLINUX_ARCHS and not ("armv7l" in archs and hard_float):
        return []
    # glibc 2.5 is manylinux1, and only x86 had anything before manylinux2014.
    oldest = 5 if set(archs) & {"x86_64", "i686"} else 17
    tags = []
    for arch in archs:
        for minor in range(libc[1], oldest - 1, -1):
            tags.append(f"manylinux_{libc[0]}_{minor}_{arch}")
            if (libc[0], minor) in _LEGACY:
                tags.append(_LEGACY[libc[0], minor] + "_" + arch)
    return tags


def pointer_bits() -> int:
    """32 or 64: what the interpreter is, which may be less than what the machine is."""
    return struct.calcsize("P") * 8


def wheel_tags(libc: Optional[LibcVersion]) -> List[str]:
    """All tags `python-abi-platform` (PEP 425) that this interpreter can run, most preferred first."""
    platforms = platform_tags(libc)
    tags = list(_cpython_tags(platforms) if sys.implementation.name == "cpython" else _other_tags(platforms))
    versions = _py_versions()
    tags += [f"{version}-none-{platform}" for version in versions for platform in platforms]
    short = _SHORT_NAMES.get(sys.implementation.name)
    own = {"cp": "cp" + _nodot(sys.version_info[:2]), "pp": "pp3"}.get(short or "")
    tags += [own + "-none-any"] if own else []
    return tags + [f"{version}-none-any" for version in versions]


def _py_versions() -> List[str]:
    major, minor = sys.version_info[:2]
    older = [f"py{major}{number}" for number in range(minor - 1, -1, -1)]
    return [f"py{major}{minor}", f"py{major}"] + older  # noqa: RUF005 - the same line, twice as long


def _cpython_tags(platforms: List[str]) -> Iterator[str]:
    interpreter = "cp" + _nodot(sys.version_info[:2])
    abis = cpython_abis()
    # A free-threaded build runs abi3t (PEP 803) instead of abi3.
    stable = "abi3t" if "t" in abis[0][len(interpreter) :] else "abi3"
    for abi in [*abis, stable, "none"]:
        for platform in platforms:
            yield f"{interpreter}-{abi}-{platform}"
    for minor in range(sys.version_info[1] - 1, 1, -1):
        for platform in platforms:
            yield f"cp{_nodot((3, minor))}-{stable}-{platform}"


def cpython_abis() -> List[str]:
    """The ABIs this CPython loads: `cp39`, `cp36m`, `cp313t`, `cp312d`; the exact one first."""
    version = "cp" + _nodot(sys.version_info[:2])
    debug = sysconfig.get_config_var("Py_DEBUG")
    flags = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    is_debug = bool(debug) or (debug is None and hasattr(sys, "gettotalrefcount"))
    abis = [version + flags + ("d" if is_debug else "")]
    # Until 3.7 `m` stood for pymalloc; 3.8 dropped it (bpo-36707).
    if sys.version_info < (3, 8):
        pymalloc = sysconfig.get_config_var("WITH_PYMALLOC")
        return [abis[0] + ("m" if pymalloc or pymalloc is None else "")]
    return [*abis, version + flags] if is_debug else abis


def _other_tags(platforms: List[str]) -> Iterator[str]:
    name = sys.implementation.name
    interpreter = _SHORT_NAMES.get(name, name) + _nodot(sys.version_info[:2])
    # `.pypy39-pp73-x86_64-linux-gnu.so` → `pypy39_pp73`
    parts = str(sysconfig.get_config_var("EXT_SUFFIX") or "").split(".")
    abi = "_".join(parts[1].split("-")[:2]) if len(parts) > 2 else ""  # noqa: PLR2004
    for one in [_plain(abi), "none"] if abi else ["none"]:
        for platform in platforms:
            yield f"{interpreter}-{one}-{platform}"


def _nodot(version: Tuple[int, ...]) -> str:
    return "".join(str(number) for number in version)


def _plain(text: str) -> str:
    return text.replace(".", "_").replace("-", "_").replace(" ", "_")
