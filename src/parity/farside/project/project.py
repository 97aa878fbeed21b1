"""A checkout of the project that a bundle carries, made to work with uv and without a network.

pyproject.toml is not touched. uv.lock has the internet's addresses in it, so the bundle's own takes its
place: the same versions, at the places of what is carried. Where that does not fit pyproject.toml to the
letter, uv mends it: the same versions, or it is refused; the original stays beside it.

Standard library only, Python 3.6 and later.
"""

import hashlib
import os
import re
import secrets
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ...portable.atomic import new_file
from ...portable.bundle.envelope import Checker
from ...portable.bundle.folder import BundleFolder
from ...portable.bundle.source import demand_space, open_source
from ...portable.errors import HostileContent, InstallFailed
from ...portable.machine.subprocesses import Children
from ...portable.machine.versions import has_history, version_variables
from ...portable.plainfile import read_whole
from ...portable.wheel.wheelset import REFUSED, WheelFile, judge_set
from ..install.installers import unpack_uv
from ..install.plan import Laid, Plan, Request, Say, judge_laid, lay_out, make_plan
from ..install.prefix import remove
from ..install.receipt import release_id
from . import wheelhouse
from .checkout import MAX_TEXT, STORE, demand_plain
from .projectfile import LOCK, TREE, demand_project, read_project
from .wheelhouse_lock import wheelhouse_lock

if TYPE_CHECKING:
    from ...portable.documents.installations import CheckoutDocument, ProjectDocument

BACKUP, PYPROJECT = "uv.lock.before-parity", "pyproject.toml"
# uv.lock is TOML, but Python has no reader for that before 3.11; uv writes these lines in this one way.
_PACKAGE = re.compile(
    r'^\[\[package\]\]\nname = "([^"\n]+)"\n(?:version = "([^"\n]+)"\n)?(.*)$', re.MULTILINE
)
_VERSION = re.compile(r"^version = (.*)$", re.MULTILINE)
_KNOWN_VERSION = "1"
_LOCAL = re.compile(r"source = \{ (editable|virtual|directory) = ")


class ProjectRequest(NamedTuple):
    """What is to be done; paths are absolute.

    `bundle` is a tar file (then `check` is needed) or an unpacked bundle; `checkout` holds
    pyproject.toml and uv.lock; `store` is where the bundle's wheels stay, `.parity` in the checkout if
    empty; `python` is looked for if empty.
    """

    bundle: str
    checkout: str
    store: str = ""
    python: str = ""
    check: Optional[Checker] = None
    allow_other_os: bool = False


def set_up(request: ProjectRequest, say: Say) -> "CheckoutDocument":
    """Make a checkout work with `uv sync --locked`, `uv run` and `uv add`, without a network.

    Returns:
        {"ok": true, "checkout", "store", "uv": the command to use instead of uv, "sync": its arguments,
         "lock": path, "original": path of the original lock, "packages": count, "warnings": [...]}

    Raises:
        FarsideError: the checkout is as it was.
    """
    store = request.store or os.path.join(request.checkout, STORE)
    try:
        with open_source(request.bundle, request.check) as source:
            demand_project(source.head)
            demand_plain(request.checkout, (LOCK, BACKUP, PYPROJECT), store)
            plan = make_plan(_plain_request(request, store), source.head, say)
            with _work(store) as work:
                laid = lay_out(plan, source, work, say)
                judge_laid(laid)
                return _carry_out(request, laid, store)
    except OSError as error:
        raise InstallFailed(f"{error.filename or store}: {error.strerror or error}") from error


def _plain_request(request: ProjectRequest, store: str) -> Request:
    other = request.allow_other_os
    return Request(request.bundle, store, python=request.python, allow_other_os=other)


def undo(checkout: str, say: Say) -> "CheckoutDocument":
    """Give a checkout its own uv.lock back; the store and .venv stay.

    Raises:
        InstallFailed: there is nothing to undo.
    """
    backup = os.path.join(checkout, BACKUP)
    demand_plain(checkout, (LOCK, BACKUP), os.path.join(checkout, STORE))
    if not os.path.isfile(backup):
        raise InstallFailed(f"there is no {BACKUP} in {checkout}", "nothing was replaced there")
    os.replace(backup, os.path.join(checkout, LOCK))
    say(f"{LOCK} is the original again")
    return {"ok": True, "checkout": checkout, "lock": os.path.join(checkout, LOCK)}


