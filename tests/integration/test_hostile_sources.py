"""Sources that mean harm, built by the real command: how it ends, and that nothing lies outside."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from tests.support.cli import Done, Parity, write_profile
from tests.support.projects import make_repository
from tests.support.repositories import HOSTILE, PROGRAMS, Scene, files_of
from tests.support.sources import make_sdist, setup_py, write_tree

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

PLAIN = "'py_modules': ['demo']"


def built(parity: Parity, folder: Path, requirement: str) -> Done:
    (folder / "wanted.txt").write_text(requirement + "\n")
    install = {"requirements": [], "files": ["wanted.txt"]}
    return parity.build(write_profile(folder, "demo", install=install), folder / "dist")


def refused(done: Done) -> str:
    """What a refusal says; it has the one exit code, and its remedy."""
    error = done.error
    assert (error["kind"], error["exit_code"]) == ("HostileSource", 57)
    assert error["remedy"]
    return str(error["message"])


@pytest.mark.parametrize("kind", ["submodule-through-link", "submodule-and-link", "link-in-submodule"])
def test_a_repository_that_reaches_out_ends_the_build(
    kind: str, parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    scene = Scene(tmp_path / "scene")
    scene.folder.mkdir()
    url, commit = next(case for case in HOSTILE if case.kind == kind).make(scene)
    before = files_of(parity.home)
    done = built(parity, tmp_path, f"evil @ git+{url}@{commit}")
    assert "refused" in (message := refused(done)) or "what git does not make" in message
    assert scene.strays() == []
    assert not [name for name in set(files_of(parity.home)) - set(before) if "canary" in name]
    assert not (tmp_path / "dist" / "pylock.toml").exists()


def test_the_users_programs_are_not_run_by_a_repository_that_is_built(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    scene = Scene(tmp_path / "scene")
    scene.folder.mkdir()
    PROGRAMS[0].make(scene)  # writes the user's settings
    files = {"setup.py": setup_py("demo", "1.0", more=PLAIN), "demo.py": "", ".gitattributes": "* filter=x\n"}
    make_repository(write_tree(tmp_path / "tree", files), tmp_path / "demo.git", "v1.0")
    (tmp_path / "wanted.txt").write_text(f"demo @ git+{(tmp_path / 'demo.git').as_uri()}@v1.0\n")
    profile = write_profile(tmp_path, "demo", install={"requirements": [], "files": ["wanted.txt"]})
    done = parity.build(profile, tmp_path / "dist", env={"HOME": str(scene.home)})
    assert {each["name"] for each in done.bundle["packages"]} == {"demo"}
    assert not scene.canary.exists()


def test_a_package_may_not_name_this_machines_own_files(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    own = write_tree(
        tmp_path / "own", {"setup.py": setup_py("own", "1.0", more="'py_modules': ['own']"), "own.py": ""}
    )
    address = (tmp_path / "own.git").as_uri()
    make_repository(own, tmp_path / "own.git", "v1.0")
    asks = f"{PLAIN}, 'install_requires': ['own @ git+{address}']"
    files = {"setup.py": setup_py("demo", "1.0", more=asks), "demo.py": ""}
    make_repository(write_tree(tmp_path / "tree", files), tmp_path / "demo.git", "v1.0")
    done = built(parity, tmp_path, f"demo @ git+{(tmp_path / 'demo.git').as_uri()}@v1.0")
    assert "demo requires own from this machine's own files" in refused(done)
    # The same words in a folder of the user's are the user's.
    assert built(parity, tmp_path, "./tree").code == 0


def test_an_archive_that_reaches_out_ends_the_build(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    path = make_sdist(tmp_path, "demo", "1.0", f"more = {{{PLAIN}}}", demo__py="")
    whole = tmp_path / "plain.tar"
    with tarfile.open(path) as before, tarfile.open(whole, "w") as after:
        for member in before:
            after.addfile(member, before.extractfile(member))
        link = tarfile.TarInfo("demo-1.0/data")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        after.addfile(link)
    path.unlink()
    whole.rename(path)
    message = refused(built(parity, tmp_path, f"./{path.name}"))
    assert "the link 'demo-1.0/data' leads out of it, to '/etc'" in message


def test_links_out_of_a_users_folder_are_left_out_with_a_warning(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("canary-out")
    files = {"setup.py": setup_py("demo", "1.0", more="'py_modules': ['demo', 'more.own']"), "demo.py": ""}
    tree = write_tree(tmp_path / "tree", {**files, "more/own.py": ""})
    (tree / "more" / "secret.py").symlink_to("../../secret")
    done = built(parity, tmp_path, "./tree")
    assert {each["name"] for each in done.bundle["packages"]} == {"demo"}
    assert "links that lead out of the folder are not followed" in done.stderr + done.stdout
    assert b"canary-out" not in Path(done.bundle["bundle"]).read_bytes()
