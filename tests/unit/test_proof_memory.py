"""Which engine's proof is used again where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.test_rehearse_judge import GOOD, IMAGE

from parity.engine import EngineInfo
from parity.model import PinnedImage, RehearsalPlan
from parity.pipeline.rehearsal import cache


@dataclass
class Kept:
    documents: dict[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)

    def recall(self, kind: str, key: str) -> Mapping[str, object] | None:
        return self.documents.get((kind, key))

    def keep(self, kind: str, key: str, document: Mapping[str, object]) -> None:
        self.documents[kind, key] = document


def engine(**changes: Any) -> Any:
    usual = {"name": "Docker", "version": "1", "api_version": "1.41", "platform": "linux/amd64"}
    more = {"address": "unix:///a", "cpus": 1, "memory": 1, "storage_driver": "x", "root": "/a"}
    info = EngineInfo(**{**usual, **more, "rootless": False, **changes})
    return SimpleNamespace(info=lambda: info)


def rehearsed(
    monkeypatch: pytest.MonkeyPatch, memory: Kept, at: Any, limits: Any, image: PinnedImage = IMAGE
) -> bool:
    """Rehearse as that engine would; whether it was seen before."""
    seen = {**GOOD, "limits": limits}
    monkeypatch.setattr(cache, "rehearse_bundle", lambda *_, **__: seen)
    draft: Any = SimpleNamespace(
        profile=SimpleNamespace(rehearsal=RehearsalPlan(), target=None),
        image=image,
        facts=None,
        system=None,
        wheels=SimpleNamespace(wheels=()),
        tried=lambda: b"",
    )
    site: Any = SimpleNamespace(memory=memory, engine=at)
    found = cache.rehearsal_of(draft, None, site, lambda: None)  # type: ignore[arg-type]
    if not found.reused:  # as `proof_of` does with what was judged well
        memory.keep("proof", found.key, found.document)
    return found.reused


ALL = {"memory": True, "pids": True}
LAX = {"memory": False, "pids": True}
HERE, THERE = engine(), engine(address="unix:///b", root="/b")


def test_a_proof_under_limits_holds_on_every_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept()
    assert not rehearsed(monkeypatch, memory, HERE, ALL)
    assert rehearsed(monkeypatch, memory, THERE, ALL)


def test_a_proof_without_a_limit_holds_where_it_was_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept()
    assert not rehearsed(monkeypatch, memory, HERE, LAX)
    assert rehearsed(monkeypatch, memory, HERE, LAX)
    assert not rehearsed(monkeypatch, memory, THERE, ALL)
    # The same engine after its host learned to enforce them.
    assert not rehearsed(
        monkeypatch, Kept(dict(list(memory.documents.items())[:1])), engine(unlimited=("memory",)), ALL
    )


def test_an_image_of_another_platform_under_the_same_id_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept()
    other = PinnedImage(IMAGE.id, "", IMAGE.name, "linux/arm64", "local")
    assert not rehearsed(monkeypatch, memory, HERE, ALL)
    assert not rehearsed(monkeypatch, memory, HERE, ALL, other)
