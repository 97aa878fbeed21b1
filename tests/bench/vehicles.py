"""Other vehicles of our bundle: each export, with its trial, beside a rehearsal of the bundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.large import MEGABYTE
from tests.bench.ours import Ours
from tests.bench.place import Place

# The first image has its base's layers from the engine, the second as the first kept them.
_KINDS: dict[str, tuple[str, ...]] = {
    "image": ("image",),
    "image-again": ("image",),
    "environment": ("environment", "--prefix", "/opt/app"),
}


def rehearsal_and_exports(place: Place, ours: Ours) -> Iterator[tuple[str, float]]:
    """Keys of the plan with seconds, and with millions of bytes."""
    key = Path(ours.built["public_key"])
    place.forget()
    rehearsed = ours.run("verify", ours.bundle, "--key", key, "--rehearse", "--json")
    yield "rehearse", rehearsed.seconds
    ours.forget_layers()
    for kind, words in _KINDS.items():
        out = place.fresh("exported")
        place.forget()
        made = ours.run("export", *words, ours.bundle, "-o", out, "--json")
        yield f"export-{kind}", made.seconds
        yield f"peak-export-{kind}", made.peak_bytes / MEGABYTE
