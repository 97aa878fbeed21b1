"""Images that take long to make, kept below `.state/reach` between runs as archives, with what goes along."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import docker
from tests.reach.say import say
from tests.support.engine import ROOT
from tests.support.once import one_at_a_time

from parity.docker_engine import connect
from parity.engine.guests import small_tar

STATE = ROOT / ".state" / "reach"
_CHUNK = 1 << 20
_HOURS = 7200


class Recipe(NamedTuple):
    """What a system is made by.

    Attributes:
        name: what its images and its folder begin with.
        files: the build's context by name, `Dockerfile` among them.
        arguments: of the build.
        workshop: the target in which all is made; its image is not kept.
        targets: whose images are kept.
        taken: a folder of the workshop that is kept, too; none where it is empty.
    """

    name: str
    files: Mapping[str, bytes]
    arguments: Mapping[str, str]
    workshop: str
    targets: tuple[str, ...]
    taken: str = ""

    @property
    def digest(self) -> str:
        """Twelve digits of all that it consists of."""
        told = hashlib.sha256(repr((sorted(self.files.items()), sorted(self.arguments.items()))).encode())
        return told.hexdigest()[:12]

    def tag(self, target: str) -> str:
        return f"parity-tests/{self.name}-{target}:{self.digest}"

    @property
    def folder(self) -> Path:
        return STATE / f"{self.name}-{self.digest}"


def made(recipe: Recipe) -> Path:
    """See to it that this engine has the images under `recipe.tag`; gives the folder that was taken."""
    with one_at_a_time(STATE), _client() as client:
        if not (recipe.folder / "complete").exists():
            _forget(client, recipe)
            recipe.folder.mkdir(parents=True)
            _make(client, recipe)
            (recipe.folder / "complete").touch()
        for target in recipe.targets:
            if not client.images(name=recipe.tag(target)):
                _load(recipe.folder / f"{target}.tar", recipe.tag(target))
    return recipe.folder / Path(recipe.taken).name


def _forget(client: docker.APIClient, recipe: Recipe) -> None:
    """Remove what older recipes of that name left, here and at the engine."""
    for old in STATE.glob(f"{recipe.name}-*"):
        shutil.rmtree(old)
    for target in (recipe.workshop, *recipe.targets):
        for image in client.images(name=recipe.tag(target).partition(":")[0]):
            for tag in image["RepoTags"] or ():
                client.remove_image(tag, force=True)


def _load(path: Path, tag: str) -> None:
    engine = connect()
    try:
        with path.open("rb") as archive:
            engine.load(iter(lambda: archive.read(_CHUNK), b""), tag)
    finally:
        engine.close()


def _make(client: docker.APIClient, recipe: Recipe) -> None:
    say(f"reach: making {recipe.name} below {recipe.folder} (once; it takes long)")
    for target in (recipe.workshop, *recipe.targets):
        _build(client, recipe, target)
    if recipe.taken:
        _take(client, recipe)
    for target in recipe.targets:
        with (recipe.folder / f"{target}.tar").open("wb") as archive:
            archive.writelines(client.get_image(recipe.tag(target), chunk_size=_CHUNK))
    client.remove_image(recipe.tag(recipe.workshop))


def _build(client: docker.APIClient, recipe: Recipe, target: str) -> None:
    lines = client.build(
        fileobj=io.BytesIO(small_tar(recipe.files)),
        custom_context=True,
        buildargs=dict(recipe.arguments),
        target=target,
        tag=recipe.tag(target),
        rm=True,
        decode=True,
        timeout=_HOURS,
    )
    said: list[str] = []
    for line in lines:
        said.append(str(line.get("stream", "")))
        if "error" in line:
            raise RuntimeError(f"{recipe.name}: {line['error']}\n{''.join(said)[-3000:]}")


def _take(client: docker.APIClient, recipe: Recipe) -> None:
    container = client.create_container(recipe.tag(recipe.workshop), command="true")["Id"]
    packed = recipe.folder / "taken.tar"
    try:
        stream, _ = client.get_archive(container, recipe.taken, chunk_size=_CHUNK)
        with packed.open("wb") as archive:
            archive.writelines(stream)
        subprocess.run(["tar", "-xf", packed, "-C", recipe.folder], check=True)
    finally:
        client.remove_container(container)
        packed.unlink(missing_ok=True)


@contextmanager
def _client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(timeout=_HOURS)
    try:
        yield client
    finally:
        client.close()
