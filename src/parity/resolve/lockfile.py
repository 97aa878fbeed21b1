"""The lock as a file: PEP 751, one wheel and one hash for each package, readable back.

Reading trusts nothing: the file lies in a repository that others write to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypedDict

from packaging.pylock import Package, Pylock, PylockValidationError
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from parity.errors import LockInvalid, LockOutdated
from parity.files import read_lock_file
from parity.model import Lock, LockedImage, LockedWheel, Origin
from parity.model.network import clean_url
from parity.model.toml import TOMLError, parse, place_of, reason
from parity.portable.sha256 import is_sha256
from parity.portable.texts import toml
from parity.portable.wheelfolders import file_address
from parity.resolve.imageline import image_line, read_image

_WHEEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_INDEX_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ARCHIVES = (".whl", ".zip", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
_NOTHING = "packages = []"  # PEP 751 demands the key

LockState = Literal["fresh", "outdated", "missing"]


def lock_path(folder: Path, profile: str) -> Path:
    """Where a profile's lock lies: `pylock.<profile>.toml`, dots replaced as PEP 751 asks."""
    return folder / f"pylock.{profile.replace('.', '-')}.toml"


def lock_state(existing: Lock | None, digest: str) -> LockState:
    """Whether a lock was made from these inputs (see `inputs_digest`)."""
    if existing is None:
        return "missing"
    return "fresh" if existing.inputs == digest else "outdated"


def require_fresh(existing: Lock | None, digest: str, path: Path) -> Lock:
    """What --locked demands: the lock as it is; LockOutdated where it is missing or no longer fits."""
    if existing is None:
        raise LockOutdated("there is no lock yet", where=str(path))
    if existing.inputs != digest:
        raise LockOutdated("requirements, target or index have changed since it was made", where=str(path))
    return existing


def read_lock(path: Path) -> Lock | None:
    """The lock in a file, None where there is no file.

    Raises:
        LockInvalid: it is not a PEP 751 lock of exactly one hashed wheel for each package.
    """
    data = read_lock_file(path)
    if data is None:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = place_of(str(path), data, error)
        raise LockInvalid(f"the lock cannot be read: {reason(error)}", where=place) from error
    return parse_lock(text, str(path))


def parse_lock(text: str, where: str) -> Lock:
    """The lock in a text; LockInvalid as in `read_lock`."""
    try:
        document = parse(text)
        pylock = Pylock.from_dict(document)
        own = _own_table(document)
        wheels = {package.name: _locked(package, own["requested"]) for package in pylock.packages}
    except (TOMLError, PylockValidationError, RecursionError) as error:
        place = place_of(where, text.encode(), error)
        raise LockInvalid(f"not a PEP 751 lock: {reason(error)}", where=place) from error
    except LockInvalid as error:
        place = place_of(where, text.encode(), error)
        raise LockInvalid(error.message, where=place) from error
    if len(wheels) != len(pylock.packages):
        raise LockInvalid("the lock names a package twice", where=where)
    return Lock(
        wheels=tuple(wheels[name] for name in sorted(wheels)),
        requires_python=str(pylock.requires_python or ""),
        inputs=own["inputs"],
        created_by=pylock.created_by,
        variables=tuple(own["variables"]),
        held_back=tuple(own["held_back"]),
        notes=tuple(own["notes"]),
        setuptools_for=tuple(own["setuptools_for"]),
        image=own["image"],
    )


def is_foreign_lock(data: bytes) -> bool:
    """Whether it is a sound lock (PEP 751) of another tool."""
    try:
        document = parse(data.decode("utf-8"))
        Pylock.from_dict(document)
    except (ValueError, PylockValidationError, RecursionError):
        return False
    # A broken lock of ours may be replaced by a new one; what another tool wrote is not ours to replace.
    tool = document.get("tool")
    return not (isinstance(tool, dict) and "parity" in tool)


def write_lock(lock: Lock) -> str:
    """The lock's text; the same lock always gives the same text."""
    lines = [
        'lock-version = "1.0"',
        f"requires-python = {toml(lock.requires_python)}",
        f"created-by = {toml(lock.created_by)}",
    ]
    lines += [] if lock.wheels else [_NOTHING]
    for wheel in lock.wheels:
        lines += ["", *_package_lines(wheel)]
    requested = ", ".join(toml(wheel.name) for wheel in lock.wheels if wheel.requested)
    lines += ["", "[tool.parity]", f"inputs = {toml(lock.inputs)}", f"requested = [{requested}]"]
    lists = {
        "variables": lock.variables,
        "held-back": lock.held_back,
        "notes": lock.notes,
        "setuptools-for": lock.setuptools_for,
    }
    for key, said in lists.items():
        if said:
            lines.append(f"{key} = [{', '.join(map(toml, said))}]")
    if lock.image is not None:
        lines.append(image_line(lock.image))
    return "\n".join(lines) + "\n"


