"""The profile's image made present: local, pulled, built or bootstrapped."""

from parity.images.bootstrap import ImageMaker, Machine
from parity.images.builders import Builder, builder_for, builder_of, target_of
from parity.images.ensure import ensure_image, pinned
from parity.images.folder import folder_digest, image_tag
from parity.images.listing import ImageRow, list_images
from parity.images.locked import image_by_lock
from parity.images.platforms import is_native, known_archs, platform_of
from parity.images.references import short_pin
from parity.images.remedies import program_of, registry_of, registry_remedy
from parity.images.running import demand_runs

__all__ = [
    "Builder",
    "ImageMaker",
    "ImageRow",
    "Machine",
    "builder_for",
    "builder_of",
    "demand_runs",
    "ensure_image",
    "folder_digest",
    "image_by_lock",
    "image_tag",
    "is_native",
    "known_archs",
    "list_images",
    "pinned",
    "platform_of",
    "program_of",
    "registry_of",
    "registry_remedy",
    "short_pin",
    "target_of",
]