class _ProjectUv(Children):
    """Runs uv as whoever works in the checkout will: the project's own settings count."""

    def environment(self) -> Dict[str, str]:
        """Without what switches settings off."""
        found = super().environment()
        # The project's own `tool.uv` decides what it locks.
        del found["UV_NO_CONFIG"]
        return found


@contextmanager
def _work(store: str) -> Iterator[str]:
    """A private folder in the store; what is made of it here goes again where nothing comes of it."""
    new = not os.path.lexists(store)
    os.makedirs(store, exist_ok=True)
    try:
        if os.path.basename(store) == STORE:  # ours is hidden from git
            with new_file(os.path.join(store, ".gitignore")) as handle:
                handle.write(b"*\n")
        # The name is known before the folder is made: a signal may come in between.
        work = os.path.join(store, ".work-" + secrets.token_hex(8))
        try:
            os.mkdir(work, 0o700)
            yield work
        finally:
            remove(work)
    except BaseException:
        if new:
            remove(store)
        raise


def _carry_out(request: ProjectRequest, laid: Laid, store: str) -> "CheckoutDocument":
    plan, bundle, say = laid.plan, laid.bundle, laid.say
    project = read_project(bundle)
    original = _original_lock(request.checkout, bundle, project)
    _judge_tools(bundle, project)
    # Carried in the wheelhouse, and again in the checkout's environment.
    demand_space(store, 2 * sum(each["size"] for each in plan.packages))
    place = os.path.join(store, release_id(bundle))
    remove(place)
    wheelhouse.fill(place, bundle, project)
    os.rename(unpack_uv(bundle, laid.work), os.path.join(place, wheelhouse.UV))
    os.chmod(os.path.join(place, wheelhouse.UV), 0o755)  # noqa: S103 - a program, for whoever works there
    told = wheelhouse.environment(place, os.path.join(store, "cache"), plan.python, project)
    version = "" if has_history(request.checkout) else _own_version(plan, project)
    command = _write_wrapper(store, wheelhouse.wrapper(place, told, version_variables(version)))
    handle = os.open(store, os.O_RDONLY)
    try:
        written = wheelhouse_lock(bundle, place) or original
        _relock(request.checkout, (original, written), command, _ProjectUv(laid.work, handle), project)
    finally:
        os.close(handle)
    say(f"{LOCK} now names the bundle's files; the original is {BACKUP}")
    lines = [f"{shlex.quote(command)} {' '.join(['sync', '--locked', *project['sync']])}"]
    lines.append(" ".join([shlex.quote(command), "run", *_which(project["sync"]), "COMMAND"]))
    say("in the checkout, use: " + "   and   ".join(lines))
    return {
        "ok": True,
        "checkout": request.checkout,
        "store": store,
        "uv": command,
        "sync": ["sync", "--locked", *project["sync"]],
        "lock": os.path.join(request.checkout, LOCK),
        "original": os.path.join(request.checkout, BACKUP),
        "packages": len(plan.packages),
        "warnings": laid.warnings,
    }


def _which(sync: List[str]) -> List[str]:
    """The options of `uv sync` that `uv run` needs too, so that it leaves the environment as it is."""
    if sync[:1] == ["--package"]:
        return sync[:2]
    return sync[:1] if sync[:1] == ["--all-packages"] else []


