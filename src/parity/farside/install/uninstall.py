"""Releases taken away again: what was installed, and nothing else. Python 3.6 and later.

What belongs to a release is told by what lies in it: its receipt names the packages and the bundle's other
files, each package's RECORD its own files, and the rest is what an installer makes of an environment.
Whatever else lies there is somebody's own and stays, in a folder of its own: PREFIX/releases/<id>.left. All
of that may have been written by a stranger, so files are removed only while walking through the release
itself, from folder to folder by descriptors and through no link: no word of a receipt or RECORD can lead
elsewhere.
"""

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Set, Tuple, cast

from ...portable.errors import InstallFailed, PrefixInUse
from ...portable.names import normalize_name
from ...portable.plainfile import read_whole
from ...portable.texts import counted
from ...portable.wheel.wheelset import sha256_of
from . import journal, receipt
from .plan import Say
from .prefix import CURRENT, MARK, RELEASES, Prefix, open_prefix, receipts_of, remove
from .releases import act_of, demand_prefix, find, in_order
from .state import of_prefix

if TYPE_CHECKING:
    from ...portable.documents.installations import InstalledFileRow, ReceiptDocument, UninstallDocument

_LARGEST_RECORD = 1 << 26
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What the makers of environments put there: venv, virtualenv and uv.
_MADE = re.compile(
    r"pyvenv\.cfg|\.gitignore|\.lock|CACHEDIR\.TAG|lib64|parity-[a-z-]+(\.json|\.jsonl)?|"
    r"bin/(python[0-9.]*|pypy[0-9.]*|[Aa]ctivate[\w.]*|deactivate[\w.]*|pydoc\.bat|pip[0-9.]*)|"
    r"lib/[^/]+/site-packages/(_virtualenv\.(py|pth)|distutils-precedence\.pth)"
)
_SEEDS = frozenset(("pip", "setuptools", "wheel"))
_CACHED = re.compile(r"(?P<folder>.*?)__pycache__/(?P<stem>[^/]+?)\.(cpython|pypy)[^/]*\.pyc")
_SHOWN, _LEFT = 20, ".left"


class _Going(NamedTuple):
    """One that is to go: its id, what it says of itself, and what of it is ours and what is not."""

    name: str
    told: "ReceiptDocument"
    ours: Set[str]
    left: List[str]


def uninstall(path: str, wanted: str, say: Say, confirmed: bool) -> "UninstallDocument":
    """Remove what was installed under a prefix.

    Args:
        path: the prefix.
        wanted: a release's id, or its beginning; all of them, and the prefix with them, if empty.
        say: hears of it.
        confirmed: whether anything is removed; otherwise it is said what would be.

    Returns:
        {"ok": true, "prefix", "removed": [id], "files": count, "left": [path]}; `left` are files that
        nobody installed, which stay where they are.

    Raises:
        NothingInstalled: it is no prefix, or there is no such release.
        PrefixInUse: it holds something else, the release is the current one, or programs run from it.
        InstallFailed: it was not confirmed; another installation works there; something cannot be removed.
    """
    demand_prefix(path)
    try:
        with open_prefix(path) as prefix:
            return _uninstall(prefix, wanted, say, confirmed)
    except OSError as error:
        raise InstallFailed(f"{error.filename or path}: {error.strerror or error}") from error


def _uninstall(prefix: Prefix, wanted: str, say: Say, confirmed: bool) -> "UninstallDocument":
    going = [_looked_at(prefix, name, told) for name, told in _meant(prefix, wanted)]
    for each in going:
        _demand_unused(prefix, each.name)
        product = receipt.words_of(each.told)
        say(
            f"release {each.name}, {product['product'] or 'never signed'} {product['version'] or ''}".rstrip()
        )
        say(f"  {counted(len(each.ours), 'file')} of it")
    for each in going:
        if each.left and os.path.lexists(prefix.release(each.name) + _LEFT):
            raise PrefixInUse(
                f"{prefix.release(each.name)}{_LEFT} is there already", "look into it, move it away"
            )
    left = [os.path.join(prefix.release(each.name) + _LEFT, name) for each in going for name in each.left]
    _say_left(left, say)
    if not wanted:
        _say_serials(prefix, say)
    if not confirmed:
        raise InstallFailed("nothing was removed: it was not confirmed", "repeat it with --yes")
    for each in going:
        _take_away(prefix, each, say)
    if not wanted:
        _close(prefix, left, say)
    return {
        "ok": True,
        "prefix": prefix.path,
        "removed": [each.name for each in going],
        "files": sum(len(each.ours) for each in going),
        "left": left,
    }


