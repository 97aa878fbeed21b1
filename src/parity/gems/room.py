"""The containers in which Ruby works for gems: one that has network and nothing else, one that has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from parity.engine import Container, ContainerSpec, Engine, Mount, Network
from parity.engine.diskwatch import DiskWatch
from parity.engine.events import Tail
from parity.engine.guests import folders_tar, small_tar
from parity.engine.workshop import STORE, STORE_VOLUME
from parity.errors import BuildFailed, EngineRefused, ImageUnavailable
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.wire.shapes import Malformed, read

T = TypeVar("T")

CARRY = "/carry"
USERS = {"judge": 65532, "fetch": 65529, "build": 65531}
"""Each with a folder of its own, which no other may write to."""
EPOCH = 315532800
"""1980-01-01: the time of all that is packed here."""
_MOST_SAID = 32 * 1024 * 1024
_PATH = "/usr/local/bin:/usr/bin:/bin"
# What `env` answers where there is no such program.
_NO_RUBY = 127
_NO_RUBY_REMEDY = (
    "take an image with the target's own Ruby: `image: {folder: ruby}` in the profile, and beside it a file "
    "ruby/Dockerfile with `FROM` the image of today (`docker images` has its name) and `RUN apt-get update "
    "&& apt-get install -y ruby`, or dnf's line; parity's own images/debian12-py311-ruby31 is such a folder"
)
_LINES = 15


@dataclass(frozen=True)
class RubyPlace:
    """Where Ruby works.

    Attributes:
        engine: where.
        image: whose Ruby it is.
        facts: of the target's image.
        limits: memory, disk and time.
    """

    engine: Engine
    image: PinnedImage
    facts: Facts
    limits: RehearsalPlan


class RubyRoom:
    """A container whose Ruby is asked."""

    def __init__(self, container: Container, place: RubyPlace, watch: DiskWatch) -> None:
        self._container = container
        self._place = place
        self._watch = watch

    def folder(self, user: str) -> str:
        """The folder of one of the users."""
        return f"{CARRY}/{user}"

    def files(self, folder: str) -> Iterator[bytes]:
        """A folder as a tar stream."""
        return self._container.get(folder)

    def certificates(self, pem: str | None) -> str | None:
        """Put certificates there; their file, None where there are none."""
        if pem is None:
            return None
        self._container.put(CARRY, small_tar({"certificates.pem": pem.encode()}))
        return f"{CARRY}/certificates.pem"

    def ask(self, script: str, job: object, kind: type[T], user: str) -> T:
        """Have a script done that takes its job from stdin and answers on stdout.

        Raises:
            BuildFailed: it broke off, or what it said is no answer.
        """
        said = bytearray()

        def hear(chunk: bytes) -> None:
            said.extend(chunk)
            # A source's words come back in the answer, and nobody bounds those.
            if len(said) > _MOST_SAID:
                raise BuildFailed("Ruby said more than anybody asked for")

        self._run(["ruby", "-e", script], user, stdin=json.dumps(job).encode(), on_stdout=hear)
        return self._read(bytes(said), kind)

    def tell(self, script: str, words: Sequence[str], kind: type[T], user: str) -> T:
        """Have a script done that writes its answer to a file (see `parity.portable.ruby.scripts`); alike."""
        path = f"{self.folder(user)}/told"
        # The file is this user's own, in a folder that no build can write to.
        self._run(["sh", "-c", 'rm -f "$0"; exec ruby -e "$@"', path, script, path, *words], user)
        said = bytearray()
        # `head` and not Docker's archive: its bound holds whatever the file has grown to.
        self._run(["head", "-c", str(_MOST_SAID), path], user, on_stdout=said.extend)
        return self._read(bytes(said), kind)

    def install(self, script: str, paths: Sequence[str], home: str, user: str) -> None:
        """Let gem install files; BuildFailed with what it said."""
        # Not --install-dir: with it gem would not count what Ruby itself brings.
        words = {"GEM_HOME": home, "SOURCE_DATE_EPOCH": str(EPOCH)}
        self._run(["ruby", "-e", script, "--", "--bindir", f"{home}/bin", *paths], user, words=words)

    def _read(self, said: bytes, kind: type[T]) -> T:
        try:
            return read(kind, json.loads(said))
        except (ValueError, RecursionError, Malformed) as error:
            raise BuildFailed(f"Ruby said what it must not: {error}", where=self._place.image.name) from error

    def _run(
        self,
        command: Sequence[str],
        user: str,
        *,
        stdin: bytes = b"",
        on_stdout: Callable[[bytes], None] | None = None,
        words: dict[str, str] | None = None,
    ) -> None:
        number, heard = USERS[user], Tail()
        own = {"PATH": _PATH, "HOME": self.folder(user), "LC_ALL": "C.UTF-8", **(words or {})}
        try:
            done = self._container.exec(
                # Nothing of the image's own environment: RUBYOPT and RUBYLIB would load code into every Ruby.
                ["env", "-i", *(f"{key}={value}" for key, value in own.items()), *command],
                stdin=stdin,
                user=f"{number}:{number}",
                workdir=self.folder(user),
                timeout=self._place.limits.timeout,
                on_stdout=on_stdout or heard.feed,
                on_stderr=heard.feed,
            )
        except TimeoutError as error:
            raise BuildFailed(
                f"Ruby did not end within {self._place.limits.timeout} s",
                remedy="give it more time in the profile, for instance `limits: {building: 6h}`",
            ) from error
        except EngineRefused as error:
            if self._watch.over:
                raise BuildFailed(f"the work of Ruby was ended: {self._watch.over}") from error
            raise
        if done.exit_code == _NO_RUBY:
            raise ImageUnavailable(
                "the profile asks for gems, and its image has no Ruby",
                where=self._place.image.name,
                remedy=_NO_RUBY_REMEDY,
            )
        if done.exit_code:
            lines = [line for line in heard.text.splitlines() if line.strip()]
            raise BuildFailed(
                f"Ruby ended with exit code {done.exit_code}: {(lines or ['it said nothing'])[-1][:300]}",
                where=self._place.image.name,
                details=tuple(lines[-_LINES:]),
            )


@contextmanager
def ruby_room(place: RubyPlace, *, network: bool) -> Iterator[RubyRoom]:
    """A container for Ruby: with network and without the store, or with the store to read and no network."""
    engine, image, limits = place.engine, place.image, place.limits
    watch = DiskWatch(engine, image.id, image.platform, place.facts.executable, limits.disk)
    with (
        engine.scratch_volume() as volume,
        engine.container(_spec(place, volume, network=network)) as container,
    ):
        container.put(CARRY, folders_tar({**USERS, "gems": USERS["judge"], "out": USERS["build"]}))
        container.start()
        with watch.of(container, volume):
            yield RubyRoom(container, place, watch)


def _spec(place: RubyPlace, volume: str, *, network: bool) -> ContainerSpec:
    mounts = [Mount(volume, CARRY, read_only=False)]
    if not network:  # whoever has network sees no store: what is there may be private
        mounts.append(Mount(STORE_VOLUME, STORE, read_only=True))
    return ContainerSpec(
        image=place.image.id,
        network=Network.DEFAULT if network else Network.NONE,
        purpose="gems",
        platform=place.image.platform,
        user="65534:65534",
        read_only=True,
        mounts=tuple(mounts),
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1g"},  # noqa: S108 - inside the container
        memory=place.limits.memory,
        pids=1024,
        lifetime=4 * place.limits.timeout + 600,
    )