def preferences(versions: Mapping[str, str]) -> str:
    """A lock that names versions and nothing else: what uv prefers where it still fits."""
    lines = ['lock-version = "1.0"', 'created-by = "parity"', *([] if versions else [_NOTHING])]
    for name, version in sorted(versions.items()):
        lines += ["", "[[packages]]", f"name = {toml(name)}", f"version = {toml(version)}"]
    return "\n".join([*lines, ""])


def _package_lines(wheel: LockedWheel) -> list[str]:
    if wheel.origin is not None:
        return _built_lines(wheel, wheel.origin)
    size = "" if wheel.size is None else f"size = {wheel.size}, "
    place = f"path = {toml(wheel.path)}" if wheel.path else f"url = {toml(wheel.url)}"
    file = f"name = {toml(wheel.filename)}, {place}, {size}"
    index = [f"index = {toml(wheel.index)}"] if "://" in wheel.index else []
    named = wheel.index != "default" and not index
    own = ["[packages.tool.parity]", f"index = {toml(wheel.index)}"] if named else []
    return [
        "[[packages]]",
        f"name = {toml(wheel.name)}",
        f"version = {toml(wheel.version)}",
        *index,
        f"wheels = [{{ {file}hashes = {{ sha256 = {toml(wheel.sha256)} }} }}]",
        *own,
    ]


def _built_lines(wheel: LockedWheel, origin: Origin) -> list[str]:
    """A package that is built: PEP 751 names its source, our own table the wheel that came of it."""
    inside = f", subdirectory = {toml(origin.subdirectory)}" if origin.subdirectory else ""
    said = ", ".join(f"{key} = {toml(value)}" for key, value in origin.document().items())
    address = toml(origin.address)
    asked = f", requested-revision = {toml(origin.revision)}" if origin.revision else ""
    archive = f"hashes = {{ sha256 = {toml(origin.sha256)} }}{inside}"
    commit = f"commit-id = {toml(origin.commit)}"
    is_file = origin.address.endswith(_ARCHIVES)
    source = {
        "git": f'vcs = {{ type = "git", url = {address}{asked}, {commit}{inside} }}',
        "url": f"archive = {{ url = {address}, {archive} }}",
        "path": f"archive = {{ path = {address}, {archive} }}"
        if is_file
        else f"directory = {{ path = {address}{inside} }}",
        "sdist": f"sdist = {{ path = {toml(wheel.path)}, {archive} }}"
        if wheel.path
        else f"sdist = {{ url = {address}, {archive} }}",
    }
    address_of: list[str] = []
    name_of: list[str] = []
    if origin.kind == "sdist" and wheel.index != "default":
        (address_of if "://" in wheel.index else name_of).append(f"index = {toml(wheel.index)}")
    return [
        "[[packages]]",
        f"name = {toml(wheel.name)}",
        f"version = {toml(wheel.version)}",
        *address_of,
        source[origin.kind],
        "[packages.tool.parity]",
        *name_of,
        f"wheel = {toml(wheel.filename)}",
        f"sha256 = {toml(wheel.sha256)}",
        f"size = {wheel.size or 0}",
        f"origin = {{ {said} }}",
    ]


class _OwnTable(TypedDict):
    inputs: str
    requested: list[str]
    variables: list[str]
    held_back: list[str]
    notes: list[str]
    setuptools_for: list[str]
    image: LockedImage | None


def _own_table(document: Mapping[str, object]) -> _OwnTable:
    tool = document.get("tool", {})
    own = tool.get("parity") if isinstance(tool, dict) else None
    inputs = own.get("inputs") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(inputs, str):
        raise LockInvalid("the lock was not written by parity: it has no [tool.parity] inputs")
    variables, held_back, notes = (own.get(key, []) for key in ("variables", "held-back", "notes"))
    setuptools_for = own.get("setuptools-for", [])
    names = {"requested": own.get("requested"), "variables": variables, "setuptools-for": setuptools_for}
    for key, said in names.items():
        if not _are_texts(said):
            raise LockInvalid(f"tool.parity.{key} is not a list of names")
    if not _are_texts(held_back) or not _are_texts(notes):
        raise LockInvalid("tool.parity.held-back or tool.parity.notes is not a list of texts")
    return {
        "inputs": inputs,
        "requested": own["requested"],
        "variables": variables,
        "held_back": held_back,
        "notes": notes,
        "setuptools_for": setuptools_for,
        "image": read_image(own.get("image")),
    }


