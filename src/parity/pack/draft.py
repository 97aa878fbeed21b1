"""A bundle in the making: everything but the proof, so that it can be rehearsed. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from parity import farside
from parity.model import (
    AskedFile,
    BundleFile,
    Facts,
    GemSet,
    ImportResult,
    Lock,
    PinnedImage,
    Profile,
    Proof,
    SystemSet,
    WheelSet,
)
from parity.pack.contents import build_manifest, file_of_bytes, payload_order, wheel_files
from parity.pack.gems import gems_text
from parity.pack.othertexts import other_files_text
from parity.pack.system import system_text
from parity.pack.texts import pylock_toml, readme_txt, requirements_txt
from parity.portable.bundle import manifest, ustar

if TYPE_CHECKING:
    from parity.portable.documents.evidence import FactsDocument

_PROFILE = "profile.yaml"
_STUBS = {"install.py": "install.py", "install.sh": "install.sh", "serving.py": "farside/serving.py"}
_ROOMS = ("portable", "farside")


@dataclass(frozen=True)
class Draft:
    """What a bundle will hold, before the rehearsal has spoken.

    Attributes:
        profile: whom it is for.
        image: where it is rehearsed.
        facts: of that image.
        travelling_facts: the same as a document, without what belongs to the engine's kernel.
        lock: what is installed.
        wheels: the wheel set; its bytes stay in the engine's store.
        uv: uv's wheel under its path in the payload, None where the target installs with its own pip.
        more: what travels besides, such as a project's metadata and the profile's other files.
        sync: the command that syncs a carried project's checkout, empty where none is carried.
        pip_note: what users of the target's own pip must know; see `pips.pip_note`.
        system: the distribution's packages that are carried, None where there are none.
        system_files: their files.
        asked: what says what was asked for.
        gems: the Ruby gems that are carried, None where there are none.
        gem_files: their files.
    """

    profile: Profile
    image: PinnedImage
    facts: Facts
    travelling_facts: FactsDocument
    lock: Lock
    wheels: WheelSet
    uv: BundleFile | None = None
    more: tuple[BundleFile, ...] = ()
    sync: str = ""
    pip_note: str = ""
    system: SystemSet | None = None
    system_files: tuple[BundleFile, ...] = ()
    asked: tuple[AskedFile, ...] = ()
    gems: GemSet | None = None
    gem_files: tuple[BundleFile, ...] = ()

    def with_system(self, system: SystemSet | None, files: tuple[BundleFile, ...]) -> Draft:
        """The same bundle with these packages of the distribution, and no others."""
        return replace(self, system=system, system_files=files)

    def with_gems(self, gems: GemSet, files: tuple[BundleFile, ...]) -> Draft:
        """The same bundle with these gems."""
        return replace(self, gems=gems, gem_files=files)

    @cached_property
    def files(self) -> tuple[BundleFile, ...]:
        """Every file but the manifest, the proof and the wheels."""
        texts = {
            "README.txt": self._readme(),
            _PROFILE: self.profile.document,
            "pylock.toml": pylock_toml(self.lock),
            "requirements.txt": requirements_txt(self.lock, self.profile.target.libc.family, self.pip_note),
        }
        files = [file_of_bytes(path, text.encode()) for path, text in texts.items()]
        files.append(json_file("facts.json", self.travelling_facts))
        files += [*farside_files(), *self.more, *self.system_files, *self.gem_files]
        files += [each.file for each in self.asked]
        return payload_order([*files, self.uv] if self.uv else files)

    def _readme(self) -> str:
        profile, besides = (
            self.profile,
            system_text(self.system) + gems_text(self.gems) + other_files_text(self.more),
        )
        return readme_txt(
            self.lock,
            profile.target,
            profile.installer,
            self.sync,
            pip_note=self.pip_note,
            besides=besides,
            stand_in=self._stand_in,
        )

    @property
    def _stand_in(self) -> tuple[str, str] | None:
        image = self.image
        return (image.name, image.stand_in_for) if image.stand_in_for else None

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
            asked=self.asked,
            indexes={each.name: "" if each.folder else each.url for each in self.profile.index.named},
            stand_in=(image.pin, image.stand_in_for) if image.stand_in_for else None,
            system=self.system,
            gems=self.gems,
        )

    @property
    def other_files(self) -> tuple[BundleFile, ...]:
        """The profile's other files among them."""
        return tuple(file for file in self.files if file.path.startswith(manifest.OTHER_FILES))

    def rehearsed(self) -> tuple[BundleFile, ...]:
        """The payload's files as the rehearsal sees them: wheels, but no proof yet."""
        return payload_order([*self.files, *wheel_files(self.wheels.wheels)])

    def tried(self) -> bytes:
        """The manifest of what a rehearsal comes to read or run: without the words that asked for it."""
        # Neither file is read by an installer or a package; both are in the manifest that is signed.
        unasked = replace(self, asked=())
        return unasked.manifest([file for file in unasked.rehearsed() if file.path != _PROFILE])

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


def farside_files() -> tuple[BundleFile, ...]:
    """The installer as it ships in every bundle: the far side's code and its starters.

    Below `farside/` it lies as in parity itself, beside what it shares with parity.
    """
    folder = Path(farside.__file__).parent
    modules = [file_of_bytes(f"farside/{name}", path.read_bytes()) for name, path in travelling_modules()]
    starters = [file_of_bytes(path, (folder / "stubs" / name).read_bytes()) for name, path in _STUBS.items()]
    return (*modules, *starters)


def farside_archive() -> Iterator[bytes]:
    """A tar of the installer alone, for a container in which it makes an environment."""
    for file in farside_files():
        yield from _entry(file)
    yield ustar.END


def travelling_modules() -> tuple[tuple[str, Path], ...]:
    """The modules that run on the target, each with its path below parity's own package."""
    package = Path(farside.__file__).parents[1]
    # All modules of the rooms, not those that are named somewhere: an import added tomorrow travels, too.
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
