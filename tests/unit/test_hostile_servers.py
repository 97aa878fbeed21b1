"""An engine whose answers are not what the API promises ends a command with our own error, in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.attack.campaigns.servers import tried
from tests.attack.inputs.raw_server import WRONG
from tests.attack.trial import Piece
from tests.support.served import bundle_of, some_wheels

ANSWERS = [
    "a status line of one word",
    "a length below zero",
    "an empty JSON object",
    "deep JSON",
    "an error that is a list",
    "an error with escape sequences",
    "a redirect that is no address",
    "a frame that is cut",
]


@pytest.mark.parametrize("request_", ["hello", "info", "image", "create", "exec", "stream", "exit", "remove"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_wrong_answer_of_the_engine_is_no_fault_of_parity(answer: str, request_: str) -> None:
    number = list(WRONG).index(answer)
    (outcome,) = tried(Path(), Piece(f"engine, {request_}", number, number + 1))
    assert outcome.right, outcome.ended


@pytest.mark.parametrize("request_", ["page", "upload"])
def test_a_redirect_to_no_address_is_no_fault_of_parity(tmp_path: Path, request_: str) -> None:
    bundle = bundle_of(tmp_path, some_wheels(tmp_path / "wheels")).path
    number = list(WRONG).index("a redirect that is no address")
    (outcome,) = tried(bundle, Piece(f"uploads, {request_}", number, number + 1))
    assert outcome.right, outcome.ended
