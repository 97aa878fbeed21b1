"""SHA-256 as text. Standard library only, Python 3.6 and later."""

import re

_SHA256 = re.compile("[0-9a-f]{64}")


def is_sha256(said: object) -> bool:
    """Whether it is a SHA-256 as parity writes it: 64 lower-case hexadecimal digits, and nothing else.

    Such a text becomes a file's name; so what an index, a lock or a guest calls a digest is asked here.
    """
    return isinstance(said, str) and _SHA256.fullmatch(said) is not None
