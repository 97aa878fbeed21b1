"""What `parity verify` says of how far it is: the whole file, envelope and payload."""

from __future__ import annotations

from pathlib import Path

from tests.support.bundles import make_bundle, signing_key
from tests.support.recorder import Recorder

from parity.pipeline.rehearsal.verify import verify
from parity.sign import make_checker


def test_progress_ends_with_the_files_whole_size(tmp_path: Path) -> None:
    made = make_bundle(tmp_path)
    heard = Recorder()
    verify(made.path, make_checker([signing_key().public]), heard)
    size = made.path.stat().st_size
    assert heard.lines[-1] == f"advance {size}/{size}"
