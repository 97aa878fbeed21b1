"""`parity` in this process: quick, and all that it says is heard."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from parity.cli import main
from parity.portable.bundle.trust import VARIABLE


class Done(NamedTuple):
    """How the command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


Run = Callable[..., Done]


def command(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """For a fixture: gives what runs `parity WORDS` with that home."""
    monkeypatch.setenv("PARITY_HOME", str(home))
    monkeypatch.delenv(VARIABLE, raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["parity", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        said = capfd.readouterr()
        assert "Traceback" not in said.out + said.err
        return Done(int(caught.value.code or 0), said.out, said.err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)