def _meant(prefix: Prefix, wanted: str) -> "List[Tuple[str, ReceiptDocument]]":
    """The releases that are meant, the oldest first; never one without a receipt of its own."""
    receipts, current = receipts_of(prefix.path), prefix.current()
    order = in_order(list(receipts), journal.read(os.path.join(prefix.path, MARK)))
    if not wanted:
        there = {name for name in os.listdir(prefix.release("")) if not name.endswith(_LEFT)}
        strange = sorted(there - set(order))
        if strange:
            raise PrefixInUse(f"{prefix.path}/{RELEASES} holds something that is not ours: {strange[0]!a}")
        return [(each, receipts[each]) for each in order]
    found = find(wanted, order, current)
    if found == current:
        raise PrefixInUse(
            f"release {found} is the current one",
            "roll back first, or leave --release out to remove everything",
        )
    return [(found, receipts[found])]


def _say_left(left: List[str], say: Say) -> None:
    if left:
        say(f"kept, since no installation made them: {len(left)}")
    for path in left[:_SHOWN]:
        say(f"  {path}")
    if len(left) > _SHOWN:
        say(f"  and {len(left) - _SHOWN} more")


def _say_serials(prefix: Prefix, say: Say) -> None:
    """What is forgotten with the record: afterwards an older bundle is as good as a newer one."""
    for product, top in sorted(of_prefix(prefix.path).known.items()):
        say(f"forgotten with the prefix: serial {top.serial} of {product}; older ones may come then")


def _take_away(prefix: Prefix, release: _Going, say: Say) -> None:
    place = prefix.release(release.name)
    if prefix.current() == release.name:
        os.unlink(os.path.join(prefix.path, CURRENT))
    # Noted first, as when pruned: a kill in between leaves a line too many, and never none.
    prefix.note({**act_of(journal.UNINSTALL, release.name, None), **receipt.words_of(release.told)})
    if not release.left:
        prefix.put_away(release.name)
    else:
        # Under its own name the next installation would sweep it, as one that was never finished.
        os.rename(place, place + _LEFT)
        _remove_files(place + _LEFT, release.ours)
    say(f"removed release {release.name}")


def _close(prefix: Prefix, left: List[str], say: Say) -> None:
    """Remove the prefix itself, unless somebody's files are in it."""
    remove(os.path.join(prefix.path, CURRENT))
    if left or os.listdir(prefix.release("")):
        return
    os.rmdir(os.path.join(prefix.path, RELEASES))
    remove(prefix.work)
    os.unlink(os.path.join(prefix.path, MARK))
    with suppress(OSError):  # a file system of its own, or a parent that is not ours
        os.rmdir(prefix.path)
    say(f"nothing is left of {prefix.path}, its record of what was installed neither")


# --- what is whose --------------------------------------------------------------------------------------


def _looked_at(prefix: Prefix, name: str, told: "ReceiptDocument") -> _Going:
    place = prefix.release(name)
    files = list(_files_in(place))
    recorded = _recorded(place, files, told)
    said = told.get("files")
    rows = said if isinstance(said, list) else []
    laid_out = {str(row["path"]): row for row in cast("List[InstalledFileRow]", rows) if _is_row(row)}
    ours = set()
    for path in files:
        row = laid_out.get(path)
        if row is not None:
            # Somebody's changes are worth more than our order.
            if _is_unchanged(os.path.join(place, path), row["size"], row["sha256"]):
                ours.add(path)
        elif _is_made(path, recorded) or _is_made(_source_of(path), recorded):
            ours.add(path)
    return _Going(name, told, ours, sorted(set(files) - ours))


