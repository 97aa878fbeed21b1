"""Two paths that change places in one step (renameat2(2), RENAME_EXCHANGE)."""

import errno
import os
from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    import ctypes

_EXCHANGE = 2
_HERE = -100
# The call's number where the C library has no function for it (glibc before 2.28).
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "ppc64le": 357, "s390x": 347}
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV, errno.EPERM)
"""What kernels and file systems answer that know no exchange, seccomp filters (EPERM) among them."""


def exchange(one: str, other: str) -> None:
    """Let two paths of one file system change places in one step.

    Raises:
        OSError: they did not; ENOSYS where the system, or this Python, has no such call.
    """
    try:
        import ctypes  # noqa: PLC0415 - some Pythons are built without it
    except ImportError:
        raise _nothing_of_it() from None
    # By ctypes: Python's `os` has no call for it.
    call, first = _renameat2(ctypes.CDLL(None, use_errno=True))
    if call(*first, _HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), other)


def _renameat2(library: "ctypes.CDLL") -> "Tuple[ctypes._NamedFuncPointer, Tuple[int, ...]]":
    """The C function, and what it gets before the call's own words."""
    if hasattr(library, "renameat2"):
        return library.renameat2, ()
    number = _RENAMEAT2.get(os.uname().machine)
    if number is None:
        raise _nothing_of_it()
    return library.syscall, (number,)


def _nothing_of_it() -> OSError:
    return OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
