"""A model, an extension and a program carried across: built, installed without network, updated."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.index import PackageIndex, basic, gateway, tiny_wheel
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

LOGIN = ("someone", "for-the-files")
# The store knows nothing of the extension yet, whatever ran before.
MODEL, EXTENSION = bytes(range(256)) * 9000, b"PK\x03\x04" + secrets.token_bytes(5000)
TOOL = b"#!/bin/sh\necho from the tool\n"


@dataclass(frozen=True)
class Project:
    """A profile with files, and the server that one of them comes from."""

    parity: Parity
    index: PackageIndex
    folder: Path
    home: dict[str, str]

    def profile(self, **changed: Any) -> Path:
        extension = {
            "url": f"{self.index.root}/files/go.vsix?platform=linux",
            "sha256": hashlib.sha256(EXTENSION).hexdigest(),
            "to": "ext/go.vsix",
        }
        files = [{"path": "models", "to": "data/models"}, {"path": "tool"}, {**extension, **changed}]
        return write_profile(
            self.folder,
            "app",
            requirements=["alpha"],
            index={"url": self.index.url},
            files=files,
            rehearsal={"commands": ['"$VIRTUAL_ENV"/files/tool && test -s "$VIRTUAL_ENV"/files/ext/go.vsix']},
        )

    def build(self, profile: Path, output: Path, *words: str) -> Any:
        return self.parity.build(profile, output, *words, env=self.home)


@pytest.fixture(scope="module")
def project(
    parity: Parity, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "models" / "deep").mkdir(parents=True)
    (folder / "models" / "deep" / "plant.onnx").write_bytes(MODEL)
    (folder / "tool").write_bytes(TOOL)
    (folder / "tool").chmod(0o755)
    (folder / "served").mkdir()
    tiny_wheel(folder / "served", "alpha")
    (folder / "served" / "go.vsix").write_bytes(EXTENSION)
    netrc = folder / ".netrc"
    netrc.write_text(f"machine {gateway()} login {LOGIN[0]} password {LOGIN[1]}\n")
    netrc.chmod(0o600)
    with PackageIndex(folder / "served", host=gateway(), login=LOGIN) as index:
        yield Project(parity, index, folder, {"HOME": str(folder)})


@pytest.fixture(scope="module")
def bundle(project: Project) -> dict[str, Any]:
    built: dict[str, Any] = project.build(project.profile(), project.folder / "one").bundle
    return built


def test_they_are_named_to_whoever_builds_and_fetched_with_the_login(
    project: Project, bundle: dict[str, Any]
) -> None:
    assert {row["path"]: row["size"] for row in bundle["other_files"]} == {
        "files/data/models/deep/plant.onnx": len(MODEL),
        "files/ext/go.vsix": len(EXTENSION),
        "files/tool": len(TOOL),
    }
    asked = [seen.authorization for seen in project.index.seen if seen.path == "/files/go.vsix"]
    assert asked == [basic(*LOGIN)]
    shown = project.parity.run("inspect", bundle["bundle"]).stdout
    assert "files/data/models/deep/plant.onnx" in shown


def test_they_are_there_after_an_install_without_network_and_a_changed_one_is_refused(
    bundle: dict[str, Any], engine: DockerEngine, debian11: PinnedImage
) -> None:
    with fresh_room(engine, debian11) as room:
        room.put("/media", tar_of(Path(bundle["bundle"]), "app.parity.tar"))
        done = inside(
            room,
            "cd /media && tar xf app.parity.tar && cd parity-bundle && sh install.sh /opt/app\n"
            "cd /opt/app/current/files || exit 1\n"
            "sha256sum data/models/deep/plant.onnx ext/go.vsix && ./tool\n"
            "stat -c %a tool ext/go.vsix && cat /media/parity-bundle/README.txt",
        )
        assert done.code == 0, done.output
        for data in (MODEL, EXTENSION):
            assert hashlib.sha256(data).hexdigest() in done.output
        assert "from the tool\n755\n644\n" in done.output
        assert 'code --install-extension "$PREFIX"/current/files/ext/go.vsix' in done.output
        altered = inside(
            room,
            "cd /media/parity-bundle; printf x >>files/ext/go.vsix; sh install.sh /opt/two; echo $?; ls /opt",
        )
        assert "files/ext/go.vsix has other bytes than the manifest says" in altered.output
        assert altered.output.endswith("60\napp\n")


def test_an_update_carries_what_changed_and_the_proof_is_made_anew(
    project: Project, bundle: dict[str, Any], tmp_path: Path
) -> None:
    model = project.folder / "models" / "deep" / "plant.onnx"
    model.write_bytes(MODEL[1:])
    try:
        newer = project.build(project.profile(), tmp_path, "--serial", str(bundle["serial"] + 1)).bundle
    finally:
        model.write_bytes(MODEL)
    assert (newer["fetched"], newer["proof"]["reused"]) == (0, False)
    old, new, delta = Path(bundle["bundle"]), Path(newer["bundle"]), tmp_path / "update.delta"
    changes = project.parity.run("diff", old, new, "--json").document["other_files"]
    assert [change["path"] for change in changes] == ["files/data/models/deep/plant.onnx"]
    assert project.parity.run("delta", old, new, "-o", delta).code == 0
    assert delta.stat().st_size < 50_000
    assert project.parity.run("patch", old, delta, "-o", tmp_path / "again.tar").code == 0
    assert (tmp_path / "again.tar").read_bytes() == new.read_bytes()


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"sha256": "0" * 64}, 46, "other bytes than the profile's `sha256`"),
        (
            {"url": "http://{}/files/gone.vsix?token=abc", "sha256": "1" * 64},
            45,
            "mend the profile's `files`",
        ),
    ],
)
def test_an_address_that_does_not_give_its_file_is_told_without_its_query(
    project: Project, tmp_path: Path, changed: dict[str, str], code: int, message: str
) -> None:
    there = project.index.root.partition("://")[2]
    profile = project.profile(**{key: value.format(there) for key, value in changed.items()})
    error = project.build(profile, tmp_path).error
    assert (error["exit_code"], message in error["remedy"]) == (code, True)
    assert "go.vsix" in error["message"]
    assert "token" not in str(error)
    assert list(tmp_path.glob("*.parity.tar")) == []