def _is_made(path: str, recorded: Set[str]) -> bool:
    return path in recorded or _MADE.fullmatch(path) is not None


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(key in row for key in ("path", "size", "sha256"))


def _is_unchanged(path: str, size: object, sha256: object) -> bool:
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and found.st_size == size and sha256_of(path) == sha256


def _files_in(place: str) -> Iterator[str]:
    """Every file and link of a release by its path in it; no link is followed."""
    for here, folders, names in os.walk(place, onerror=_fail):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        for name in (*names, *links):
            yield os.path.relpath(os.path.join(here, name), place)


def _fail(error: OSError) -> None:
    raise error


def _source_of(path: str) -> str:
    """The module that a byte-compiled file was made from (PEP 3147); empty for any other file."""
    found = _CACHED.fullmatch(path)
    return f"{found.group('folder')}{found.group('stem')}.py" if found else ""


def _recorded(place: str, files: List[str], told: "ReceiptDocument") -> Set[str]:
    """What the RECORDs of the receipt's packages name; what leads out of the release is never met."""
    packages = {normalize_name(each["name"]) for each in told["packages"]} | _SEEDS
    found = set()  # type: Set[str]
    for path in files:
        folder, _, name = path.rpartition("/")
        site, _, info = folder.rpartition("/")
        is_record = name == "RECORD" and info.endswith(".dist-info")
        if is_record and normalize_name(info.partition("-")[0]) in packages:
            found.update(_rows(os.path.join(place, path), site))
    return found


def _rows(record: str, site: str) -> Iterator[str]:
    try:
        text = read_whole(record, _LARGEST_RECORD, follow=False).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return
    for line in text.splitlines():
        # The last two fields hold no comma and no quote (PEP 376).
        name = line.rsplit(",", 2)[0]
        if name.startswith('"'):
            name = name[1:-1].replace('""', '"')
        yield os.path.normpath(os.path.join(site, name))


# --- removing -------------------------------------------------------------------------------------------


def _remove_files(place: str, ours: Set[str]) -> None:
    """Remove files and then folders that are empty, from open folder to open folder."""
    root = os.open(place, _FOLDER)
    try:
        _empty(root, "", ours)
    finally:
        os.close(root)


def _empty(folder: int, base: str, ours: Set[str]) -> None:
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            below = os.open(name, _FOLDER, dir_fd=folder)
            try:
                _empty(below, f"{base}{name}/", ours)
            finally:
                os.close(below)
            with suppress(OSError):  # it holds somebody's files
                os.rmdir(name, dir_fd=folder)
        elif base + name in ours:
            os.unlink(name, dir_fd=folder)


# --- in use ---------------------------------------------------------------------------------------------


def _demand_unused(prefix: Prefix, name: str) -> None:
    """Refuse to take away what a program runs from, as far as we may see other programs.

    Raises:
        PrefixInUse: names some of them.
    """
    places = {os.path.join(top, RELEASES, name) for top in (prefix.path, os.path.realpath(prefix.path))}
    if prefix.current() == name:
        places |= {os.path.join(top, CURRENT) for top in (prefix.path, os.path.realpath(prefix.path))}
    inside = tuple(place.encode("utf-8", "surrogateescape") + b"/" for place in places)
    running = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    using = [pid for pid in running if _uses("/proc/" + pid, inside)]
    if using:
        raise PrefixInUse(
            f"programs run from {prefix.release(name)}: process {', '.join(using[:_SHOWN])}",
            "end them first, then repeat",
        )


def _uses(process: str, inside: Tuple[bytes, ...]) -> bool:
    # What another program says of itself is compared as it stands: a path of its choice is never looked up.
    with suppress(OSError), open(process + "/maps", "rb") as maps:
        if any(each in line for line in maps for each in inside):
            return True
    for link in ("exe", "cwd", "root"):
        with suppress(OSError):
            if (os.readlink(f"{process}/{link}".encode()) + b"/").startswith(inside):
                return True
    with suppress(OSError), open(process + "/cmdline", "rb") as words:
        # The interpreter of an environment is a link to the host's: the word it was called by tells.
        return any(word.startswith(inside) for word in words.read(1 << 16).split(b"\0")[:2])
    return False
