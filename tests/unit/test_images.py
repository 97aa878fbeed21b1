"""The ladder to an image: which way is taken, what is said when none works. On the fake engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.fake_engine import FakeEngine
from tests.support.recorder import Recorder

from parity.engine import ExecResult, ImageInfo
from parity.errors import ImageUnavailable
from parity.images import (
    ImageMaker,
    demand_runs,
    ensure_image,
    folder_digest,
    image_tag,
    list_images,
    platform_of,
)
from parity.images.bootstrap import compile_command, debootstrap_command
from parity.images.folder import build_context, latest_tag, read_recipe
from parity.images.platforms import is_native, same_platform
from parity.images.references import own_digest
from parity.model import ImageSource, PinnedImage, repository

AMD = ImageInfo("sha256:" + "a" * 64, (), "linux/amd64", 5)
ARM = ImageInfo("sha256:" + "b" * 64, ("repo@sha256:1",), "linux/arm64/v8", 5)


@dataclass
class FakeMachine:
    """A machine on which debootstrap does what the test says."""

    folder: Path
    programs: tuple[str, ...] = ("debootstrap",)
    is_root: bool = True
    exit_code: int = 0
    arch: str = "x86_64"
    commands: list[Sequence[str]] = field(default_factory=list)

    def find(self, program: str) -> str | None:
        return f"/usr/sbin/{program}" if program in self.programs else None

    def emulates(self, arch: str) -> bool:
        return arch == self.arch

    def run(self, argv: Sequence[str], on_line: Callable[[str], None]) -> int:
        self.commands.append(argv)
        on_line("I: Retrieving things")
        on_line("E: no space left" if self.exit_code else "I: done")
        root = self.folder / "work" / "root"
        (root / "etc").mkdir(parents=True)
        (root / "etc" / "os-release").write_text("ID=debian\n")
        return self.exit_code

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        (self.folder / "work").mkdir()
        yield self.folder / "work"


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path / "engine")


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images" / "debian11-py39"
    made.mkdir(parents=True)
    (made / "Dockerfile").write_text("FROM debian:11-slim\n")
    recipe = {"tool": "debootstrap", "suite": "bullseye", "packages": ["python3", "python3-venv"]}
    (made / "bootstrap.json").write_text(json.dumps(recipe))
    return made


def ensure(
    source: ImageSource, engine: FakeEngine, machine: FakeMachine, arch: str = "x86_64"
) -> PinnedImage:
    return ensure_image(source, arch, ImageMaker(engine, machine, Recorder()))


def test_a_local_reference_is_used_as_it_is(engine: FakeEngine, machine: FakeMachine) -> None:
    engine.images["debian:11"] = AMD
    found = ensure(ImageSource(reference="debian:11"), engine, machine)
    assert found == PinnedImage(AMD.id, "", "debian:11", "linux/amd64", "local")
    assert found.pin == AMD.id


def test_a_local_image_of_another_platform_is_passed_over(engine: FakeEngine, machine: FakeMachine) -> None:
    engine.images["debian:11"] = ARM
    engine.registry["debian:11"] = AMD
    assert ensure(ImageSource(reference="debian:11"), engine, machine).origin == "pulled"


def test_arm64_v8_is_arm64(engine: FakeEngine, machine: FakeMachine) -> None:
    engine.images["debian:11"] = ARM
    found = ensure(ImageSource(reference="debian:11"), engine, machine, "aarch64")
    assert found.pin == ARM.id
    assert not same_platform("linux/arm64", "linux/arm/v7")


def test_a_folders_image_is_found_by_its_digest_and_no_longer_when_the_folder_changes(
    engine: FakeEngine, machine: FakeMachine, folder: Path
) -> None:
    engine.images[image_tag(folder)] = AMD
    assert ensure(ImageSource(folder=folder), engine, machine).origin == "local"
    (folder / "Dockerfile").write_text("FROM debian:11\n")
    assert ensure(ImageSource(folder=folder), engine, machine).origin == "bootstrapped"


def test_the_registry_comes_before_the_builder_and_that_before_bootstrapping(
    engine: FakeEngine, machine: FakeMachine, folder: Path
) -> None:
    both = ImageSource(reference="debian:11", folder=folder)
    engine.buildable[image_tag(folder)] = AMD
    assert ensure(both, engine, machine).origin == "built"
    assert engine.image(latest_tag(folder)) == AMD
    engine.images.clear()
    engine.registry["debian:11"] = AMD
    assert ensure(both, engine, machine).origin == "pulled"
    assert machine.commands == []


def test_a_bootstrapped_image_carries_both_tags_and_the_right_platform(
    engine: FakeEngine, machine: FakeMachine, folder: Path
) -> None:
    machine.arch = "aarch64"
    found = ensure(ImageSource(folder=folder), engine, machine, "aarch64")
    assert (found.platform, found.origin) == ("linux/arm64", "bootstrapped")
    tagged = engine.image(image_tag(folder, "linux/arm64"))
    assert tagged is not None
    assert tagged.id == found.id
    # The engine's own platform keeps the name that people type.
    assert engine.image(latest_tag(folder)) is None
    assert tagged == engine.image(latest_tag(folder, "linux/arm64"))
    assert found.emulated
    assert "--arch=arm64" in machine.commands[0]


def test_a_failure_tells_every_way_and_why_and_what_to_do(
    engine: FakeEngine, machine: FakeMachine, folder: Path
) -> None:
    engine.images["debian:11"] = ARM
    machine.exit_code = 1
    with pytest.raises(ImageUnavailable) as caught:
        ensure(ImageSource(reference="debian:11", folder=folder), engine, machine)
    details = "\n".join(caught.value.details)
    assert "local image debian:11: it is for linux/arm64/v8, not linux/amd64: not used" in details
    assert f"local image {image_tag(folder)}: not there" in details
    assert "pull debian:11: the engine refused to pull debian:11: no such host" in details
    assert "build debian11-py39/Dockerfile: the engine refused" in details
    assert "bootstrap debian11-py39: debootstrap ended with exit code 1" in details
    assert "E: no space left" in details
    remedy = caught.value.remedy
    assert "docker pull debian:11" in remedy
    assert "docker pull parity/" not in remedy
    assert f"docker save -o image.tar {image_tag(folder)}" in remedy
    assert "--stand-in" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"programs": ()}, "apt-get install debootstrap"),
        ({"is_root": False}, "needs root"),
        ({"arch": "riscv64"}, "this riscv64 machine cannot run x86_64 programs"),
    ],
)
def test_why_bootstrapping_is_not_even_tried(
    engine: FakeEngine, machine: FakeMachine, folder: Path, change: dict[str, object], reason: str
) -> None:
    for name, value in change.items():
        setattr(machine, name, value)
    with pytest.raises(ImageUnavailable) as caught:
        ensure(ImageSource(folder=folder), engine, machine)
    assert reason in caught.value.details[-1]
    assert machine.commands == []


def test_debian_has_no_such_architecture(engine: FakeEngine, machine: FakeMachine, folder: Path) -> None:
    with pytest.raises(ImageUnavailable) as caught:
        ensure(ImageSource(folder=folder), engine, machine, "sparc9")
    assert "Debian has no packages for sparc9" in caught.value.details[-1]
    assert platform_of("sparc9") == "linux/sparc9"


def test_a_folder_that_is_not_there_is_named(engine: FakeEngine, machine: FakeMachine) -> None:
    with pytest.raises(ImageUnavailable) as caught:
        ensure(ImageSource(folder=Path("/nowhere/image")), engine, machine)
    assert caught.value.details == ("folder /nowhere/image: there is none",)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"tool": "yum", "suite": "a", "packages": []}',
        '{"tool": "debootstrap", "suite": "a", "packages": [], "hook": "x"}',
        '{"tool": "debootstrap", "suite": "--unpack-tarball=/x", "packages": ["a"]}',
        '{"tool": "debootstrap", "suite": "a", "packages": ["a,b"]}',
        '{"tool": "debootstrap", "suite": "a", "packages": "python3"}',
        '{"tool": "debootstrap", "packages": ["a"]}',
    ],
)
def test_a_recipe_that_is_wrong_is_a_reason_and_no_traceback(
    engine: FakeEngine, machine: FakeMachine, folder: Path, text: str
) -> None:
    (folder / "bootstrap.json").write_text(text)
    with pytest.raises(ImageUnavailable) as caught:
        ensure(ImageSource(folder=folder), engine, machine)
    assert "bootstrap.json" in caught.value.details[-1]
    assert machine.commands == []


def test_the_command_checks_signatures_and_takes_the_recipe(folder: Path) -> None:
    recipe = {
        "tool": "debootstrap",
        "suite": "jammy",
        "packages": ["python3", "pip"],
        "components": ["main", "universe"],
        "mirror": "http://mirror.example/ubuntu",
        "script": "gutsy",
    }
    (folder / "bootstrap.json").write_text(json.dumps(recipe))
    assert debootstrap_command(read_recipe(folder / "bootstrap.json"), "aarch64", Path("/r")) == [
        "debootstrap",
        "--variant=minbase",
        "--force-check-gpg",
        "--arch=arm64",
        "--components=main,universe",
        "--include=python3,pip",
        "jammy",
        "/r",
        "http://mirror.example/ubuntu",
        "gutsy",
    ]


def test_a_folders_digest_is_of_names_modes_and_contents(folder: Path) -> None:
    before, context = folder_digest(folder), build_context(folder)
    (folder / "Dockerfile").touch()
    assert (folder_digest(folder), build_context(folder)) == (before, context)
    (folder / "extra").write_text("FROM debian:11-slim\n")
    with_extra = folder_digest(folder)
    (folder / "extra").rename(folder / "other")
    renamed = folder_digest(folder)
    (folder / "other").chmod(0o755)
    assert len({before, with_extra, renamed, folder_digest(folder)}) == 4


def test_a_tag_is_one_that_every_engine_takes(tmp_path: Path) -> None:
    made = tmp_path / "My_Image--9"
    made.mkdir()
    assert image_tag(made).startswith("parity/my-image-9:")
    assert image_tag(made, "linux/arm/v7").endswith("-arm-v7")
    assert len(image_tag(made).partition(":")[2]) == 12


def test_the_list_tells_what_is_present(engine: FakeEngine, folder: Path) -> None:
    other = folder.parent / "alpine"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM alpine\n")
    engine.images[image_tag(folder)] = AMD
    rows = list_images(folder.parent, engine)
    assert [(row.name, row.present, row.bootstraps) for row in rows] == [
        ("alpine", None, False),
        ("debian11-py39", AMD, True),
    ]


DIGEST, OTHER = "sha256:" + "c" * 64, "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("reference", "known", "own"),
    [
        ("host:5000/team/base:1", (f"host:5000/team/base@{DIGEST}",), f"host:5000/team/base@{DIGEST}"),
        # Other names of the same image are the engine's own affair.
        ("host:5000/team/base:1", (f"elsewhere.example/secret/base@{DIGEST}",), ""),
        ("host:5000/team/base:1", (f"host:5000/team/based@{DIGEST}", f"team/base@{DIGEST}"), ""),
        ("debian:12", (f"hub.example/library/debian@{DIGEST}",), f"debian@{DIGEST}"),
        ("team/base", (f"hub.example/team/base@{DIGEST}",), f"team/base@{DIGEST}"),
        ("team/base", (f"hub.example/library/team/base@{DIGEST}",), f"team/base@{DIGEST}"),
        ("debian:12", (f"localhost/debian@{DIGEST}", f"a/debian@{DIGEST}", f"debian@{OTHER[:-1]}"), ""),
        (f"host/base:1@{DIGEST}", (f"host/base@{OTHER}",), f"host/base@{DIGEST}"),
        ("", (f"debian@{DIGEST}",), ""),
    ],
)
def test_a_digest_is_the_profiles_own_or_none(reference: str, known: tuple[str, ...], own: str) -> None:
    assert own_digest(reference, known) == own


def test_a_port_is_no_tag() -> None:
    assert [repository(each) for each in ("h:5/a", "h:5/a:1", "a:1", f"a:1@{DIGEST}")] == [
        "h:5/a",
        "h:5/a",
        "a",
        "a",
    ]


def test_an_image_is_what_its_layers_are_whatever_it_is_called() -> None:
    def made(name: str, *layers: str) -> PinnedImage:
        return PinnedImage(f"sha256:{name}", name, name, "linux/amd64", "local", layers=layers)

    # OCI image specification: ChainID(L0|L1) = SHA256(ChainID(L0) + " " + L1).
    chain = "sha256:" + hashlib.sha256(f"{DIGEST} {OTHER}".encode()).hexdigest()
    assert made("a", DIGEST, OTHER).content == made("b", DIGEST, OTHER).content == chain
    assert made("c", OTHER, DIGEST).content != chain
    assert made("d").content == "sha256:d"


def test_a_foreign_image_that_does_not_run_is_told_with_what_helps(engine: FakeEngine) -> None:
    image = PinnedImage(ARM.id, "", "team/base:1", ARM.platform, "local", emulated=True)
    engine.images["team/base:1"] = ARM
    # As a container without an interpreter ends: at once, and nothing can be run in it.
    engine.handlers["true"] = lambda *_: ExecResult(255, b"", b"exec format error")
    with pytest.raises(ImageUnavailable, match=r"linux/arm64/v8.* \(linux/amd64\) cannot run") as caught:
        demand_runs(engine, image)
    assert "qemu-user-static" in str(caught.value.remedy)
    engine.handlers["true"] = lambda *_: ExecResult(0, b"", b"")
    demand_runs(engine, image)
    assert engine.containers == {}


@pytest.mark.parametrize(
    ("platform", "host", "native"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/386", "linux/amd64", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64", "linux/amd64", False),
        ("linux/amd64", "linux/386", False),
        ("linux/arm/v7", "linux/arm64", False),
    ],
)
def test_what_needs_no_emulation(platform: str, host: str, native: bool) -> None:
    assert is_native(platform, host) is native


def test_a_bootstrapped_python_is_compiled_with_one_order_of_sets(tmp_path: Path) -> None:
    assert compile_command(tmp_path) == []
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    # As Debian has it: a link that leads somewhere only inside.
    (tmp_path / "usr" / "bin" / "python3").symlink_to("/usr/bin/python3.9-of-the-root")
    for name in ("python3", "python3.9"):
        (tmp_path / "usr" / "lib" / name).mkdir(parents=True)
    command = compile_command(tmp_path)
    assert command[:4] == ["chroot", str(tmp_path), "env", "PYTHONHASHSEED=0"]
    assert command[-3:] == ["-f", "/usr/lib/python3", "/usr/lib/python3.9"]
