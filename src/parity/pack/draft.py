"""A bundle in the making: everything but the proof, so that it can be rehearsed. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity import farside
from parity.model import (
    BundleFile,
    Facts,
    ImportResult,
    Lock,
    PinnedImage,
    Profile,
    Proof,
    SystemSet,
    WheelSet,
)
from parity.pack.contents import build_manifest, file_of_bytes, payload_order, wheel_files
from parity.pack.othertexts import other_files_text
from parity.pack.system import system_text
from parity.pack.texts import pylock_toml, readme_txt, requirements_txt
from parity.portable.bundle import manifest, ustar

if TYPE_CHECKING:
    from parity.portable.documents.evidence import FactsDocument

_STUBS = {"install.py": "install.py", "install.sh": "install.sh", "serving.py": "farside/serving.py"}
_ROOMS = ("portable", "farside")


@dataclass(frozen=True)
class Draft:
    """What a bundle will hold, before the rehearsal has spoken.

    Attributes:
        profile: whom it is for.
        image: where it is rehearsed.
        facts: of that image.
        wheels: the wheel set; its bytes stay in the engine's store.
        files: every other file but the manifest and the proof.
        uv: uv's wheel among them, None where the target installs with its own pip.
        system: the distribution's packages among them, None where there are none.
    """

    profile: Profile
    image: PinnedImage
    facts: Facts
    wheels: WheelSet
    files: tuple[BundleFile, ...]
    uv: BundleFile | None
    system: SystemSet | None = None

    def manifest(self, files: Sequence[BundleFile], imports: Sequence[ImportResult] = ()) -> bytes:
        """The manifest over these files, with the imports that the far side shall repeat."""
        image = self.image
        return build_manifest(
            target=self.profile.target,
            implementation=self.facts.implementation,
            installer=self.profile.installer,
            uv=self.uv.path if self.uv else None,
            wheels=self.wheels.wheels,
            imports=imports,
            allow=self.profile.rehearsal.allow,
            files=files,
            stand_in=(image.pin, image.stand_in_for) if image.stand_in_for else None,
            system=self.system,
        )

    @property
    def other_files(self) -> tuple[BundleFile, ...]:
        """The profile's other files among them."""
        return tuple(file for file in self.files if file.path.startswith(manifest.OTHER_FILES))

    def rehearsed(self) -> tuple[BundleFile, ...]:
        """The payload's files as the rehearsal sees them: wheels, but no proof yet."""
        return payload_order([*self.files, *wheel_files(self.wheels.wheels)])

    def proved(self, proof: Proof) -> tuple[BundleFile, ...]:
        """The payload's files with the proof among them."""
        return payload_order([*self.rehearsed(), json_file("proof.json", proof.document)])

    def archive(self, below: str = "") -> Iterator[bytes]:
        """A tar of everything but the wheels, for the rehearsal's container.

        Args:
            below: the beginning of the paths that are wanted; the manifest is always there.
        """
        data = self.manifest(self.rehearsed())
        yield from _entry(file_of_bytes(manifest.NAME, data))
        for file in self.files:
            if file.path.startswith(below):
                yield from _entry(file)
        yield ustar.END


def draft(
    profile: Profile,
    image: PinnedImage,
    facts: Facts,
    travelling_facts: FactsDocument,
    lock: Lock,
    wheels: WheelSet,
    *,
    uv: BundleFile | None,
    more: Sequence[BundleFile] = (),
    sync: str = "",
    pip_note: str = "",
    system: SystemSet | None = None,
    system_files: Sequence[BundleFile] = (),
) -> Draft:
    """Everything a bundle holds besides manifest, proof and wheels.

    Args:
        profile: whom it is for.
        image: where it will be rehearsed.
        facts: of that image.
        travelling_facts: the same as a document, without what belongs to the engine's kernel.
        lock: what is installed.
        wheels: its files, in the engine's store.
        uv: uv's wheel, under its path in the payload.
        more: what travels besides, such as a project's metadata.
        sync: the command that syncs a carried project's checkout, empty where none is carried.
        pip_note: what users of the target's own pip must know; see `pips.pip_note`.
        system: the distribution's packages that are carried.
        system_files: their files.
    """
    besides = system_text(system) + other_files_text(more)
    texts = {
        "README.txt": readme_txt(lock, profile.target, profile.installer, sync, pip_note, besides),
        "profile.yaml": profile.document,
        "pylock.toml": pylock_toml(lock),
        "requirements.txt": requirements_txt(lock, profile.target.libc.family, pip_note),
    }
    files = [file_of_bytes(path, text.encode()) for path, text in texts.items()]
    files.append(json_file("facts.json", travelling_facts))
    files.extend(farside_files())
    files.extend([*more, *system_files])
    if uv is not None:
        files.append(uv)
    return Draft(profile, image, facts, wheels, payload_order(files), uv, system)


def farside_files() -> tuple[BundleFile, ...]:
    """The installer as it ships in every bundle: the far side's code and its starters.

    Below `farside/` it lies as in parity itself, beside what it shares with parity.
    """
    folder = Path(farside.__file__).parent
    modules = [file_of_bytes(f"farside/{name}", path.read_bytes()) for name, path in travelling_modules()]
    starters = [file_of_bytes(path, (folder / "stubs" / name).read_bytes()) for name, path in _STUBS.items()]
    return (*modules, *starters)


def travelling_modules() -> tuple[tuple[str, Path], ...]:
    """The modules that run on the target, each with its path below parity's own package."""
    package = Path(farside.__file__).parents[1]
    found = [
        path for room in _ROOMS for path in (package / room).rglob("*.py") if path.parent.name != "stubs"
    ]
    paths = [package / "__init__.py", *sorted(found)]
    return tuple((path.relative_to(package).as_posix(), path) for path in paths)


def json_file(path: str, document: Mapping[str, object]) -> BundleFile:
    """A document as a payload file: sorted keys, so that the same content is the same bytes."""
    return file_of_bytes(path, (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())


def _entry(file: BundleFile) -> Iterator[bytes]:
    yield ustar.header(file.path, file.size)
    if file.open is not None:
        yield from file.open()
    yield ustar.padding(file.size)
