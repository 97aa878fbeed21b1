"""Ruby gems: resolved, locked, built and rehearsed in the target's image, installed without a compiler."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.engine import IMAGES
from tests.support.gems import (
    FAST_SUM,
    GREETER,
    NEWER_WORDS,
    WORDS,
    GemFile,
    GemSource,
    MadeGem,
    gemspec,
)
from tests.support.index import gateway
from tests.support.inside import fresh_room, inside, tar_of
from tests.support.interpreters import make_interpreter, mirror

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.engine.guests import small_tar
from parity.errors import (
    BuildFailed,
    HashMismatch,
    HostileSource,
    ImageUnavailable,
    IndexFailed,
    LockOutdated,
    ParityError,
    RehearsalFailed,
    Unresolvable,
)
from parity.model import PinnedImage
from parity.pack.singlefile import single_file
from parity.portable.bundle import manifest
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.errors import BundleDamaged, HostileContent, InstallFailed, WrongHost

pytestmark = pytest.mark.engine

WANTED = {"greeter": "0.3.1", "fastsum": "~> 1.0"}
USE = "require 'greeter'; require 'fastsum'; puts Greeter.hi, FastSum.sum(20, 22)"
TARGETS = {"debian12": "debian12-py311", "debian13": "debian13-py313"}
RUBIES = {"debian12": "debian12-py311-ruby31", "debian13": "debian13-py313-ruby33"}


def built_by_gem(room: Container, gem: MadeGem) -> GemFile:
    """The gem as `gem build` makes it, in that container."""
    spec = {f"src/{gem.name}/{gem.name}.gemspec": gemspec(gem).encode()}
    room.put(
        "/tmp",
        small_tar(spec | {f"src/{gem.name}/{path}": text.encode() for path, text in gem.files.items()}),
    )
    done = inside(room, f"cd /tmp/src/{gem.name} && chmod -R a+rX . && gem build --norc {gem.name}.gemspec")
    assert done.code == 0, done.output
    stream = io.BytesIO(b"".join(room.get(f"/tmp/src/{gem.name}/{gem.full_name}.gem")))
    with tarfile.open(fileobj=stream) as tar:
        content = tar.extractfile(tar.getmembers()[0])
        assert content is not None
        return GemFile(**vars(gem), content=content.read())


def profile(folder: Path, name: str, source: GemSource, gems: dict[str, str], **parts: Any) -> Path:
    """A profile for Debian 12 unless it is named for 13, with one Python package."""
    debian = "debian13" if name.startswith("debian13") else "debian12"
    return write_profile(
        folder,
        name,
        extends=TARGETS[debian],
        image={"folder": str(IMAGES / RUBIES[debian])},
        gems={"list": gems, "sources": [source.url]},
        **{"requirements": ["six==1.16.0"], **parts},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gems")


@pytest.fixture(scope="module")
def source(engine: DockerEngine, ruby12: PinnedImage) -> Iterator[GemSource]:
    """A source with gems that `gem build` has made."""
    with fresh_room(engine, ruby12) as room:
        gems = [built_by_gem(room, gem) for gem in (GREETER, WORDS, NEWER_WORDS, FAST_SUM)]
    with GemSource(gems, host=gateway()) as found:
        yield found


@pytest.fixture(scope="module")
def generated(engine: DockerEngine, ruby12: PinnedImage, source: GemSource) -> Iterator[GemSource]:
    """The same gems in a folder with the index of old that `gem generate_index` makes."""
    with fresh_room(engine, ruby12) as room:
        room.put("/srv", small_tar({f"it/gems/{gem.full_name}.gem": gem.data for gem in source.gems}))
        done = inside(room, "gem generate_index --norc -d /srv/it")
        assert done.code == 0, done.output
        stream = io.BytesIO(b"".join(room.get("/srv/it")))
    with tarfile.open(fileobj=stream) as tar:
        files = {
            member.name.partition("/")[2]: content.read()
            for member in tar
            if (content := tar.extractfile(member))
        }
    static = {f"/{path}": data for path, data in files.items()}
    with GemSource([], host=gateway(), static=static) as found:
        yield found


@pytest.fixture(scope="module")
def carried(parity: Parity, source: GemSource, folder: Path) -> dict[str, Any]:
    """A bundle for Debian 12 with a gem that needs others and one with an extension."""
    path = profile(
        folder,
        "debian12",
        source,
        WANTED,
        rehearsal={"commands": [f'ruby -e "{USE}"', "greet"]},
    )
    return parity.build(path, folder).bundle


@contextmanager
def target_with(engine: DockerEngine, image: PinnedImage, bundle: dict[str, Any]) -> Iterator[Container]:
    """A machine like the target, without network, where the bundle was installed."""
    with fresh_room(engine, image) as room:
        room.put("/media", tar_of(Path(bundle["bundle"]), "it.parity.tar"))
        done = inside(room, "cd /media && tar xf it.parity.tar && sh parity-bundle/install.sh /opt/app")
        assert done.code == 0, done.output
        yield room


def manifest_of(bundle: dict[str, Any]) -> dict[str, Any]:
    with tarfile.open(bundle["bundle"]) as tar:
        content = tar.extractfile("parity-bundle/manifest.json")
        assert content is not None
        found: dict[str, Any] = json.loads(content.read())
        return found


def test_gems_travel_with_what_they_need_built_for_the_target_and_locked(
    carried: dict[str, Any], folder: Path
) -> None:
    gems = manifest_of(carried)["gems"]
    rows = {row["name"]: row for row in gems["packages"]}
    assert gems["ruby"] == "3.1.0"
    assert list(rows) in (["words", "greeter", "fastsum"], ["fastsum", "words", "greeter"])  # needs first
    assert {name: row["version"] for name, row in rows.items()} == {
        "words": "1.1.0",
        "greeter": "0.3.1",
        "fastsum": "1.0.0",
    }
    assert rows["fastsum"]["platform"].startswith("x86_64-linux")
    assert not rows["words"]["requested"]
    lock = (folder / "pylock.gems.toml").read_text()
    assert lock.count("sha256 = ") == 6
    proof = carried["proof"]["gems"]
    assert {(row["gem"], row["feature"], row["works"]) for row in proof["required"]} == {
        ("words", "words", True),
        ("greeter", "greeter", True),
        ("fastsum", "fastsum", True),
    }


def test_a_plan_looks_at_python_alone_and_says_so(parity: Parity, source: GemSource, tmp_path: Path) -> None:
    path, before = profile(tmp_path, "debian12", source, {"words": "1.0"}), list(source.seen)
    done = parity.run("plan", path, "--lock", tmp_path / "pylock.toml")
    assert done.code == 0, done.stderr
    assert "gems are not looked at here" in done.stderr
    assert source.seen == before


def test_a_lock_alone_locks_gems_too_and_a_build_takes_it(
    parity: Parity, source: GemSource, tmp_path: Path
) -> None:
    path = profile(tmp_path, "debian12", source, {"words": "1.1.0"})
    lock = ("--lock", tmp_path / "pylock.toml")
    done = parity.run("lock", path, "--json", *lock)
    assert done.code == 0, done.stderr
    assert done.document["locks"][0]["gems"] == [{"name": "words", "version": "1.1.0", "requested": True}]
    parity.build(path, tmp_path, "--locked", *lock).bundle  # noqa: B018 - it asserts that it was built


def test_the_same_lock_gives_the_same_bytes_without_the_source(
    parity: Parity, carried: dict[str, Any], source: GemSource, folder: Path, tmp_path: Path
) -> None:
    seen = len(source.seen)
    options = ("--locked", "--lock", folder / "pylock.toml")
    again = parity.build(folder / "debian12.yaml", tmp_path, *options).bundle
    assert again["payload_sha256"] == carried["payload_sha256"]
    assert len(source.seen) == seen


def test_an_extension_that_is_built_again_has_the_same_bytes(
    parity: Parity, carried: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    again = parity.build(folder / "debian12.yaml", tmp_path).bundle
    assert (tmp_path / "pylock.gems.toml").read_text() == (folder / "pylock.gems.toml").read_text()
    assert again["payload_sha256"] == carried["payload_sha256"]


def test_the_target_needs_no_network_and_no_compiler(
    engine: DockerEngine, ruby12: PinnedImage, carried: dict[str, Any]
) -> None:
    with fresh_room(engine, ruby12) as room:
        assert inside(room, "command -v gcc cc make").code != 0
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        assert inside(room, "cd /media && tar xf it.parity.tar").code == 0
        done = inside(room, "sh /media/parity-bundle/install.sh /opt/app")
        assert done.code == 0, done.output
        assert "gems: 3 gems, 2 of 2 could be required" in done.output
        assert "GEM_HOME=/opt/app/current/gems" in done.output
        gem_home = "export GEM_HOME=/opt/app/current/gems;"
        assert inside(room, f'{gem_home} ruby -e "{USE}"').output == '["hello"]\n42\n'
        assert inside(room, f"{gem_home} $GEM_HOME/bin/greet").output == '["hello"]\n'
        files = " ".join(row["path"] for row in manifest_of(carried)["gems"]["packages"])
        assert (
            f"gem install --local --no-document {files}"
            in inside(room, "cat /media/parity-bundle/README.txt").output
        )
        alone = inside(room, f"cd /media/parity-bundle && gem install --local --no-document {files}")
        assert alone.code == 0, alone.output
        assert inside(room, f'ruby -e "{USE}"').output == '["hello"]\n42\n'


def test_another_host_and_an_altered_gem_are_refused(
    engine: DockerEngine, debian12: PinnedImage, ruby12: PinnedImage, carried: dict[str, Any]
) -> None:
    with fresh_room(engine, debian12) as room:
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        done = inside(room, "cd /media && tar xf it.parity.tar && sh parity-bundle/install.sh /opt/app")
        assert done.code == WrongHost.exit_code
        assert "this host has no Ruby" in done.output
        assert inside(room, "ls /opt/app").code != 0
    with fresh_room(engine, ruby12) as room:
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        lines = "cd /media && tar xf it.parity.tar && printf x >>parity-bundle/gems/words-1.1.0.gem"
        done = inside(room, f"{lines} && sh parity-bundle/install.sh /opt/app")
        assert done.code == BundleDamaged.exit_code
        assert inside(room, "ls /opt/app/current").code != 0


# --- what goes wrong, and who is hostile ------------------------------------------------------------------


class Case:
    """A source's gems, what is wanted of them, and how that ends."""

    def __init__(
        self, gems: list[MadeGem], wanted: dict[str, str], error: type[ParityError], said: str
    ) -> None:
        self.gems, self.wanted, self.error, self.said = gems, wanted, error, said


