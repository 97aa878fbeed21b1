"""A checked document to the frozen Profile."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.errors import InputFileError, Problem
from parity.model import (
    ImageSource,
    Libc,
    Limits,
    Profile,
    ProjectPlan,
    RehearsalPlan,
    Requirements,
    SourcePlan,
    SystemPlan,
    Target,
)
from parity.portable.names import normalize_name
from parity.profile.checks import memory_bytes, timeout_seconds
from parity.profile.gems import gems_plan
from parity.profile.gems import travelling as gems_travelling
from parity.profile.indexes import index_settings
from parity.profile.indexes import travelling as index_travelling
from parity.profile.layers import Layer, Trail, problem_at, resolved, value_at
from parity.profile.other_files import other_files, travelling
from parity.profile.search import is_file
from parity.profile.vehicle import vehicle_plan

# `name @ file:///home/me/x.whl`: the folder is this machine's.
_FILE_ADDRESS = re.compile(r"file:[^\s#;]*/")
# `name @ /home/me/x` likewise.
_FULL_PATH = re.compile(r"^([^@#;/]+@\s*)/(?:[^#;]*/)?")
_LABELS = ("product", "version", "serial")
AUTO = "auto"
"""The word that stands for what is found to be missing, alone or beside names: sources, packages."""
_OWN = ("limits", "vehicle")
"""What is about this side alone: the same bundle comes of other limits, and is inside of every vehicle."""


def build(name: str, path: Path, layer: Layer) -> Profile:
    """The value of a document that has passed all checks.

    Raises:
        InputFileError: requirements or constraints files are missing.
    """
    document = layer.value
    rehearsal = rehearsal_plan(document.get("rehearsal", {}))
    return Profile(
        name=name,
        path=path,
        target=_target(document["target"]),
        image=_image(layer, ("image",)),
        requirements=_requirements(layer),
        index=index_settings(layer),
        rehearsal=rehearsal,
        installer=document.get("installer", "uv"),
        exclude_newer=document.get("exclude-newer"),
        product=document.get("product"),
        version=document.get("version"),
        serial=document.get("serial"),
        document=canonical_document(name, layer),
        project=_project(layer),
        sources=_sources(layer),
        gems=gems_plan(layer),
        system=_system(document.get("system-packages", ())),
        other_files=other_files(layer),
        limits=_limits(document.get("limits", {}), rehearsal),
        vehicle=vehicle_plan(layer),
    )


def canonical_document(name: str, layer: Layer) -> str:
    """The merged document as canonical JSON, the same wherever the checkout lies.

    Paths are reduced to base names. Product, version and serial are left out: the signed statement
    carries them, and two releases of the same content must keep one payload digest. So are the limits of
    the machine that builds, and the vehicle, which is made of the finished bundle.
    """
    document = {key: value for key, value in layer.value.items() if key not in _LABELS + _OWN}
    document["name"] = name
    document["image"] = _image_without_folders(document["image"])
    if "image" in (builder := document.get("builder", {})):
        document["builder"] = {**builder, "image": _image_without_folders(builder["image"])}
    if "files" in document:
        document["files"] = [travelling(one) for one in document["files"]]
    if "indexes" in document:
        document["indexes"] = [index_travelling(one) for one in document["indexes"]]
    if "gems" in document:
        document["gems"] = gems_travelling(document["gems"])
    if install := document.get("install"):
        document["install"] = {key: _without_folders(key, value) for key, value in install.items()}
    # ASCII: no editor or locale on its way can change a byte of it.
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"


def _without_folders(key: str, value: Any) -> object:
    """A part of `install` as it travels."""
    if key == "project":
        return {**value, "path": _base_name(value["path"])}
    if key == "script":
        return _base_name(value)
    if key == "requirements":
        return [_FULL_PATH.sub(r"\1", _FILE_ADDRESS.sub("file:", line)) for line in value]
    return value if key in ("build-from-source", "held-back") else [_base_name(line) for line in value]


def _image_without_folders(image: object) -> object:
    if isinstance(image, dict) and "folder" in image:
        return {**image, "folder": _base_name(image["folder"])}
    return image


def _base_name(path: str) -> str:
    return Path(path).name or path


def _target(target: Mapping[str, Any]) -> Target:
    system = target["os"]
    return Target(
        system["id"], system["version"], Libc.parse(target["libc"]), target["python"], target["arch"]
    )


def _image(layer: Layer, trail: Trail) -> ImageSource:
    image: Any = value_at(layer, trail)
    if isinstance(image, str):
        return ImageSource(reference=image)
    if "folder" not in image:
        return ImageSource(reference=image["reference"])
    return ImageSource(image.get("reference"), resolved(layer, (*trail, "folder"), image["folder"]))


def _sources(layer: Layer) -> SourcePlan:
    builder = layer.value.get("builder", {})
    install = layer.value.get("install", {})
    names = source_names(install)
    said = builder.get("packages", ())
    packages = (said,) if isinstance(said, str) else tuple(said)
    return SourcePlan(
        names=tuple(normalize_name(name) for name in names if name != AUTO),
        builder=_image(layer, ("builder", "image")) if "image" in builder else None,
        packages=tuple(name for name in packages if name != AUTO),
        bring=AUTO in packages,
        constraints=_by_package(builder.get("build-constraints", ())),
        versions=tuple((normalize_name(name), said) for name, said in builder.get("versions", {}).items()),
        fetch=_by_package(builder.get("fetch", ())),
        requirements=_by_package(builder.get("build-requirements", {})),
        apart=bool(names) or "builder" in layer.value,
        auto=AUTO in names,
        strict=install.get("held-back") == "error",
    )


def source_names(install: Mapping[str, Any]) -> list[str]:
    """What `build-from-source` says, always as a list; `auto` may be among the names."""
    said = install.get("build-from-source", [])
    return [said] if isinstance(said, str) else list(said) if isinstance(said, list) else []


def _by_package(said: Sequence[str] | Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """(package, line) of lists by package; the package is empty for a list that is for all."""
    lists = said if isinstance(said, Mapping) else {"": said}
    return tuple((normalize_name(name) if name else "", line) for name in lists for line in lists[name])


def _system(said: str | Sequence[str]) -> SystemPlan:
    words = (said,) if isinstance(said, str) else said
    return SystemPlan(tuple(word for word in words if word != AUTO), auto=AUTO in words)


def missing_files(layer: Layer) -> list[Problem]:
    """The requirements and constraints files that are not there."""
    return [
        problem_at(layer, trail, f"there is no file {path}")
        for key in ("files", "constraints")
        for trail, path in _files(layer, key)
        if not is_file(path)
    ]


def _requirements(layer: Layer) -> Requirements:
    if missing := missing_files(layer):
        first = missing[0]
        raise InputFileError(
            first.message,
            where=f"{first.file}:{first.line}" if first.line else first.file,
            remedy="mend the path, or name a file that is there",
            details=tuple(str(problem) for problem in missing[1:]),
        )
    return Requirements(
        inline=tuple(layer.value.get("install", {}).get("requirements", ())),
        files=tuple(path for _, path in _files(layer, "files")),
        constraints=tuple(path for _, path in _files(layer, "constraints")),
        folder=_folder_of(layer, ("install", "requirements")),
    )


def _folder_of(layer: Layer, trail: Trail) -> Path:
    """The folder of the file in which a value of the merged document stands."""
    return resolved(layer, trail, ".")


def _project(layer: Layer) -> ProjectPlan | None:
    plan, script = (layer.value.get("install", {}).get(key) for key in ("project", "script"))
    if script is not None:
        path = resolved(layer, ("install", "script"), script)
        return ProjectPlan(folder=path.parent, script=path.name)
    if plan is None:
        return None
    groups = plan.get("groups")
    return ProjectPlan(
        folder=resolved(layer, ("install", "project", "path"), plan["path"]),
        extras=tuple(plan.get("extras", ())),
        groups=None if groups is None else tuple(groups),
        lock=plan.get("lock", "auto"),
        package=plan.get("package", ""),
        only_dependencies=plan.get("only-dependencies", False),
    )


def _files(layer: Layer, key: str) -> list[tuple[Trail, Path]]:
    lines = layer.value.get("install", {}).get(key, ())
    trails: list[Trail] = [("install", key, number) for number in range(len(lines))]
    return [(trail, resolved(layer, trail, line)) for trail, line in zip(trails, lines, strict=True)]


def _limits(said: Mapping[str, Any], rehearsal: RehearsalPlan) -> Limits:
    """The `limits` mapping of a checked document, with what is usual for what it leaves out.

    Who gives more time to the rehearsal than is usual for building means building, too.
    """
    times = {key: timeout_seconds(value) for key, value in said.items() if key != "memory"}
    found = {key.replace("-", "_"): seconds for key, seconds in times.items()}
    if "memory" in said:
        found["memory"] = memory_bytes(said["memory"])
    found.setdefault("building", max(Limits.building, rehearsal.timeout))
    return Limits(**found)


def rehearsal_plan(plan: Mapping[str, Any]) -> RehearsalPlan:
    """The `rehearsal` mapping of a checked document, with what is usual for what it leaves out."""
    usual = RehearsalPlan()
    imports = plan.get("imports", usual.imports)
    named: Mapping[str, Any] = {} if isinstance(imports, bool) else imports
    return RehearsalPlan(
        imports=imports if isinstance(imports, bool) else True,
        require=tuple(named.get("require", ())),
        skip=tuple(named.get("skip", ())),
        environment=tuple(sorted(plan.get("environment", {}).items())),
        commands=tuple(plan.get("commands", ())),
        memory=memory_bytes(plan["memory"]) if "memory" in plan else usual.memory,
        timeout=timeout_seconds(plan["timeout"]) if "timeout" in plan else usual.timeout,
        missing_libraries=plan.get("missing-libraries", usual.missing_libraries),
        allow=tuple(plan.get("allow", ())),
        disk=memory_bytes(plan["disk"]) if "disk" in plan else usual.disk,
    )
