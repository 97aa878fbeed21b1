"""What every engine must do: one suite over the real engine and over the fake that unit tests use."""

from __future__ import annotations

import io
import signal
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.support.engine import (
    containers_of,
    doomed_run,
    exists,
    reap,
    remove_images,
    volume_exists,
)
from tests.support.fake_engine import FakeEngine

from parity.docker_engine import DockerEngine, connect
from parity.engine import Container, ContainerSpec, Engine, ImageInfo, Mount, Network
from parity.engine.guests import small_tar
from parity.errors import EngineRefused, Interrupted
from parity.images.archive import image_archive, write_layer


@dataclass
class Rig:
    """An engine, an image on it that has a shell, and what only the rig knows about it."""

    engine: Engine
    image: str
    living: Callable[[], set[str]]
    volume_exists: Callable[[str], bool]
    abandon: Callable[[], str]

    def spec(self, *, mounts: tuple[Mount, ...] = (), read_only: bool = False) -> ContainerSpec:
        return ContainerSpec(
            image=self.image, network=Network.NONE, purpose="contract", mounts=mounts, read_only=read_only
        )


def fake_rig(folder: Path) -> Rig:
    engine = FakeEngine(folder)
    engine.images["parity/test:latest"] = ImageInfo("sha256:" + "1" * 64, (), "linux/amd64", 1)

    def abandon() -> str:
        engine.ensure_volume("parity-scratch-dead")
        engine.abandoned.add("parity-scratch-dead")
        return "parity-scratch-dead"

    return Rig(
        engine,
        "sha256:" + "1" * 64,
        lambda: set(engine.containers),
        lambda name: (folder / "volumes" / name).exists(),
        abandon,
    )


def real_rig(engine: DockerEngine, image: str) -> Rig:
    def abandon() -> str:
        process, container, volume, _ = doomed_run(engine.info().address, image)
        process.send_signal(signal.SIGKILL)
        reap(process)
        assert exists(engine, container)
        return volume

    return Rig(
        engine, image, lambda: containers_of(engine), lambda name: volume_exists(engine, name), abandon
    )


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        yield fake_rig(tmp_path)
        return
    own = connect()  # a run of its own: what a test interrupts is not the others'
    yield real_rig(own, request.getfixturevalue("debian11").id)
    remove_images(own, "parity/contract")
    own.close()


def names(archive: Iterator[bytes]) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
        return [member.name for member in tar]


def refused_or_there(container: Container, place: str) -> None:
    """Put a file: Docker refuses where there is no folder, or all is read-only, Podman makes it so.

    What was put in silence must be there.
    """
    try:
        container.put(place, small_tar({"a": b"there"}))
    except EngineRefused:
        return
    assert names(container.get(f"{place.rstrip('/')}/a")) == ["a"]


def test_says_who_it_is(rig: Rig) -> None:
    info = rig.engine.info()
    assert info.platform == "linux/amd64"
    assert info.api_version
    assert info.address
    assert info.storage_driver
    assert info.cpus > 0
    assert info.memory > 0


def test_an_image_is_found_by_id_and_an_unknown_one_is_not(rig: Rig) -> None:
    found = rig.engine.image(rig.image)
    assert found is not None
    assert (found.id, found.platform) == (rig.image, "linux/amd64")
    assert rig.engine.image("parity/nobody:none") is None


def test_a_container_from_an_unknown_image_is_refused_by_name(rig: Rig) -> None:
    spec = ContainerSpec(image="parity/nobody:none", network=Network.NONE, purpose="contract")
    with pytest.raises(EngineRefused, match="parity/nobody:none"), rig.engine.container(spec):
        pass
    assert rig.living() == set()


