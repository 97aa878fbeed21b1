"""What `parity verify` says of how far it is: the whole file, envelope and payload."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.bundles import make_bundle, signing_key
from tests.support.cli import Parity
from tests.support.recorder import Recorder

from parity.pipeline.rehearsal.verify import verify
from parity.sign import make_checker


def test_progress_ends_with_the_files_whole_size(tmp_path: Path) -> None:
    made = make_bundle(tmp_path)
    heard = Recorder()
    verify(made.path, make_checker([signing_key().public]), heard)
    size = made.path.stat().st_size
    assert heard.lines[-1] == f"advance {size}/{size}"


@pytest.mark.parametrize("word", ["-q", "--quiet", "--progress=quiet"])
def test_who_wants_it_quiet_sees_how_it_ended_alone(word: str, tmp_path: Path) -> None:
    made = make_bundle(tmp_path)
    (tmp_path / "sender.pub").write_bytes(signing_key().public.pem)
    words = ("verify", str(made.path), "--key", str(tmp_path / "sender.pub"))
    loud, quiet = Parity(tmp_path).run(*words), Parity(tmp_path).run(*words, word)
    assert (loud.code, quiet.code) == (0, 0), quiet.stderr
    assert loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout
    # After `--` it is a file's name.
    named = Parity(tmp_path).run(*words, "--", word)
    assert "No such file" in named.stderr
