"""One container: put, start, exec, get."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from docker import APIClient

from parity.docker_engine.endpoints import Endpoint
from parity.docker_engine.streams import STDERR, STDOUT, Conversation, DeadlinePassed
from parity.docker_engine.translate import Upload, lost, refused, translated
from parity.docker_engine.wire import open_wire
from parity.engine import ExecResult
from parity.engine.protocol import Listener
from parity.errors import EngineRefused

_GET_CHUNK = 256 * 1024
_SETTLE_SECONDS = 10.0
_KEPT = 64 * 1024 * 1024  # bytes of one stream


class DockerContainer:
    """A container that exists at the engine; `DockerEngine.container` makes and removes it."""

    def __init__(self, client: APIClient, endpoint: Endpoint, container_id: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._id = container_id
        self._address = endpoint.shown

    @property
    def id(self) -> str:
        """The engine's id."""
        return self._id

    def put(self, path: str, archive: bytes | Iterable[bytes]) -> None:
        """Unpack a tar archive at `path`; see `parity.engine.Container`."""
        upload = None if isinstance(archive, bytes) else Upload(archive)
        try:
            with translated(self._address, f"put files at {path}"):
                self._client.put_archive(self._id, path, iter(upload) if upload else archive)
        finally:
            if upload is not None:
                # In `finally`, before the SDK's own error can hide it: a broken source looks like a lost
                # engine to it.
                upload.raise_own()

    def start(self) -> None:
        """Start it; see `parity.engine.Container`."""
        with translated(self._address, "start a container"):
            self._client.start(self._id)

    def exec(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        user: str = "",
        workdir: str = "",
        timeout: float | None = None,
        on_stdout: Listener | None = None,
        on_stderr: Listener | None = None,
    ) -> ExecResult:
        """Run a command; see `parity.engine.Container`.

        The Docker API cannot kill one command, so a timeout kills the whole container.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        output = _CommandOutput(on_stdout, on_stderr)
        # Not the SDK's `exec_start`: its socket cannot end stdin alone; see `wire`.
        exec_id = self._create_exec(argv, environment, user, workdir)
        try:
            self._converse(exec_id, stdin, output, deadline)
        except DeadlinePassed:
            self.kill()
            raise TimeoutError(f"{argv[0]} took longer than {timeout:g} s") from None
        finally:
            output.raise_own()
        return ExecResult(self._exit_code(exec_id), bytes(output.stdout), bytes(output.stderr))

    def get(self, path: str) -> Iterator[bytes]:
        """A file or folder as a tar stream; see `parity.engine.Container`."""
        with translated(self._address, f"read {path}"):
            chunks, _ = self._client.get_archive(self._id, path, chunk_size=_GET_CHUNK)
        while True:
            with translated(self._address, f"read {path}"):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    def _create_exec(
        self, argv: Sequence[str], environment: Mapping[str, str] | None, user: str, workdir: str
    ) -> str:
        with translated(self._address, f"run {argv[0]}"):
            created = self._client.exec_create(
                self._id,
                list(argv),
                # Always, even without input: a command that reads then sees its end at once.
                stdin=True,
                environment=dict(environment or {}),
                user=user,
                workdir=workdir or None,
            )
            return str(created["Id"])

    def _converse(self, exec_id: str, stdin: bytes, output: _CommandOutput, deadline: float | None) -> None:
        path = f"/v{self._client.api_version}/exec/{exec_id}/start"
        with translated(self._address, "run a command"):
            wire = open_wire(self._endpoint)
            try:
                conversation = Conversation(wire, deadline)
                conversation.start(path, {"Detach": False, "Tty": False})
                conversation.talk(stdin, output.take, lambda: self._ended(exec_id))
            finally:
                wire.close()

    def _exit_code(self, exec_id: str) -> int:
        # The streams can end a moment before the engine has written the exit code down.
        deadline, pause = time.monotonic() + _SETTLE_SECONDS, 0.005
        while True:
            with translated(self._address, "tell a command's exit code"):
                state = self._client.exec_inspect(exec_id)
                if not state["Running"] and state["ExitCode"] is not None:
                    return int(state["ExitCode"])
            if time.monotonic() > deadline:
                raise lost(self._address, "the connection to a running command ended")
            time.sleep(pause)
            # The first looks are quick, as it is ready as a rule; a busy engine is not asked in a loop.
            pause = min(pause * 2, 0.5)

    def _ended(self, exec_id: str) -> bool:
        state = self._client.exec_inspect(exec_id)
        return not state["Running"] and state["ExitCode"] is not None

    def kill(self) -> None:
        """End it; see `parity.engine.Container`."""
        # Refused where the container ended by itself meanwhile, which is as good.
        with suppress(EngineRefused), translated(self._address, "kill a container"):
            self._client.kill(self._id)


class _CommandOutput:
    """Keeps what a command says, or passes it on, stream by stream; what it keeps has a limit."""

    def __init__(self, on_stdout: Listener | None, on_stderr: Listener | None) -> None:
        self.stdout, self.stderr = bytearray(), bytearray()
        self._listeners = {
            STDOUT: on_stdout or partial(_keep, self.stdout),
            STDERR: on_stderr or partial(_keep, self.stderr),
        }
        self._error: Exception | None = None

    def take(self, stream: int, data: bytes) -> None:
        try:
            self._listeners[STDOUT if stream == STDOUT else STDERR](data)
        except Exception as error:
            self._error = error
            raise

    def raise_own(self) -> None:
        """Raise what a listener raised: its OSError must not look like a lost engine."""
        if self._error is not None:
            raise self._error


def _keep(kept: bytearray, data: bytes) -> None:
    if len(kept) + len(data) > _KEPT:
        raise refused("run a command", f"it said more than {_KEPT >> 20} MiB")
    kept += data
