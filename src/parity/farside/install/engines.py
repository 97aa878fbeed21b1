"""A verified image handed to a container engine of this machine, and held against what was signed.

Standard library only, Python 3.6 and later.
"""

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, BinaryIO, Dict, List, NamedTuple

from ...portable.errors import InstallFailed
from ...portable.texts import plain

if TYPE_CHECKING:
    from ...portable.documents.exports import ExportedImageDocument

_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_TAIL = 8000


class EngineProgram(NamedTuple):
    """An engine's program: the words that load an archive from stdin, and those that tell an image's id."""

    load: List[str]
    tell: List[str]


ENGINES: Dict[str, EngineProgram] = {
    "docker": EngineProgram(["load", "--quiet"], ["image", "inspect", "--format", "{{.Id}}"]),
    "podman": EngineProgram(["load", "--quiet"], ["image", "inspect", "--format", "{{.Id}}"]),
    "ctr": EngineProgram(["images", "import", "-"], ["images", "list"]),
}


def load(name: str, namespace: str, file: BinaryIO, image: "ExportedImageDocument") -> None:
    """Hand the file, every byte of which was verified, to an engine.

    Args:
        name: of `ENGINES`.
        namespace: containerd's; empty for the engine's own default.
        file: the archive.
        image: what was signed of it.

    Raises:
        InstallFailed: there is no such program, it refused, or it has something else than what was signed.
    """
    words = _program(name, namespace)
    # An engine that lacks the base would fail with words about a file in the archive.
    base = image["on_site"]
    if base and name != "ctr" and _run([*words, "image", "inspect", base]).returncode:
        raise InstallFailed(
            f"the base of this image is not in the file and not here: {base}",
            f"bring it first: {name} pull {base}; or ask for the image with its base",
        )
    # The descriptor itself: a seek within Python's buffer would not move it.
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    # The open file and not its name: what lies at the name may be another one by now.
    done = _run([*words, *ENGINES[name].load], file)
    if done.returncode:
        raise InstallFailed(f"{name} did not load the image: {_said(done)}", f"see what {name} says")
    told = _run([*words, *ENGINES[name].tell, *([image["name"]] if name != "ctr" else [])])
    lines = told.stdout.decode("utf-8", "replace").splitlines()
    mine = lines if name != "ctr" else [line for line in lines if line.split(" ")[0] == image["name"]]
    # Whatever somebody did to the file meanwhile: an image is called by the digest of what it is.
    if not any(digest in line for line in mine for digest in (image["config"], image["manifest"])):
        raise InstallFailed(
            f"{name} has another image under {image['name']} than the one that was signed",
            "remove it, see who can write to the file, and load it again",
        )


def _program(name: str, namespace: str) -> List[str]:
    path = shutil.which(name, path=os.pathsep.join(_FOLDERS))
    if path is None:
        others = ", ".join(sorted(set(ENGINES) - {name}))
        raise InstallFailed(
            f"there is no {name} on this machine",
            f"install it, or name another engine ({others}) in its place",
        )
    return [path, *(["--namespace", namespace] if namespace and name == "ctr" else [])]


def _run(
    words: List[str], file: "BinaryIO | int" = subprocess.DEVNULL
) -> "subprocess.CompletedProcess[bytes]":
    try:
        # The caller's environment: it says which engine is meant (DOCKER_HOST, XDG_RUNTIME_DIR).
        return subprocess.run(
            words,
            stdin=file or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise InstallFailed(f"{words[0]} does not start: {error.strerror}") from error


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr[-_TAIL:].decode("utf-8", "replace").splitlines()
    return plain(lines[-1].strip() if lines else f"exit code {done.returncode}")
