"""The carried probe on stock hosts without a network: the same facts as the pipeline's probe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.hosts import host
from typer.testing import CliRunner

from parity.cli.app import app
from parity.docker_engine import DockerEngine
from parity.model import PinnedImage
from parity.probe import measure, probe_script
from parity.profile import load_profile

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("name", "profile"),
    [("debian11", "debian11-py39"), ("debian12", "debian12-py311"), ("debian13", "debian13-py313")],
)
def test_the_script_gives_the_facts_and_they_the_profile(
    engine: DockerEngine, request: pytest.FixtureRequest, tmp_path: Path, name: str, profile: str
) -> None:
    image: PinnedImage = request.getfixturevalue(name)
    media = tmp_path / "media"
    media.mkdir()
    (media / "probe.py").write_text(probe_script(), encoding="utf-8")
    target = load_profile(profile).target
    python = f"/usr/bin/python{target.python_minor}"
    with host(engine, image, media) as machine:
        written = machine.run(python, "/media/probe.py", "-o", "/apps/facts.json")
        assert (written.exit_code, written.stdout, written.stderr) == (0, b"", b"")
        assert machine.listing("/apps") == ["facts.json"]
        assert machine.listing("/media") == ["probe.py"]
        text = machine.says("cat", "/apps/facts.json")
        assert machine.says("hostname") not in text
        assert machine.says(python, "/media/probe.py") == text
    assert json.loads(text) == measure(engine, image, target.python_minor)

    (tmp_path / "facts.json").write_text(text)
    new = tmp_path / "new.yaml"
    done = CliRunner().invoke(app, ["init", "--from", str(tmp_path / "facts.json"), "-o", str(new)])
    assert done.exception is None, done.exception
    assert load_profile(new).target == target
    assert load_profile(new).image == load_profile(profile).image
