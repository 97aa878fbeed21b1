"""The index as files, for `file://` or any web server. Standard library only, Python 3.6 and later.

The folder is built beside its place and gets its name at the end, so that whoever reads it sees the old
index or the new one. An index that is replaced is swapped in one step where the system can do that.
"""

import os
from contextlib import contextmanager
from typing import Callable, Iterator, Mapping, Optional, Sequence

from ...portable.atomic import folder_beside, sweep_beside, sync_folder
from ...portable.errors import IndexNotWritten, PrefixInUse
from ...portable.exchange import exchange
from . import pages
from .catalogue import AnyWheel, Catalogue

MARK = ".parity-index"
"""A file that says that the folder was made here and may be replaced."""
JSON_NAME = "index.v1_json"
"""The JSON page's name, as mirrors call it whose web servers negotiate."""
_TEXT = b"Made by parity; replaced as a whole by the next `parity index`.\n"
_ADDRESS = "ADDRESS-OF-THIS-FOLDER/"

Progress = Callable[[int, int], None]
"""Hears how many bytes of the wheels are written, out of how many."""


def write_index(catalogue: Catalogue, folder: str, progress: Optional[Progress] = None) -> None:
    """Write pages, wheels and their metadata; every wheel is hashed once more on its way.

    Args:
        catalogue: what the index offers.
        folder: a new folder, an empty one, or an index written by this function, which is replaced.
        progress: hears how far it is.

    Raises:
        PrefixInUse: the folder holds something else.
        IndexNotWritten: the file system said no.
        BundleDamaged, BundleUnreadable: the bundle is no longer what was verified.
    """
    place = os.path.abspath(folder)
    with _as_ours(place):
        _check_replaceable(place)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        sweep_beside(place)
        with folder_beside(place) as work:
            write_pages(pages.offered(catalogue), catalogue.projects, work)
            _write_wheels(catalogue, os.path.join(work, "files"), progress)
            write(os.path.join(work, MARK), _TEXT)
            sync_folders(work)
            _put(work, place)
        sync_folder(os.path.dirname(place))


def _check_replaceable(place: str) -> None:
    if not os.path.lexists(place):
        return
    # A link counts as something else: what it leads to is not ours to replace.
    entries = os.listdir(place) if os.path.isdir(place) and not os.path.islink(place) else [place]
    if entries and MARK not in entries:
        raise PrefixInUse(f"{place} holds something that is no index of parity's")


def write_pages(
    offers: pages.Offered,
    projects: "Mapping[str, Sequence[AnyWheel]]",
    work: str,
    address: pages.FileAddress = pages.beside,
) -> None:
    """Write every page.

    Args:
        offers: for the page that people read.
        projects: the wheels by project.
        work: the index's folder.
        address: of a wheel, as seen from its project's page.
    """
    simple = os.path.join(work, "simple")
    write(os.path.join(work, "index.html"), pages.human_html(offers, _ADDRESS).encode("utf-8"))
    write(os.path.join(simple, "index.html"), pages.root_html(projects).encode("utf-8"))
    write(os.path.join(simple, JSON_NAME), pages.root_json(projects).encode("utf-8"))
    for name, wheels in projects.items():
        page = os.path.join(simple, name)
        write(os.path.join(page, "index.html"), pages.project_html(name, wheels, address).encode("utf-8"))
        write(os.path.join(page, JSON_NAME), pages.project_json(name, wheels, address).encode("utf-8"))


def _write_wheels(catalogue: Catalogue, files: str, progress: Optional[Progress]) -> None:
    total, done = sum(wheel.size for wheel in catalogue.wheels.values()), 0
    os.makedirs(files, exist_ok=True)
    for wheel in catalogue.wheels.values():
        path = os.path.join(files, wheel.filename)
        with new_file(path) as descriptor:
            for chunk in catalogue.chunks(wheel):
                write_all(descriptor, chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
        write(path + ".metadata", catalogue.metadata(wheel))


# --- files and folders ------------------------------------------------------------------------------------


def _put(work: str, place: str) -> None:
    """Give the new folder its name; an old one gets the new one's and is removed under that."""
    try:
        os.rename(work, place)  # nothing there, or an empty folder
    except OSError:
        try:
            exchange(work, place)
        except OSError:
            _replace_in_two_steps(work, place)


def _replace_in_two_steps(work: str, place: str) -> None:
    aside = work + ".old"
    os.rename(place, aside)
    try:
        os.rename(work, place)
    except BaseException:
        os.rename(aside, place)
        raise
    # The old one under the new one's temporary name, where whoever made that removes it.
    os.rename(aside, work)


@contextmanager
def new_file(path: str) -> Iterator[int]:
    """A file that was not there, open for writing (its descriptor), synced at the end."""
    # 0666 and the umask: a web server of another user is to read it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: str, data: bytes) -> None:
    """Write a file that was not there, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with new_file(path) as descriptor:
        write_all(descriptor, data)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folders(work: str) -> None:
    """Have every folder below on the disk."""
    for parent, _, _ in os.walk(work, topdown=False):
        sync_folder(parent)


@contextmanager
def _as_ours(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise IndexNotWritten(f"cannot write {place}: {error.strerror or error}") from error