EVIL = {"lib/evil.rb": ""}
NETWORK = """require "socket"
begin
  TCPSocket.new("192.0.2.1", 80)
rescue SystemCallError => error
  abort("no way out: #{error.class}")
end
"""
CASES = {
    "unknown": Case([WORDS], {"nowhere": "1.0"}, Unresolvable, "nowhere"),
    "a version that is not there": Case(
        [WORDS, NEWER_WORDS], {"words": "9.0"}, Unresolvable, "; there are 2.0.0, 1.1.0"
    ),
    "conflict": Case(
        [GREETER, WORDS, NEWER_WORDS], {"greeter": "*", "words": "~> 2.0"}, Unresolvable, "words"
    ),
    "another name": Case(
        [MadeGem("evil", "1.0", EVIL, called="words-1.0", listed=("words", "1.0"))],
        {"words": "1.0"},
        HostileSource,
        "words-1.0.gem says of itself that it is evil-1.0",
    ),
    "another version": Case(
        [MadeGem("evil", "1.1", EVIL, called="evil-1.0", listed=("evil", "1.0"))],
        {"evil": "1.0"},
        HostileSource,
        "evil-1.0.gem says of itself that it is evil-1.1",
    ),
    "out of the folder": Case(
        [MadeGem("evil", "1.0", {**EVIL, "../../out.rb": ""})], {"evil": "1.0"}, HostileSource, "evil-1.0.gem"
    ),
    "a program over one of the host's": Case(
        [MadeGem("evil", "1.0", EVIL, programs=("../" * 12 + "etc/passwd",))],
        {"evil": "1.0"},
        HostileSource,
        "a program lies outside of it",
    ),
    "a folder of programs elsewhere": Case(
        [MadeGem("evil", "1.0", EVIL, programs=("passwd",), bindir="../" * 12 + "etc")],
        {"evil": "1.0"},
        HostileSource,
        "a folder outside of it",
    ),
    "modules of somebody else": Case(
        [MadeGem("evil", "1.0", EVIL, roots=("../../tmp",))],
        {"evil": "1.0"},
        HostileSource,
        "a folder outside of it",
    ),
    "a name that is a path": Case(
        [replace(WORDS, needs=(("../../etc/x", ">= 0"),))], {"words": "*"}, Unresolvable, "etc/x"
    ),
    "no gem": Case(
        [GemFile("evil", "1.0", content=b"<html>blocked</html>")],
        {"evil": "1.0"},
        HostileSource,
        "evil-1.0.gem",
    ),
    "a build that wants network": Case(
        [MadeGem("evil", "1.0", {"extconf.rb": NETWORK}, extensions=("extconf.rb",))],
        {"evil": "1.0"},
        BuildFailed,
        "without network",
    ),
}


