"""Uv projects as people have them, carried across: the lock that was proved is the lock that counts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.hosts import Host, host
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.projects import uv

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

Far = Callable[[str, Path], AbstractContextManager[Host]]
CHECKOUT = "/apps/checkout"
FLIT = """
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"
"""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def pyproject(python: str, *dependencies: str, more: str = "") -> str:
    wants = json.dumps(list(dependencies))
    head = f'[project]\nname = "app"\nversion = "1.0"\ndescription = "an app"\nrequires-python = "{python}"\n'
    return f"{head}dependencies = {wants}\n{more}\n"


def lock(folder: Path) -> None:
    """As the project's own settings say."""
    uv(folder, "lock", "--directory", str(folder / "app"), env={"UV_NO_CONFIG": "0"})


def build(parity: Parity, folder: Path, image: str, **plan: Any) -> Any:
    install = {"requirements": [], "files": [], "project": {"path": "app", **plan}}
    profile = write_profile(folder, "example", extends=image, install=install)
    return parity.build(profile, folder / "dist")


def carry(folder: Path, bundle: str) -> Path:
    """What the far side gets: the checkout and the unpacked bundle."""
    media = folder / "media"
    shutil.copytree(folder / "app", media / "app")
    (media / "bundle").mkdir()
    subprocess.run(["tar", "xf", bundle, "-C", media / "bundle", "--strip-components=1"], check=True)
    return media


def set_up(there: Host) -> str:
    there.says("cp", "-r", "/media/app", CHECKOUT)
    return there.says("sh", "/media/bundle/install.sh", "--project", CHECKOUT)


def in_checkout(there: Host, words: str) -> str:
    done = there.run("sh", "-c", f"cd {CHECKOUT} && HOME=/apps/home .parity/uv {words} 2>&1")
    said = done.stdout.decode()
    assert done.exit_code == 0, said
    return said


@pytest.fixture
def far(engine: DockerEngine, debian12: PinnedImage, debian13: PinnedImage) -> Far:
    """Gives the disconnected machine of an image."""
    images = {"debian12-py311": debian12, "debian13-py313": debian13}
    return lambda image, media: host(engine, images[image], media)


EXCLUDE = '[tool.uv]\nexclude-newer = "{}"\n'
PACKAGE = 'exclude-newer-package = {idna = "2026-06-01"}\n'
OVERRIDE = """[tool.uv]
override-dependencies = ["idna==2.2", "urllib3==2.0.0a4"]
constraint-dependencies = ["certifi<2100"]
exclude-dependencies = ["markdown-it-py"]

[[tool.uv.dependency-metadata]]
name = "requests"
version = "2.31.0"
requires-dist = ["idna", "urllib3<2", "certifi", "charset-normalizer"]
"""
CASES = [
    pytest.param(
        "debian12-py311",
        pyproject(">=3.11", more=EXCLUDE.format("2026-06-01") + FLIT),
        "app",
        id="flit",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "debian12-py311",
        pyproject(">=3.11", "idna", more=EXCLUDE.format("7 days") + PACKAGE),
        "idna",
        id="days-and-package",
    ),
    pytest.param(
        "debian13-py313",
        pyproject(">=3.11", "markupsafe==3.0.3", "numpy>=2"),
        "markupsafe, numpy",
        id="forks",
        marks=pytest.mark.long,
    ),
]


@pytest.mark.parametrize(("image", "text", "imports"), CASES)
def test_a_project_goes_across_as_it_was_locked(
    parity: Parity,
    far: Far,
    tmp_path: Path,
    image: str,
    text: str,
    imports: str,
) -> None:
    write(tmp_path / "app", {"pyproject.toml": text, "app.py": '"""An app."""\n__version__ = "1.0"\n'})
    lock(tmp_path)
    made = build(parity, tmp_path, image).bundle
    with far(image, carry(tmp_path, made["bundle"])) as there:
        set_up(there)
        text = there.says("cat", f"{CHECKOUT}/uv.lock")
        assert "Resolved" in in_checkout(there, "sync --locked")
        assert in_checkout(there, f'run python -c "import {imports}; print(7)"').splitlines()[-1] == "7"
        assert there.says("cat", f"{CHECKOUT}/uv.lock") == text


def test_what_a_project_overrides_is_known_to_the_check_and_told_in_the_proof(
    parity: Parity, far: Far, tmp_path: Path
) -> None:
    text = pyproject(">=3.11", "requests==2.31.0", "rich==13.9.4", more=OVERRIDE)
    write(tmp_path / "app", {"pyproject.toml": text})
    lock(tmp_path)
    made = build(parity, tmp_path, "debian12-py311").bundle
    told = made["proof"]["installer"]["checked_with"]
    assert "overridden by the project" in told
    assert "The package `requests` requires `idna>=2.5,<4`, but `2.2` is installed" in told
    assert "The package `rich` requires `markdown-it-py>=2.2.0`, but it's not installed" in told
    assert made["proof"]["consistent"]
    with far("debian12-py311", carry(tmp_path, made["bundle"])) as there:
        said = there.says("sh", "/media/bundle/install.sh", "/apps/prefix")
        set_up(there)
        in_checkout(there, "sync --locked")
        code = "import requests; from importlib.metadata import version as v; print(v('idna'), v('urllib3'))"
        assert in_checkout(there, f'run python -c "{code}"').splitlines()[-1] == "2.2 2.0.0a4"
    assert "done" in said


