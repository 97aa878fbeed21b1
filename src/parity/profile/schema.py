"""The JSON Schema of profiles, and what it finds wrong, in words a person can act on."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from parity.errors import Problem
from parity.portable.installers.registry import INSTALLERS
from parity.profile.layers import Layer, Trail, problem_at
from parity.profile.scalars import Unclear

_Error = Any
"""A `jsonschema.ValidationError`; its own annotations allow too much to be of use."""

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}
_OTHER_NAMES = {
    "amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64",
    "arm64": "aarch64", "armhf": "armv7l", "i386": "i686", "ppc64el": "ppc64le",
}  # fmt: skip


def schema_text() -> str:
    """The whole schema: JSON, draft 2020-12."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> Any:
    """The schema as it ships, with the choices that other rooms register."""
    text = resources.files("parity.profile").joinpath("schema.json").read_text(encoding="utf-8")
    document = json.loads(text)
    installer = document["properties"]["installer"]
    choices = [f"{each.name}: {each.purpose}." for each in INSTALLERS.values()]
    installer["enum"] = list(INSTALLERS)
    installer["description"] = " ".join([installer["description"], *choices])
    return document


def check(layer: Layer) -> list[Problem]:
    """Everything in which the document departs from the schema, in the document's order."""
    errors = list(_validator().iter_errors(layer.value))
    # Of a value of the wrong type everything else is wrong as well; one sentence is enough.
    wrong_type = {_trail(error) for error in errors if error.validator == "type"}
    problems = [
        problem
        for error in errors
        if error.validator == "type" or _trail(error) not in wrong_type
        for problem in _explain(layer, error)
    ]
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.path))


@cache
def _validator() -> Any:
    kind: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    return kind(_document())


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    # In JSON Schema `$` is the very end; Python's also matches before a last line feed.
    exact = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and not re.search(exact, instance):
        yield ValidationError("does not match")


def _trail(error: _Error) -> Trail:
    return tuple(error.absolute_path)


def _explain(layer: Layer, error: _Error) -> Iterator[Problem]:
    trail = _trail(error)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(layer, error)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        for key in missing:
            yield problem_at(layer, trail, f"the key `{key}` is missing: {_purpose(error, key)}")
    elif error.validator == "type":
        yield problem_at(layer, trail, _type_message(layer, error))
    elif error.validator == "enum":
        allowed = error.validator_value
        known = _OTHER_NAMES.get(str(error.instance).lower(), "")
        hint = known if known in allowed else near(str(error.instance), allowed)
        yield problem_at(layer, trail, f"expected one of {', '.join(allowed)}{_got(error)}", hint)
    else:
        yield problem_at(layer, trail, _limit_message(error))


def _unknown_keys(layer: Layer, error: _Error) -> Iterator[Problem]:
    said = error.schema.get("patternErrorMessage", "")
    allowed = sorted(error.schema.get("properties", ()))
    patterns = [re.compile(each) for each in error.schema.get("patternProperties", ())]
    for key in error.instance:
        if key not in allowed and not any(pattern.fullmatch(str(key)) for pattern in patterns):
            hint = near(str(key), allowed)
            elsewhere = [] if hint else _sections(str(key))
            here = f"unknown key; here may stand: {', '.join(allowed)}"
            if elsewhere:
                here = f"unknown key here; it stands under {' or '.join(elsewhere)}"
            message = here if allowed else f"expected {said or 'the name of a package'}"
            yield problem_at(layer, (*_trail(error), key), message, hint)


def _sections(key: str) -> list[str]:
    """The sections of a profile in which a key may stand, such as `install`; not those within lists."""
    found = []
    todo = [("", _document())]
    while todo:
        path, node = todo.pop()
        for name, each in node.get("properties", {}).items():
            if name == key and path:
                found.append(f"`{path}`")
            todo.append((f"{path}.{name}" if path else name, each))
    return sorted(found)


def _purpose(error: _Error, key: str) -> str:
    title = error.schema["properties"][key]["title"]
    # But not of "OS" or "URL".
    return str(title[0].lower() + title[1:] if title[1:2].islower() else title)


def _type_message(layer: Layer, error: _Error) -> str:
    expected = error.validator_value
    kinds = [expected] if isinstance(expected, str) else list(expected)
    wanted = " or ".join(_KINDS[kind] for kind in kinds)
    value = error.instance
    if value is None:
        return f"is empty; expected {wanted}"
    if isinstance(value, Unclear) and "boolean" in kinds and value.boolean is not None:
        return f"write {str(value.boolean).lower()}; YAML versions read {value.text} differently"
    if isinstance(value, (Unclear, bool, int)) and "string" in kinds:
        text = layer.place(_trail(error)).text
        if any(_validator().evolve(schema=error.schema).iter_errors(text)):
            return f"expected {error.schema.get('patternErrorMessage', wanted)}, not {text}"
        return f'expected {wanted}; write it in quotes: "{text}"{_trap(value)}'
    return f"expected {wanted}, not {_describe(value)}"


def _trap(value: object) -> str:
    if isinstance(value, Unclear) and re.fullmatch(r"[0-9]+\.[0-9]*0", value.text):
        return f" (unquoted, YAML reads the number {float(value.text):g})"
    return ""


def _describe(value: object) -> str:
    if isinstance(value, Unclear):
        return value.text[:40]
    if isinstance(value, (Mapping, list)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    return "text" if isinstance(value, str) and _secret(value) else repr(value)[:40]


def _limit_message(error: _Error) -> str:
    limit = error.validator_value
    if error.validator == "pattern":
        return f"expected {error.schema['patternErrorMessage']}{_got(error)}"
    words = {
        "minLength": "is empty",
        "maxLength": f"is longer than {limit} characters",
        "minProperties": "is empty; expected at least one key",
        "maxItems": f"holds more than {limit} entries",
        "minimum": f"must be at least {limit}",
        "maximum": f"must be at most {limit}",
    }
    return words[str(error.validator)]


def _got(error: _Error) -> str:
    value = error.instance
    return "" if not isinstance(value, str) or _secret(value) else f", not {value[:60]!r}"


def _secret(text: str) -> bool:
    # Addresses may hold credentials: never repeat them.
    return "://" in text or "@" in text


def answer_problem(value: str, *trail: str) -> str:
    """What keeps a text from standing under these keys; empty where nothing does."""
    wanted = _document()
    for key in trail:
        wanted = wanted["properties"][key]
    error = next(_validator().evolve(schema=wanted).iter_errors(value), None)
    if error is None:
        return ""
    if error.validator == "enum":
        meant = _OTHER_NAMES.get(value.lower(), "") or near(value, wanted["enum"])
        hint = f"; did you mean {meant}?" if meant in wanted["enum"] else ""
        return f"expected one of {', '.join(wanted['enum'])}{hint}"
    return f"expected {wanted.get('patternErrorMessage', 'something shorter')}"


def fits(value: object, key: str) -> bool:
    """Whether a value could stand under this top-level key."""
    wanted = _document()["properties"][key]
    return not any(_validator().evolve(schema=wanted).iter_errors(value))


def near(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty where none is near."""
    by_lower = {name.lower(): name for name in known}
    # It takes time with the square of the length, and the word is a stranger's.
    found = difflib.get_close_matches(word.lower()[:100].replace("_", "-"), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
