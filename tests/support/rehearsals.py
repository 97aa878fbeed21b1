"""Rehearsals of made-up wheels in a real container, without the rest of a build."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.recorder import Recorder
from tests.support.unpacked import target, unpacked, uv_wheel

from parity.engine import Engine
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.probe import measure, parse_facts
from parity.rehearse import Carried, rehearse

DEBIAN11 = target("debian", "11", (2, 31), "3.9")


def facts_of(engine: Engine, image: PinnedImage) -> Facts:
    """The image's facts, measured."""
    return parse_facts(measure(engine, image, "3.9"), image.name)


def seen_of(
    engine: Engine,
    image: PinnedImage,
    facts: Facts,
    folder: Path,
    wheels: Iterable[Path],
    *,
    plan: RehearsalPlan | None = None,
    requested: Sequence[str] = (),
) -> Mapping[str, Any]:
    """What a rehearsal of these wheels saw in Debian 11; errors as `rehearse`."""
    bundle = unpacked(folder, wheels, aim=DEBIAN11, uv=uv_wheel())
    data = tar_of_folder(bundle)
    carried = Carried(lambda: [data], None, tuple(requested), len(data))
    return rehearse(engine, image, facts, plan or RehearsalPlan(), carried, Recorder())


def tar_of_folder(folder: Path) -> bytes:
    """Its files, readable for everybody."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            info = archive.gettarinfo(path, path.relative_to(folder).as_posix())
            info.uid = info.gid = 0
            info.mode = 0o755 if path.is_dir() else 0o644
            if path.is_dir():
                archive.addfile(info)
            else:
                with path.open("rb") as content:
                    archive.addfile(info, content)
    return buffer.getvalue()