def test_files_go_in_before_and_after_the_start_and_come_out_in_order(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.put("/", small_tar({"work/b": b"before"}))
        container.start()
        container.put("/work", [small_tar({"a": b"after", "c/d": b"deep"})])
        assert container.exec(["cat", "work/a", "work/b"]).stdout == b"afterbefore"
        assert names(container.get("/work")) == ["work", "work/a", "work/b", "work/c", "work/c/d"]
        assert names(container.get("/work/a")) == ["a"]


def test_what_is_not_there_cannot_be_read(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container, pytest.raises(EngineRefused, match="/nowhere"):
        list(container.get("/nowhere"))


def test_files_never_get_lost_where_there_is_no_folder(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        refused_or_there(container, "/nowhere")


def test_streams_are_kept_apart_and_the_exit_code_is_the_commands(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(["sh", "-c", "cat; echo problem >&2; exit 3"], stdin=b"\x00in\xff")
        assert (result.exit_code, result.stdout, result.stderr) == (3, b"\x00in\xff", b"problem\n")


def test_arguments_pass_unchanged(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(["printf", "%s|", "a b", "$HOME", "", "ü'\""])
        assert result.stdout == "a b|$HOME||ü'\"|".encode()


def test_much_output_on_both_streams_and_much_input_do_not_block(rig: Rig) -> None:
    script = "cat >&2; head -c 3000000 /dev/zero"
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(["sh", "-c", script], stdin=b"x" * 5_000_000, timeout=60)
        assert (len(result.stdout), len(result.stderr)) == (3_000_000, 5_000_000)


def test_a_command_may_ignore_its_input(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(["echo", "done"], stdin=b"x" * 5_000_000, timeout=60)
        assert result.exit_code == 0
        # Podman loses what was said now and then where input is left over, and tells of it on stderr.
        assert result.stdout == b"done\n" or result.stderr


def test_a_listener_hears_its_stream_as_it_comes(rig: Rig) -> None:
    heard: list[tuple[float, bytes]] = []
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(
            ["sh", "-c", "head -c 4096 /dev/zero; sleep 0.6; echo two; echo err >&2"],
            on_stdout=lambda chunk: heard.append((time.monotonic(), chunk)),
        )
    assert b"".join(chunk for _, chunk in heard) == bytes(4096) + b"two\n"
    assert heard[-1][0] - heard[0][0] > 0.3
    assert (result.stdout, result.stderr) == (b"", b"err\n")


def test_a_listeners_own_error_is_not_taken_for_the_engines(rig: Rig) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with rig.engine.container(rig.spec()) as container:
        container.start()
        with pytest.raises(OSError, match="No space left"):
            container.exec(["echo", "hello"], on_stdout=full)


def test_an_error_in_what_is_put_is_not_taken_for_the_engines(rig: Rig) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(512)
        raise OSError(5, "Input/output error")

    with rig.engine.container(rig.spec()) as container, pytest.raises(OSError, match="Input/output"):
        container.put("/", broken())


def test_a_command_sees_the_environment_we_wrote_and_not_ours(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "canary")
    with rig.engine.container(rig.spec()) as container:
        container.start()
        result = container.exec(["env"], environment={"GIVEN": "yes"})
        assert b"GIVEN=yes" in result.stdout.splitlines()
        assert b"canary" not in result.stdout


def test_a_command_runs_in_the_folder_it_is_given(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.put("/", small_tar({"work/here": b"yes"}))
        container.start()
        assert container.exec(["cat", "here"], workdir="/work").stdout == b"yes"


def test_a_command_that_takes_too_long_is_ended(rig: Rig) -> None:
    begin = time.monotonic()
    with rig.engine.container(rig.spec()) as container:
        container.start()
        with pytest.raises(TimeoutError, match=r"sleep took longer than 0\.4 s"):
            container.exec(["sleep", "60"], timeout=0.4)
    assert time.monotonic() - begin < 40
    assert rig.living() == set()


def test_nothing_runs_before_the_start(rig: Rig) -> None:
    with rig.engine.container(rig.spec()) as container:
        container.put("/", small_tar({"work/here": b""}))
        with pytest.raises(EngineRefused, match="refused to run rm"):
            container.exec(["rm", "here"], workdir="/work")
        assert names(container.get("/work/here")) == ["here"]


@pytest.mark.parametrize("door", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_container_and_a_scratch_volume_are_gone_by_any_door(rig: Rig, door: type[BaseException]) -> None:
    seen: list[str] = []

    def use() -> None:
        with rig.engine.scratch_volume() as volume, rig.engine.container(rig.spec()) as container:
            seen.append(volume)
            container.start()
            assert rig.living() == {container.id}
            assert rig.volume_exists(volume)
            raise door

    with pytest.raises(door):
        use()
    assert rig.living() == set()
    assert not rig.volume_exists(seen[0])


@pytest.mark.parametrize("door", [ValueError, KeyboardInterrupt])
def test_an_image_of_a_container_holds_its_files_and_is_gone_by_any_door(
    rig: Rig, door: type[BaseException]
) -> None:
    seen: list[str] = []

    def mounting(volume: str) -> ContainerSpec:
        return rig.spec(mounts=(Mount(volume, "/store", read_only=False),))

    def use() -> None:
        with ExitStack() as stack:
            with rig.engine.scratch_volume() as volume, rig.engine.container(mounting(volume)) as first:
                first.put("/", small_tar({"made": b"here"}))
                first.put("/store", small_tar({"not": b"kept"}))
                first.start()
                image = stack.enter_context(rig.engine.scratch_image(first))
                seen.append(image)
            with rig.engine.container(replace(rig.spec(), image=image)) as second:
                second.start()
                assert second.exec(["cat", "made"]).stdout == b"here"
                assert second.exec(["cat", "store/not"]).exit_code != 0
            raise door

    with pytest.raises(door):
        use()
    rig.engine.settle()
    assert rig.engine.image(seen[0]) is None
    assert rig.engine.image(rig.image) is not None


def test_a_volume_outlives_its_containers(rig: Rig) -> None:
    rig.engine.ensure_volume("parity-contract")
    mounts = (Mount("parity-contract", "/store", read_only=False),)
    try:
        with rig.engine.container(rig.spec(mounts=mounts, read_only=True)) as first:
            first.put("/store", small_tar({"kept": b"yes"}))
        rig.engine.ensure_volume("parity-contract")
        with rig.engine.container(rig.spec(mounts=mounts)) as second:
            assert names(second.get("/store/kept")) == ["kept"]
    finally:
        assert rig.engine.remove_volume("parity-contract")
    assert not rig.engine.remove_volume("parity-contract")


def test_what_is_put_into_a_read_only_root_or_volume_never_gets_lost(rig: Rig) -> None:
    with rig.engine.scratch_volume() as volume:
        mounts = (Mount(volume, "/store", read_only=True),)
        with rig.engine.container(rig.spec(mounts=mounts, read_only=True)) as container:
            for place in ("/", "/store"):
                refused_or_there(container, place)


def test_sweep_removes_what_a_killed_run_left_and_nothing_that_lives(rig: Rig) -> None:
    left = rig.abandon()
    with rig.engine.scratch_volume() as volume, rig.engine.container(rig.spec()) as container:
        container.start()
        assert volume not in rig.engine.sweep()
        assert not rig.volume_exists(left)
        assert rig.volume_exists(volume)
        assert container.exec(["true"]).exit_code == 0
    assert left not in rig.engine.sweep()


def test_a_loaded_archive_is_tagged_and_carries_the_label_we_gave_it(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_bytes(b"data")
    layer = tmp_path / "layer.tar"
    digest = write_layer(tmp_path / "root", layer, 0)
    loaded = rig.engine.load(image_archive(layer, digest, "linux/arm64", "contract"), "parity/contract:one")
    rig.engine.tag(loaded.id, "parity/contract:two")
    assert loaded.platform == "linux/arm64"
    assert rig.engine.image("parity/contract:one") == rig.engine.image("parity/contract:two") == loaded


def test_an_image_is_loaded_for_a_while_and_saved_with_its_layers(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_bytes(b"data")
    layer = tmp_path / "layer.tar"
    digest = write_layer(tmp_path / "root", layer, 0)
    archive = image_archive(layer, digest, "linux/amd64", "contract, for a while")
    with rig.engine.loaded_image(lambda _: archive) as image_id:
        found = rig.engine.image(image_id)
        assert found is not None
        assert found.layers == (f"sha256:{digest}",)
        with tarfile.open(fileobj=io.BytesIO(b"".join(rig.engine.save(image_id)))) as tar:
            files = [stream.read() for member in tar if (stream := tar.extractfile(member))]
        assert layer.read_bytes() in files
    rig.engine.settle()
    assert rig.engine.image(image_id) is None


def without_layer(archive: Iterable[bytes]) -> bytes:
    """An image archive that names its layer and does not have it."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar,
        tarfile.open(fileobj=buffer, mode="w") as out,
    ):
        for member in tar:
            if member.name != "layer.tar":
                out.addfile(member, tar.extractfile(member))
    return buffer.getvalue()


def test_an_engine_that_keeps_layers_loads_an_image_without_those_that_it_has(
    rig: Rig, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_bytes(b"of the base")
    layer = tmp_path / "layer.tar"
    digest = write_layer(tmp_path / "root", layer, 0)
    whole = list(image_archive(layer, digest, "linux/amd64", "contract, base"))
    part = [without_layer(image_archive(layer, digest, "linux/amd64", "contract, on it"))]
    keeps = rig.engine.info().keeps_layers
    with (
        rig.engine.loaded_image(lambda _: whole) as base,
        nullcontext() if keeps else pytest.raises(EngineRefused),
        rig.engine.loaded_image(lambda _: part) as image_id,
    ):
        found = rig.engine.image(image_id)
        assert image_id != base
        assert found is not None
        assert found.layers == (f"sha256:{digest}",)


def test_garbage_is_no_image(rig: Rig) -> None:
    with pytest.raises(EngineRefused, match="refused to load parity/contract:bad"):
        rig.engine.load([b"garbage" * 1000], "parity/contract:bad")


def test_a_tag_needs_an_image(rig: Rig) -> None:
    with pytest.raises(EngineRefused, match="refused to tag parity/contract:three"):
        rig.engine.tag("parity/nobody:none", "parity/contract:three")
    assert rig.engine.image("parity/contract:three") is None


def test_a_registry_that_is_not_there_fails_soon_and_says_so(rig: Rig) -> None:
    begin = time.monotonic()
    with pytest.raises(EngineRefused, match=r"refused to pull registry\.invalid/image:1: .*no such host"):
        rig.engine.pull("registry.invalid/image:1", "linux/amd64", lambda _: None)
    assert time.monotonic() - begin < 60


def test_an_interrupted_engine_starts_nothing_more(rig: Rig) -> None:
    rig.engine.interrupt()
    with pytest.raises(Interrupted), rig.engine.container(rig.spec()):
        pass
    assert rig.living() == set()