def _are_texts(said: object) -> bool:
    return isinstance(said, list) and all(isinstance(each, str) for each in said)


def _locked(package: Package, requested: list[str]) -> LockedWheel:
    """One package, judged strictly."""
    name = str(package.name)
    if package.is_direct or (package.sdist is not None and "parity" in (package.tool or {})):
        return _built(package, name in requested)
    if not package.wheels or len(package.wheels) != 1 or package.marker is not None:
        raise LockInvalid(f"{name}: a parity lock names exactly one wheel for each package, without marker")
    if package.sdist is not None:
        raise LockInvalid(f"{name}: a source distribution without the wheel that was built from it")
    wheel = package.wheels[0]
    sha256, url = wheel.hashes.get("sha256", ""), wheel.url or ""
    if not is_sha256(sha256):
        raise LockInvalid(f"{name}: no SHA-256, or not 64 lower-case hexadecimal digits")
    index, path = _index_name(package) or package.index or "default", wheel.path or ""
    if path and not url and _INDEX_NAME.fullmatch(index):
        url = _in_folder(name, index, sha256, path)
    if not _is_plain(url):
        raise LockInvalid(f"{name}: the address is not a plain http or https one")
    if wheel.size is not None and wheel.size < 0:
        raise LockInvalid(f"{name}: negative size")
    check_filename(wheel.filename, name, str(package.version))
    if path and path.split("/")[-1] != wheel.filename:
        raise LockInvalid(f"{name}: the path is another file's")
    return LockedWheel(
        name=name,
        version=str(package.version),
        filename=wheel.filename,
        url=url,
        sha256=sha256,
        size=wheel.size,
        requested=name in requested,
        index=index,
        path=path,
    )


def _in_folder(name: str, index: str, sha256: str, path: str) -> str:
    """The address of a file that a lock names by its path in a folder of wheels."""
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or path.startswith("/") or not _FILE_NAME.fullmatch(parts[-1]):
        raise LockInvalid(f"{name}: the path is not a relative one of a wheel or a source distribution")
    return file_address(index, sha256, parts[-1])


def _index_name(package: Package) -> str:
    """The name of the profile's index that a package came from, empty for the default one."""
    own = (package.tool or {}).get("parity", {})
    name = own.get("index", "") if isinstance(own, dict) else None
    if not isinstance(name, str) or (name and not _INDEX_NAME.fullmatch(name)):
        raise LockInvalid(f"{package.name}: tool.parity.index is no name of an index")
    return name


def _built(package: Package, requested: bool) -> LockedWheel:
    """A package that was built from a source, judged as strictly."""
    name, version = str(package.name), str(package.version)
    own = (package.tool or {}).get("parity")
    if not isinstance(own, dict) or not isinstance(own.get("origin"), dict):
        raise LockInvalid(f"{name}: a source without the wheel that was built from it")
    filename, sha256, size = own.get("wheel"), own.get("sha256"), own.get("size")
    if not isinstance(filename, str) or not isinstance(sha256, str) or not is_sha256(sha256):
        raise LockInvalid(f"{name}: the wheel that was built has no file name or no SHA-256")
    # Not isinstance: in Python, true is a whole number.
    if type(size) is not int or size < 0:
        raise LockInvalid(f"{name}: the wheel that was built has no size")
    check_filename(filename, name, version)
    try:
        origin = Origin.read(own["origin"])
    except ValueError as error:
        raise LockInvalid(f"{name}: {error}") from error
    fetched = origin.kind in ("sdist", "url")
    if fetched and not (is_sha256(origin.sha256) and _is_plain(origin.address)):
        raise LockInvalid(f"{name}: its source has no plain http address, or no SHA-256")
    index = _index_name(package) or package.index or "default" if origin.kind == "sdist" else "built"
    path = package.sdist.path or "" if package.sdist else ""
    if path and origin.address != _in_folder(name, index, origin.sha256, path):
        raise LockInvalid(f"{name}: the path is another file's than its source")
    return LockedWheel(name, version, filename, "", sha256, size, requested, index, origin, path)


def _is_plain(url: str) -> bool:
    """Whether it is an http or https address with no user, query or fragment."""
    return url.startswith(("https://", "http://")) and url == clean_url(url)


def check_filename(filename: str, name: str, version: str) -> None:
    """LockInvalid unless it is a plain wheel file name (PEP 427) of that package and version."""
    try:
        parsed = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise LockInvalid(f"{name}: {error}") from error
    fits = parsed[0] == canonicalize_name(name) and str(parsed[1]) == version
    if not fits or not _WHEEL_NAME.fullmatch(filename):
        raise LockInvalid(f"{name} {version}: the file name {filename!r} does not belong to it")
