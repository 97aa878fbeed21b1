"""What a rehearsal's container is held to, seen from inside it; and an engine that only says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.rehearsals import facts_of, seen_of
from tests.support.wheels import make_wheel

from parity.engine import Container, ContainerSpec, Engine
from parity.errors import NotIsolated
from parity.model import PinnedImage, RehearsalPlan

pytestmark = pytest.mark.engine

_MIB = 1 << 20


class Lax:
    """The engine, but it forgets some of what a container shall be held to and says nothing."""

    def __init__(self, engine: Engine, *, extra: Mapping[str, str] | None = None, **forgotten: Any) -> None:
        self._engine = engine
        self._extra = extra or {}
        self._forgotten = forgotten

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @contextmanager
    def container(self, spec: ContainerSpec) -> Iterator[Container]:
        changed = replace(spec, tmpfs={**spec.tmpfs, **self._extra}, **self._forgotten)
        with self._engine.container(changed) as container:
            yield container


def seen(engine: Any, image: PinnedImage, folder: Path, plan: RehearsalPlan) -> Mapping[str, Any]:
    wheel = make_wheel(folder, "alpha", "1.0", {"alpha.py": b""})
    return seen_of(engine, image, facts_of(engine, image), folder / "bundle", [wheel], plan=plan)


def test_limits_hold_as_seen_from_inside(engine: Engine, debian11: PinnedImage, tmp_path: Path) -> None:
    found = seen(engine, debian11, tmp_path, RehearsalPlan(memory=300 * _MIB))
    assert (found["limits"], found["writable"]) == ({"memory": True, "pids": True}, [])


@pytest.mark.parametrize(
    ("forgotten", "limits"),
    [
        ({"memory": None}, {"memory": False, "pids": True}),
        ({"pids": None}, {"memory": True, "pids": False}),
        ({"memory": 400 * _MIB}, {"memory": False, "pids": True}),
    ],
)
def test_limits_that_an_engine_drops_are_missed(
    engine: Engine, debian11: PinnedImage, tmp_path: Path, forgotten: dict[str, Any], limits: dict[str, bool]
) -> None:
    found = seen(Lax(engine, **forgotten), debian11, tmp_path, RehearsalPlan(memory=300 * _MIB))
    assert found["limits"] == limits


def test_a_root_that_can_be_written_is_no_rehearsal(
    engine: Engine, debian11: PinnedImage, tmp_path: Path
) -> None:
    # Asked as the user who installs, who may not write to `/` in any image.
    with pytest.raises(NotIsolated, match="read-only-root"):
        seen(Lax(engine, read_only=False), debian11, tmp_path, RehearsalPlan())


def test_what_else_can_be_written_is_named(engine: Engine, debian11: PinnedImage, tmp_path: Path) -> None:
    # As Podman does: memory of its own over a read-only root.
    odd = Lax(engine, extra={"/opt": "rw,size=1m", "/var/tmp": "rw,size=1m"})
    assert seen(odd, debian11, tmp_path, RehearsalPlan())["writable"] == ["/opt", "/var/tmp"]
