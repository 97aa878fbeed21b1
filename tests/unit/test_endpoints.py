"""Which engine is meant: decided by what was said, and by the places that are usual."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.docker_engine.endpoints import candidates


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": "/run/user/7",
        "DOCKER_CONFIG": str(tmp_path / ".docker"),
    }


def addresses(environment: dict[str, str], address: str | None = None) -> list[str]:
    return [each.address for each in candidates(address, environment)]


def test_podmans_variable_names_an_engine_and_dockers_comes_before_it(environment: dict[str, str]) -> None:
    environment["CONTAINER_HOST"] = "unix:///p.sock"
    assert addresses(environment) == ["unix:///p.sock"]
    environment["DOCKER_HOST"] = "unix:///d.sock"
    assert addresses(environment) == ["unix:///d.sock"]
    assert addresses(environment, "unix:///given.sock") == ["unix:///given.sock"]


def test_the_usual_places_are_tried_in_one_order(environment: dict[str, str]) -> None:
    home = environment["HOME"]
    assert addresses(environment) == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/7/docker.sock",
        f"unix://{home}/.docker/run/docker.sock",
        f"unix://{home}/.docker/desktop/docker.sock",
        f"unix://{home}/.colima/default/docker.sock",
        f"unix://{home}/.rd/docker.sock",
        "unix:///run/user/7/podman/podman.sock",
        "unix:///run/podman/podman.sock",
        f"unix://{home}/.local/share/containers/podman/machine/podman.sock",
    ]


FIVE = {
    "Connection": {
        "Default": "box",
        "Connections": {"box": {"URI": "unix:///box.sock"}, "far": {"URI": "tcp://far.example:1"}},
    }
}
FOUR = """[engine]
active_service = "box"
[engine.service_destinations]
[engine.service_destinations.box]
uri = "unix:///box.sock"
[engine.service_destinations.far]
uri = "tcp://far.example:1"
"""


@pytest.mark.parametrize(
    ("file", "text"), [("podman-connections.json", json.dumps(FIVE)), ("containers.conf", FOUR)]
)
def test_podmans_connection_comes_before_its_sockets(
    environment: dict[str, str], file: str, text: str
) -> None:
    folder = Path(environment["HOME"]) / ".config" / "containers"
    folder.mkdir(parents=True)
    (folder / file).write_text(text)
    found = addresses(environment)
    assert found.index("unix:///box.sock") == found.index("unix:///run/user/7/podman/podman.sock") - 1
    environment["CONTAINER_CONNECTION"] = "far"
    assert "tcp://far.example:1" in addresses(environment)
    # SSH is not spoken here, and must not stand in the way of what can be reached.
    (folder / file).write_text(text.replace("tcp://", "ssh://"))
    assert not any(each.startswith("ssh://") for each in addresses(environment))


@pytest.mark.parametrize(
    "odd", ["", "[]", "{}", '{"Connection": 3}', '{"Connection": {"Connections": {"a": 1}}}', "["]
)
def test_a_file_that_says_nothing_sound_is_passed_over(environment: dict[str, str], odd: str) -> None:
    folder = Path(environment["HOME"]) / ".config" / "containers"
    folder.mkdir(parents=True)
    for name in ("podman-connections.json", "containers.conf"):
        (folder / name).write_text(odd)
    assert len(addresses(environment)) == 9
