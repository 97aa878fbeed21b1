"""Sources that mean harm, built by the real command: how it ends, and that nothing lies outside."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from tests.support.cli import Done, Parity, write_profile
from tests.support.projects import make_repository
from tests.support.repositories import HOSTILE, Scene
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


def test_a_repository_that_reaches_out_ends_the_build(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    scene = Scene(tmp_path / "scene")
    scene.folder.mkdir()
    url, commit = next(case for case in HOSTILE if case.kind == "submodule-through-link").make(scene)
    assert "what git does not make" in refused(built(parity, tmp_path, f"evil @ git+{url}@{commit}"))
    assert scene.strays() == []
    assert not list(parity.home.rglob("canary"))
    assert not (tmp_path / "dist" / "pylock.toml").exists()


@pytest.mark.long
def test_only_a_folder_of_the_users_may_name_files_of_this_machine(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    own = setup_py("own", "1.0", more="'py_modules': ['own']")
    make_repository(
        write_tree(tmp_path / "own", {"setup.py": own, "own.py": ""}), tmp_path / "own.git", "v1.0"
    )
    asks = f"{PLAIN}, 'install_requires': ['own @ git+{(tmp_path / 'own.git').as_uri()}']"
    files = {"setup.py": setup_py("demo", "1.0", more=asks), "demo.py": "", "more/own.py": ""}
    tree = write_tree(tmp_path / "tree", files)
    make_repository(tree, tmp_path / "demo.git", "v1.0")
    done = built(parity, tmp_path, f"demo @ git+{(tmp_path / 'demo.git').as_uri()}@v1.0")
    assert "demo requires own from this machine's own files" in refused(done)

    lines = [f"{name} @ git+{(tmp_path / f'{name}.git').as_uri()}@v1.0" for name in ("demo", "own")]
    done = built(parity, tmp_path, "\n".join(lines))
    assert {each["name"] for each in done.bundle["packages"]} == {"demo", "own"}

    # The same words in a folder of the user's are the user's; its links are not followed.
    (tmp_path / "secret").write_text("canary-out")
    (tree / "more" / "secret.py").symlink_to("../../secret")
    done = built(parity, tmp_path, "./tree")
    assert {each["name"] for each in done.bundle["packages"]} == {"demo", "own"}
    assert "links that lead out of the folder are not followed" in done.stderr + done.stdout
    assert b"canary-out" not in Path(done.bundle["bundle"]).read_bytes()


def test_a_folder_of_the_users_may_name_another_by_its_address(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    near = write_tree(tmp_path / "near", {"setup.py": setup_py("near", "2.0", more="'py_modules': ['near']")})
    (near / "near.py").write_text("")
    asks = f"{PLAIN}, 'install_requires': ['near @ {near.as_uri()}']"
    write_tree(tmp_path / "tree", {"setup.py": setup_py("demo", "1.0", more=asks), "demo.py": ""})
    done = built(parity, tmp_path, "./tree")
    assert {each["name"] for each in done.bundle["packages"]} == {"demo", "near"}


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
