"""The target (exit codes 30 to 39)."""

from __future__ import annotations

from parity.errors.base import ParityError


class ParityMismatch(ParityError):
    """The image is not what the profile says; names both sides of every difference."""

    exit_code = 30
    default_remedy = "correct the profile's target, or name an image that matches it"


class ProbeFailed(ParityError):
    """The image could not be measured, for example because it has no Python."""

    exit_code = 31
    default_remedy = "the image must carry the target's Python on PATH; see `parity docs own-image`"


class PythonUnavailable(ParityError):
    """The standalone interpreter that an environment shall carry could not be had."""

    exit_code = 33
    default_remedy = (
        "see that the place is reached, or name another: UV_PYTHON_INSTALL_MIRROR=ADDRESS, or uv's "
        "`python-install-mirror`, as uv takes them"
    )


class PythonUnfit(ParityError):
    """What was offered as an interpreter is none, or none for this target."""

    exit_code = 34
    default_remedy = "name a mirror or a list of uv's that offers the Python of the target"


class FactsInvalid(ParityError):
    """A file of facts that cannot be read, is damaged or was written by another version."""

    exit_code = 32
    default_remedy = "measure the machine again: `parity probe --script -o probe.py`, carry it there, run it"