MEMBER = """
[project]
name = "{0}"
version = "1.0"
description = "{0}"
requires-python = ">=3.11"
dependencies = {1}

[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"
"""
WORKSPACE = {
    "pyproject.toml": "[tool.uv]\nworkspace.members = ['packages/*']\nsources.a1.workspace = true\n",
    "packages/a/pyproject.toml": MEMBER.format("a1", '["idna"]'),
    "packages/a/a1.py": "",
    "packages/b/pyproject.toml": MEMBER.format("b2", '["six", "a1"]'),
    "packages/b/b2.py": "",
    "packages/c/pyproject.toml": MEMBER.format("c3", '["toml"]'),
    "packages/c/c3.py": "",
}


@pytest.mark.parametrize(
    ("plan", "installed", "options"),
    [
        pytest.param({}, {"a1", "b2", "c3", "idna", "six", "toml"}, "--all-packages", id="all"),
        pytest.param(
            *({"package": "b2"}, {"a1", "b2", "idna", "six"}, "--package b2"),
            id="one",
            marks=pytest.mark.long,
        ),
        pytest.param({"path": "app/packages/a"}, {"a1", "idna"}, "--package a1", id="folder"),
    ],
)
def test_a_workspace_goes_across(
    parity: Parity, far: Far, tmp_path: Path, plan: Mapping[str, str], installed: set[str], options: str
) -> None:
    write(tmp_path / "app", WORKSPACE)
    lock(tmp_path)
    made = build(parity, tmp_path, "debian12-py311", **plan).bundle
    assert {each["name"] for each in made["proof"]["installed"]} == installed
    names = sorted(installed)
    with far("debian12-py311", carry(tmp_path, made["bundle"])) as there:
        assert f"run {options} COMMAND" in set_up(there)
        in_checkout(there, f"sync --locked {options}")
        code = f"import {', '.join(names)}; print(7)"
        assert in_checkout(there, f'run {options} python -c "{code}"').splitlines()[-1] == "7"


@pytest.mark.parametrize("with_lock", [True, False])
def test_a_project_for_another_python_says_so(
    parity: Parity, debian11: PinnedImage, tmp_path: Path, with_lock: bool
) -> None:
    write(tmp_path / "app", {"pyproject.toml": pyproject(">=3.11", "idna")})
    if with_lock:
        lock(tmp_path)
    error = build(parity, tmp_path, "debian11-py39").error
    assert error["message"] == "the project is for Python >=3.11, the target has Python 3.9"
    assert "requires-python" in error["remedy"]
    assert error["kind"] == "InputFileError"


EXPLICIT = """[tool.uv.sources]
thing.index = "cpu"

[[tool.uv.index]]
name = "cpu"
url = "{}"
explicit = true
"""


@pytest.mark.long
def test_an_explicit_index_with_local_versions_goes_across(parity: Parity, far: Far, tmp_path: Path) -> None:
    tiny_wheel(tmp_path / "wheels", "thing", "1.5+cpu", requires=["idna"])
    with PackageIndex(tmp_path / "wheels", host=gateway()) as cpu:
        write(
            tmp_path / "app", {"pyproject.toml": pyproject(">=3.11", "thing", more=EXPLICIT.format(cpu.url))}
        )
        lock(tmp_path)
        made = build(parity, tmp_path, "debian12-py311").bundle
    assert {"name": "thing", "version": "1.5+cpu"} in made["proof"]["installed"]
    with far("debian12-py311", carry(tmp_path, made["bundle"])) as there:
        set_up(there)
        in_checkout(there, "sync --locked")
        said = in_checkout(there, 'run python -c "import thing; print(thing.version)"')
    assert said.splitlines()[-1] == "1.5+cpu"


SCRIPT = """# /// script
# requires-python = ">=3.10"
# dependencies = ["idna", "numpy>=2"]
# [tool.uv]
# exclude-newer = "2026-06-01"
# ///
import idna, numpy
print("script", idna.__name__, numpy.__name__)
"""


@pytest.mark.parametrize("with_lock", [True, False])
def test_a_script_goes_across_as_it_was_locked(
    parity: Parity, far: Far, tmp_path: Path, with_lock: bool
) -> None:
    write(tmp_path, {"tools/tool.py": SCRIPT, "tools/pyproject.toml": pyproject(">=3.14", "requests")})
    if with_lock:
        uv(tmp_path, "lock", "--script", str(tmp_path / "tools" / "tool.py"), env={"UV_NO_CONFIG": "0"})
    install = {"requirements": [], "files": [], "script": "tools/tool.py"}
    profile = write_profile(tmp_path, "example", extends="debian12-py311", install=install)
    made = parity.build(profile, tmp_path / "dist").bundle
    installed = {each["name"]: each["version"] for each in made["proof"]["installed"]}
    assert set(installed) == {"idna", "numpy"}
    if with_lock:
        assert (
            f'name = "idna"\nversion = "{installed["idna"]}"' in (tmp_path / "tools/tool.py.lock").read_text()
        )
    (tmp_path / "app").mkdir()
    with far("debian12-py311", carry(tmp_path, made["bundle"])) as there:
        there.says("sh", "/media/bundle/install.sh", "/apps/prefix")
        said = there.says("/apps/prefix/current/bin/python", "/media/bundle/project/tree/tool.py")
    assert said.strip() == "script idna numpy"