def _original_lock(checkout: str, bundle: BundleFolder, project: "ProjectDocument") -> bytes:
    """The lock that the bundle was made from, which must be the checkout's own.

    Raises:
        InstallFailed: the checkout is of another revision, or none of this project.
    """
    root = "" if project["root"] == "." else project["root"] + "/"
    with open(bundle.file(TREE + root + LOCK), "rb") as handle:
        carried = handle.read()
    _demand_version(carried.decode("utf-8", "replace"))
    found = {name: _digest(os.path.join(checkout, name)) for name in (LOCK, BACKUP, PYPROJECT)}
    if not found[PYPROJECT]:
        raise InstallFailed(f"there is no pyproject.toml in {checkout}", "name the folder that holds it")
    # The backup, too: this may be the second time.
    if hashlib.sha256(carried).hexdigest() not in (found[LOCK], found[BACKUP]):
        raise InstallFailed(
            f"the {LOCK} in {checkout} is not the one that this bundle was made from",
            "check out the revision that the bundle was made from, or ask for a bundle for this one",
        )
    return carried


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(read_whole(path, MAX_TEXT, follow=False)).hexdigest()
    except FileNotFoundError:
        return ""


def _judge_tools(bundle: BundleFolder, project: "ProjectDocument") -> None:
    """The wheels that build the project are judged as strictly as those that are installed."""
    files = [
        WheelFile(
            bundle.file(each["wheel"]),
            os.path.basename(each["wheel"]),
            each["name"],
            each["version"],
            each["sha256"],
        )
        for each in project["build"]
    ]
    verdicts = judge_set(files, bundle.manifest.document["allow"]).verdicts
    # Several versions of one tool may write one path: they are never installed together.
    refused = [one for one in verdicts if one.level == REFUSED and one.kind != "path-conflict"]
    if refused:
        raise HostileContent("; ".join(f"{one.wheel}: {one.message} [{one.kind}]" for one in refused[:5]))


def _own_version(plan: Plan, project: "ProjectDocument") -> str:
    """The version of the project's carried wheel; empty where it is no package."""
    return "".join(each["version"] for each in plan.packages if each["name"] == project["name"])


def _write_wrapper(store: str, text: str) -> str:
    path = os.path.join(store, "uv")
    with new_file(path) as handle:
        handle.write(text.encode("utf-8"))
    os.chmod(path, 0o755)  # noqa: S103 - a script, for whoever works there
    return path


def _relock(
    checkout: str, texts: Tuple[bytes, bytes], command: str, children: Children, project: "ProjectDocument"
) -> None:
    """Write the wheelhouse's lock, which uv leaves as it is where it fits pyproject.toml, or makes it fit.

    The original comes back unless the same versions are pinned. `texts` are the original and the other.
    """
    lock, backup = os.path.join(checkout, LOCK), os.path.join(checkout, BACKUP)
    for path, text in zip((backup, lock), texts):
        with new_file(path) as handle:
            handle.write(text)
    try:
        children.demand(
            "locking the project from what is carried", [command, "lock", "--directory", checkout]
        )
        made = read_whole(lock, MAX_TEXT, follow=False).decode("utf-8")
        _demand_version(made)
        _compare(project["locked"], made)
    except BaseException:
        os.replace(backup, lock)
        raise


def _compare(wanted: Mapping[str, List[str]], text: str) -> None:
    """Demand that a lock pins exactly what the original one does.

    Raises:
        InstallFailed: names the first difference.
    """
    found: Dict[str, List[str]] = {}
    for name, version, rest in _packages(text):
        if not _LOCAL.match(rest):
            found.setdefault(name, []).append(version)
    for name in sorted(set(wanted) | set(found)):
        before, after = sorted(wanted.get(name, [])), sorted(found.get(name, []))
        if before != after:
            told = f"{name}: {', '.join(before) or 'nothing'} became {', '.join(after) or 'nothing'}"
            raise InstallFailed(f"uv came to other versions than the project's own lock: {told}")


def _demand_version(text: str) -> None:
    """InstallFailed for a uv.lock of an unknown version; the first `version` is the lock's own."""
    match = _VERSION.search(text)
    version = match.group(1).strip() if match else "none"
    if version != _KNOWN_VERSION:
        told = f"the {LOCK} has version {version[:20]!a}; this installer knows version {_KNOWN_VERSION}"
        raise InstallFailed(told, "ask for a bundle made by a parity which knows that version")


def _packages(text: str) -> Iterator[Tuple[str, str, str]]:
    for match in _PACKAGE.finditer(text):
        yield match.group(1), match.group(2) or "", match.group(3)
