"""The profile's `vehicle`: read, and judged beyond what the schema can say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from parity.errors import Problem
from parity.model import VehiclePlan, WordFault, entry_words, word_fault
from parity.profile.layers import Layer, Trail, problem_at

_KEY = "vehicle"
_WITH_PYTHON = "with-python"
_BUNDLE, _IMAGE, _ENVIRONMENT = "bundle", "image", "environment"
_WORDS: Mapping[str, tuple[str, ...]] = {
    _BUNDLE: (),
    _IMAGE: ("prefix", "name", "user", "entrypoint", "base-on-site"),
    _ENVIRONMENT: ("prefix", _WITH_PYTHON),
}
"""Which words each form takes; what else a mapping may hold is the schema's."""


def vehicle_plan(layer: Layer) -> VehiclePlan:
    """What a document that passed all checks says of it."""
    said = _said(layer)
    return VehiclePlan(
        form=said["form"],
        prefix=said.get("prefix", ""),
        name=said.get("name", ""),
        user=said.get("user", ""),
        entrypoint=entry_words(said["entrypoint"]) if "entrypoint" in said else (),
        base_on_site=said.get("base-on-site", ""),
        with_python=said.get(_WITH_PYTHON, False),
    )


def problems(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """What is wrong with a vehicle that fits the schema.

    Args:
        layer: the merged document.
        faulty: the paths of values whose problems are known already; one of the vehicle and none is judged.
    """
    if any(path == _KEY or path.startswith(f"{_KEY}.") for path in faulty):
        return []
    said = _said(layer)
    faults = [*_faults(said), *_beside(layer, said["form"])]
    return [problem_at(layer, trail, message) for trail, message in faults]


def _said(layer: Layer) -> Mapping[str, Any]:
    said: Any = layer.value.get(_KEY, _BUNDLE)
    # The short form: `vehicle: image`.
    return {"form": said} if isinstance(said, str) else said


def _faults(said: Mapping[str, Any]) -> Iterator[tuple[Trail, str]]:
    form = said["form"]
    for key in (each for each in said if each != "form"):
        if key not in _WORDS[form]:
            others = " or ".join(each for each, words in _WORDS.items() if key in words)
            yield (
                (_KEY, key),
                f"is of the form {others}, not of {form}: leave it out, or change the form",
            )
        elif key == _WITH_PYTHON:
            continue  # a flag, of which the schema says all
        elif key == "entrypoint":
            if not _is_command(said[key]):
                yield (_KEY, key), "is no command: write words as for a shell, its quotes closed"
        elif fault := word_fault(key, said[key]) or _fault_in_image(form, key, said[key]):
            yield (_KEY, key), f"{fault.message}: {fault.remedy}"


def _fault_in_image(form: str, key: str, text: str) -> WordFault | None:
    return word_fault("image-prefix", text) if (form, key) == (_IMAGE, "prefix") else None


def _is_command(line: str) -> bool:
    try:
        entry_words(line)
    except ValueError:
        return False
    return True


def _beside(layer: Layer, form: str) -> Iterator[tuple[Trail, str]]:
    """What stands elsewhere in the profile and cannot travel in this form."""
    wanted = layer.value.get("system-packages", ())
    # `auto` may find nothing missing; the export tells where it found something.
    named = [each for each in wanted if each != "auto"] if isinstance(wanted, list) else []
    if form == _ENVIRONMENT and named:
        yield (
            ("system-packages",),
            "an environment cannot carry them: say `vehicle: image`, or put them into the profile's image",
        )