CASES["no proof"] = Case(
    [MadeGem("broken", "1.0", {"lib/broken.rb": "raise 'not on this machine'\n"})],
    {"broken": "1.0"},
    RehearsalFailed,
    "not on this machine",
)
PLUGIN = 'File.write("/tmp/plugged", "x")\nFile.write("/plugged", "x")\n'
PLUG = MadeGem("plug", "1.0", {"lib/plug.rb": "", "lib/rubygems_plugin.rb": PLUGIN})


@pytest.fixture(scope="module")
def outcomes(
    parity: Parity,
    ruby12: PinnedImage,
    ruby13: PinnedImage,
    source: GemSource,
    generated: GemSource,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Any]]:
    """How each of many profiles ended, in one call; each case has a source of its own."""
    folder = tmp_path_factory.mktemp("many")
    with ExitStack() as stack:
        paths = []
        for number, case in enumerate(CASES.values()):
            own = stack.enter_context(GemSource(case.gems, host=gateway()))
            paths.append(profile(folder, f"case-{number}", own, case.wanted))
        own = stack.enter_context(GemSource([PLUG], host=gateway()))
        paths.append(profile(folder, "debian13-plug", own, {"plug": "1.0"}))
        paths.append(profile(folder, "debian13", source, WANTED))
        plain = {"list": {"words": "1.1.0"}, "sources": [source.url]}
        paths.append(write_profile(folder, "plain", extends="debian12-py311", requirements=[], gems=plain))
        paths.append(profile(folder, "generated", generated, {"greeter": "0.3.1"}))
        paths.append(profile(folder, "alone", source, {"words": "1.1.0"}, requirements=[]))
        done = parity.run("build", *paths, "--json", "-o", folder, timeout=600)
    return {each["profile"]: each for each in done.document["bundles"]}


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_what_no_bundle_may_carry_stops_the_build(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    case, found = CASES[name], outcomes[f"case-{list(CASES).index(name)}"]
    assert not found["ok"], found
    assert found["error"]["exit_code"] == case.error.exit_code, found
    assert case.said in json.dumps(found["error"])
    assert found["error"]["remedy"]


def test_a_plugin_of_gem_does_not_run_when_it_is_installed_and_people_are_told(
    engine: DockerEngine, ruby13: PinnedImage, outcomes: dict[str, dict[str, Any]]
) -> None:
    found = outcomes["debian13-plug"]
    assert any("plug 1.0 brings a plugin of gem itself" in line for line in found["warnings"])
    with target_with(engine, ruby13, found) as room:
        assert inside(room, "ls /tmp/plugged /plugged").code != 0
        inside(room, "GEM_HOME=/opt/app/current/gems gem list")
        assert inside(room, "ls /tmp/plugged").code == 0  # the same file, run by gem itself


def test_other_bytes_than_were_locked_are_refused(
    parity: Parity, ruby12: PinnedImage, tmp_path: Path
) -> None:
    first = MadeGem("words", "1.1.0", {"lib/words.rb": f"# {tmp_path}"})
    with GemSource([first], host=gateway()) as source:
        path = profile(tmp_path, "words", source, {"words": "1.1.0"})
        parity.build(path, tmp_path).bundle  # noqa: B018 - it must be there
        lock = tmp_path / "pylock.gems.toml"
        digest = next(line for line in lock.read_text().splitlines() if line.startswith("sha256"))
        lock.write_text(lock.read_text().replace(digest, f'sha256 = "{"0" * 64}"'))
        changed = parity.build(path, tmp_path)
    assert changed.code == HashMismatch.exit_code
    gone = parity.build(path, tmp_path, "--locked")
    assert gone.code == LockOutdated.exit_code
    lock.unlink()
    assert parity.build(path, tmp_path).code == IndexFailed.exit_code


@pytest.mark.long
def test_a_login_reaches_the_source_and_nothing_else(
    parity: Parity, ruby12: PinnedImage, tmp_path: Path
) -> None:
    login, place = ("reader", "s3cret-word"), gateway()
    with GemSource([WORDS], host=place, login=login) as source:
        path = profile(tmp_path, "words", source, {"words": "1.1.0"})
        refused = parity.build(path, tmp_path)
        key = "BUNDLE_" + place.replace(".", "__")
        done = parity.build(path, tmp_path, env={key: ":".join(login)})
    assert refused.code == IndexFailed.exit_code
    told = done.stdout + done.stderr + (tmp_path / "pylock.gems.toml").read_text()
    assert done.code == 0, told
    assert "s3cret" not in told
    assert b"s3cret" not in Path(done.bundle["bundle"]).read_bytes()


# --- bundler's files --------------------------------------------------------------------------------------


def bundler_lock(folder: Path, parts: dict[GemSource, list[MadeGem]], sums: str = "") -> None:
    """A Gemfile that must not run, and its lock with a part for each source."""
    (folder / "Gemfile").write_text("raise 'a Gemfile does not run'\n")
    text = ""
    for source, gems in parts.items():
        needs = [
            f"    {gem.name} ({gem.version})\n"
            + "".join(f"      {name} ({want})\n" for name, want in gem.needs)
            for gem in gems
        ]
        text += f"GEM\n  remote: {source.url}\n  specs:\n{''.join(needs)}\n"
    names = sorted(gem.name for gems in parts.values() for gem in gems if gem.name != "words")
    text += "PLATFORMS\n  ruby\n\nDEPENDENCIES\n" + "".join(f"  {name}\n" for name in names)
    (folder / "Gemfile.lock").write_text(text + sums + "\nBUNDLED WITH\n   2.3.15\n")


@pytest.mark.long
def test_a_gemfiles_lock_decides_about_versions_and_sources(
    parity: Parity, ruby12: PinnedImage, source: GemSource, tmp_path: Path
) -> None:
    wrong = MadeGem("words", "1.1.0", {"lib/words.rb": "raise 'from the wrong source'\n"})
    plug = MadeGem("plug", "1.0", {"lib/plug.rb": ""})
    with GemSource([plug, wrong], host=gateway()) as other:
        # The other one first: alone, gem would take what it has before it looks at the next.
        bundler_lock(tmp_path, {other: [plug], source: [GREETER, WORDS]})
        path = write_profile(
            tmp_path,
            "locked",
            extends=TARGETS["debian12"],
            image={"folder": str(IMAGES / RUBIES["debian12"])},
            requirements=["six==1.16.0"],
            gems={"gemfile": "Gemfile"},
        )
        bundle = parity.build(path, tmp_path).bundle
        sums = f"\nCHECKSUMS\n  greeter (0.3.1) sha256={'0' * 64}\n"
        bundler_lock(tmp_path, {other: [plug], source: [GREETER, WORDS]}, sums)
        lied = parity.build(path, tmp_path)
        bundler_lock(tmp_path, {source: [GREETER]})
        lacking = parity.build(path, tmp_path)
    rows = {row["name"]: row for row in manifest_of(bundle)["gems"]["packages"]}
    assert {name: row["requested"] for name, row in rows.items()} == {
        "greeter": True,
        "words": False,
        "plug": True,
    }
    assert lied.code == HashMismatch.exit_code
    assert lacking.code == Unresolvable.exit_code
    assert "words" in lacking.error["message"]
    assert "bundle lock" in lacking.error["remedy"]


# --- the other vehicles -----------------------------------------------------------------------------------


@pytest.mark.long
def test_an_image_and_an_environment_bring_the_gems_too(
    parity: Parity, engine: DockerEngine, ruby12: PinnedImage, carried: dict[str, Any], tmp_path: Path
) -> None:
    # Both try the profile's commands and the gems before they are signed.
    for kind in ("image", "environment"):
        words = ["export", kind, carried["bundle"], "--json", "-o"]
        found = [parity.run(*words, tmp_path / str(number)) for number in (1, 2)]
        assert [done.code for done in found] == [0, 0], found[0].stdout
        one, two = (Path(done.document["file"]).read_bytes()[HEAD_SIZE:] for done in found)
        assert one == two
    tar = found[0].document["file"]
    with fresh_room(engine, ruby12) as room:
        room.put("/media", tar_of(Path(tar), "it.tar"))
        assert inside(room, "cd /media && tar xf it.tar").code == 0
        home = inside(room, "ls -d /media/*/gems /media/gems 2>/dev/null").output.strip()
        assert inside(room, f'GEM_HOME={home} ruby -e "{USE}"').output == '["hello"]\n42\n'


@pytest.mark.long
def test_an_environment_with_its_own_python_brings_the_gems_for_the_machines_ruby(
    parity: Parity, engine: DockerEngine, ruby12: PinnedImage, carried: dict[str, Any], tmp_path: Path
) -> None:
    interpreter, program = make_interpreter(engine, ruby12, "3.11"), "import sys; print(sys.base_prefix)"
    with mirror() as place:
        env = {"UV_PYTHON_DOWNLOADS_JSON_URL": place.offer(interpreter, "3.11.2")}
        words = ["export", "environment", carried["bundle"], "--prefix", "/apps/both", "--with-python"]
        done = parity.run(*words, "--json", "-o", tmp_path, env=env)
    assert done.code == 0, done.stdout
    with fresh_room(engine, ruby12) as room:
        room.put("/media", tar_of(Path(done.document["file"]), "it.tar"))
        line = "rm -f /usr/bin/python3* && mkdir -p /apps /srv && tar -xf /media/it.tar -C /srv both"
        assert inside(room, f"{line} && sh /srv/both/relocate.sh").code == 0
        assert inside(room, f'GEM_HOME=/srv/both/gems ruby -e "{USE}"').output == '["hello"]\n42\n'
        assert inside(room, f"/srv/both/bin/python -c '{program}'").output == "/srv/both/python\n"


def test_a_bundle_is_rehearsed_again_from_its_own_bytes(parity: Parity, carried: dict[str, Any]) -> None:
    done = parity.run("verify", carried["bundle"], "--rehearse", "--json")
    assert done.code == 0, done.stdout + done.stderr
    shown = parity.run("inspect", carried["bundle"])
    assert "Ruby gems, for Ruby 3.1.0" in shown.stdout
    assert "fastsum" in shown.stdout


def test_debian_13_builds_and_runs_them_too(
    engine: DockerEngine, ruby13: PinnedImage, outcomes: dict[str, dict[str, Any]]
) -> None:
    bundle = outcomes["debian13"]
    assert manifest_of(bundle)["gems"]["ruby"] == "3.3.0"
    with target_with(engine, ruby13, bundle) as room:
        used = inside(room, f'GEM_HOME=/opt/app/current/gems ruby -e "{USE}"')
        assert used.output == '["hello"]\n42\n'


def test_an_image_without_ruby_is_told(outcomes: dict[str, dict[str, Any]]) -> None:
    error = outcomes["plain"]["error"]
    assert error["exit_code"] == ImageUnavailable.exit_code
    assert "no Ruby" in error["message"]
    assert "debian12-py311-ruby31" in error["remedy"]


def test_a_folder_with_a_generated_index_is_a_source_too(outcomes: dict[str, dict[str, Any]]) -> None:
    rows = manifest_of(outcomes["generated"])["gems"]["packages"]
    assert [(row["name"], row["version"]) for row in rows] == [("words", "1.1.0"), ("greeter", "0.3.1")]


def test_gems_alone_are_a_bundle_too(
    engine: DockerEngine, ruby12: PinnedImage, outcomes: dict[str, dict[str, Any]]
) -> None:
    with target_with(engine, ruby12, outcomes["alone"]) as room:
        gem_home = "GEM_HOME=/opt/app/current/gems"
        assert inside(room, f"{gem_home} ruby -e 'require \"words\"; print Words::HELLO'").output == "hello"


@pytest.mark.long
def test_an_existing_environment_gets_them_and_nobodys_own_folder_goes(
    parity: Parity, engine: DockerEngine, ruby12: PinnedImage, carried: dict[str, Any]
) -> None:
    key = parity.home / "config" / "keys" / "parity.key.pub"
    with fresh_room(engine, ruby12) as room:
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        room.put("/media", small_tar({"single.py": single_file().encode(), "key.pub": key.read_bytes()}))
        assert inside(room, "python3 -m venv /opt/env").code == 0
        assert inside(room, "mkdir /opt/env/gems && echo mine >/opt/env/gems/own").code == 0
        words = "/media/it.parity.tar --key /media/key.pub --into /opt/env"
        install = f"python3 /media/single.py install {words}"
        refused = inside(room, install)
        assert refused.code == InstallFailed.exit_code, refused.output
        assert "is there already" in refused.output
        assert inside(room, "cat /opt/env/gems/own && rm -r /opt/env/gems").output == "mine\n"
        for _ in range(2):
            done = inside(room, install)
            assert done.code == 0, done.output
        assert inside(room, f'GEM_HOME=/opt/env/gems ruby -e "{USE}"').output == '["hello"]\n42\n'


def test_an_update_tells_of_gems_and_crosses_as_a_delta(
    parity: Parity, carried: dict[str, Any], source: GemSource, tmp_path: Path
) -> None:
    path = profile(tmp_path, "debian12", source, {"greeter": "0.3.1", "words": "~> 1.0"})
    newer = parity.build(path, tmp_path, "--serial", "9000000000000000").bundle
    told = parity.run("diff", carried["bundle"], newer["bundle"], "--json").document
    assert told["gems"] == [{"what": "fastsum", "old": "1.0.0", "new": "not carried"}]
    delta, back = tmp_path / "it.delta", tmp_path / "back.parity.tar"
    made = parity.run("delta", carried["bundle"], newer["bundle"], "-o", delta)
    assert made.code == 0, made.stderr
    patched = parity.run("patch", carried["bundle"], delta, "-o", back)
    assert patched.code == 0, patched.stderr
    assert back.read_bytes() == Path(newer["bundle"]).read_bytes()


@pytest.mark.parametrize(
    ("gem", "said"),
    [
        (MadeGem("evil", "1.1.0", EVIL, called="words-1.1.0"), "another gem than its name says"),
        (MadeGem("words", "1.1.0", {"e.rb": ""}, extensions=("e.rb",)), "would build something"),
        (GemFile("words", "1.1.0", content=b"no gem"), "is no gem"),
    ],
)
def test_the_target_judges_each_gem_once_more_before_any_is_installed(
    engine: DockerEngine, ruby12: PinnedImage, carried: dict[str, Any], gem: MadeGem, said: str
) -> None:
    told = manifest_of(carried)
    for row in told["files"]:
        if row["path"] == "gems/words-1.1.0.gem":
            row["size"], row["sha256"] = len(gem.data), hashlib.sha256(gem.data).hexdigest()
    changed = {"manifest.json": manifest.encode(told), "gems/words-1.1.0.gem": gem.data}  # type: ignore[arg-type]
    with fresh_room(engine, ruby12) as room:
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        assert (
            inside(room, "cd /media && tar xf it.parity.tar && rm parity-bundle/parity-envelope.json").code
            == 0
        )
        room.put("/media/parity-bundle", small_tar(changed))
        done = inside(room, "sh /media/parity-bundle/install.sh /opt/app")
        assert done.code == HostileContent.exit_code, done.output
        assert said in done.output
        assert inside(room, "ls /opt/app/current").code != 0
