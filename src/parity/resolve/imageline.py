"""The image in a lock: one line of `[tool.parity]`, read as strictly as all of it."""

from __future__ import annotations

import re

from parity.errors import LockInvalid
from parity.model import LockedImage
from parity.portable.texts import toml

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:/@\[\]-]{0,511}")
_PLATFORM = re.compile(r"[a-z0-9]+(/[a-z0-9_.]+){1,2}")


def image_line(image: LockedImage) -> str:
    """The line."""
    digest = f", digest = {toml(image.digest)}" if image.digest else ""
    return (
        f"image = {{ reference = {toml(image.reference)}, platform = {toml(image.platform)}, "
        f"content = {toml(image.content)}{digest} }}"
    )


def read_image(said: object) -> LockedImage | None:
    """What the line says, None where there is none.

    Raises:
        LockInvalid: it is none.
    """
    if said is None:
        return None
    kinds = {"reference": _REFERENCE, "platform": _PLATFORM, "content": _DIGEST, "digest": _DIGEST}
    if not isinstance(said, dict) or not {"reference", "platform", "content"} <= set(said) <= set(kinds):
        raise LockInvalid("tool.parity.image does not say reference, platform and content")
    for key, value in said.items():
        if not isinstance(value, str) or not kinds[key].fullmatch(value):
            raise LockInvalid(f"tool.parity.image: {key} is none: {value!r}")
    return LockedImage(said["reference"], said["platform"], said["content"], said.get("digest", ""))
