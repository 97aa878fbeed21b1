"""The gems that a bundle carries, and the Ruby that they are for: seen, judged, installed, tried.

They go into a folder of their own in the environment, by the host's own gem, which loads no code of theirs.
Standard library only, Python 3.6 and later.
"""

import json
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence

from ..bundle.folder import BundleFolder
from ..errors import HostileContent, InstallFailed, WrongHost
from ..families.family import run
from ..machine.subprocesses import Children
from ..texts import counted, printable
from .names import full_name, is_feature, is_gem_file
from .scripts import ABOUT, INSTALL, JUDGE

if TYPE_CHECKING:
    from ..documents.bundles import GemRow, GemsDocument

Say = Callable[[str], None]
FOLDER = "gems"
"""Below the environment: what GEM_HOME is to be."""
# No PATH of the caller's: a Ruby of a version manager is not the one that was rehearsed.
_PATH = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
_MOST = 16 * 1024 * 1024
_LIMIT = 300.0
_TRY = "require ARGV.fetch(0)"


class Ruby(NamedTuple):
    """A Ruby: its program, its version, its interface as it calls it (`3.1.0`)."""

    program: str
    version: str
    abi: str


def survey(carried: "Optional[GemsDocument]") -> Optional[Ruby]:
    """This host's Ruby, which must be one that the carried gems are for; None where none are carried.

    Raises:
        WrongHost: there is none, or another one.
    """
    if carried is None:
        return None
    remedy = (
        f"install this distribution's own Ruby (ABI {carried['ruby']}) first; on Debian, the package ruby"
    )
    program = shutil.which("ruby", path=_PATH)
    if program is None:
        raise WrongHost("the bundle carries Ruby gems, and this host has no Ruby", remedy)
    # Asked, since no version in a package's name tells which interface extensions are for.
    with tempfile.TemporaryDirectory(prefix="parity-") as work:
        told = os.path.join(work, "about")
        done = run([program, "-e", ABOUT, told])
        found = _told(told) if done.exit_code == 0 else None
    if not isinstance(found, dict) or not isinstance(found.get("abi"), str):
        raise WrongHost(f"{program} does not work:\n{done.tail}", remedy)
    if found["abi"] != carried["ruby"]:
        raise WrongHost(
            f"the carried gems are for Ruby {carried['ruby']}, and {program} is {printable(found['abi'])}"
        )
    return Ruby(program, str(found.get("ruby", "")), found["abi"])


def demand_gems(carried: "GemsDocument") -> None:
    """Refuse a manifest whose gems or features are called as none may be; HostileContent says which."""
    for row in carried["packages"]:
        name = full_name(row["name"], row["version"], row["platform"]) + ".gem"
        if row["path"] != f"{FOLDER}/{name}" or not is_gem_file(name):
            raise HostileContent(f"{row['path']!a} is no file of the gem {row['name']!a} {row['version']!a}")
        if not all(map(is_feature, row["features"])):
            raise HostileContent(f"{row['path']!a}: what is required of it cannot be")


def install(ruby: Ruby, bundle: BundleFolder, environment: str, children: Children, work: str) -> None:
    """Install the carried gems into the environment's own folder of gems.

    Args:
        ruby: see `survey`.
        bundle: laid out; its bytes were checked.
        environment: where; it has no folder of gems yet.
        children: runs Ruby.
        work: a private folder.

    Raises:
        HostileContent: a gem is another one than the manifest says, or wants to build something.
        InstallFailed: gem does not install them.
    """
    carried = bundle.manifest.document["gems"]
    demand_gems(carried)
    rows, home = carried["packages"], os.path.join(environment, FOLDER)
    paths = [bundle.file(row["path"]) for row in rows]
    _judge(ruby, rows, paths, children, work)
    # GEM_HOME and not --install-dir: with it gem would not count what Ruby itself brings.
    command = _with_home(
        home, [ruby.program, "-e", INSTALL, "--", "--bindir", os.path.join(home, "bin"), *paths]
    )
    children.demand("gem install --local", command)
    # What gem says of itself is not asked: what lies there afterwards counts.
    wanted = sorted(full_name(row["name"], row["version"], row["platform"]) + ".gemspec" for row in rows)
    # `gem install` may resolve against the host's gems and add or skip some: the outcome is what counts.
    there = sorted(os.listdir(os.path.join(home, "specifications")))
    if [each for each in there if each.endswith(".gemspec")] != wanted:
        raise InstallFailed(f"gem installed other gems than were carried: {', '.join(map(printable, there))}")


def describe(rows: "Sequence[GemRow]") -> str:
    """Names and versions on one line."""
    return ", ".join("{name} {version}".format(**row) for row in rows)


def words(environment: str) -> str:
    """What whoever uses the gems must say to Ruby."""
    return f"GEM_HOME={os.path.join(environment, FOLDER)}"


def space(carried: "Optional[GemsDocument]", sizes: Dict[str, int]) -> int:
    """The bytes that installing them takes, on the large side: file, contents and a copy in the cache."""
    # gem keeps the .gem file in its cache, and texts pack to about a quarter.
    return 6 * sum(sizes[row["path"]] for row in carried["packages"]) if carried else 0


def try_features(
    ruby: Ruby, rows: "Sequence[GemRow]", environment: str, children: Children, say: Say
) -> None:
    """Require again what could be required when the bundle was made, of the gems that were asked for.

    Raises:
        InstallFailed: names those that fail here.
    """
    home, failed, tried = os.path.join(environment, FOLDER), [], 0
    for row in rows:
        for feature in row["features"] if row["requested"] else ():
            tried += 1
            done = children.run(_with_home(home, [ruby.program, "-e", _TRY, feature]), _LIMIT)
            if done.exit_code:
                failed.append(f"{feature} (of {row['name']}): {done.tail}")
    if failed:
        raise InstallFailed(
            "gems that worked when the bundle was made fail on this host:\n" + "\n".join(failed),
            "install what is named above; --no-imports goes on all the same, and the receipt says so",
        )
    say(f"gems: {counted(len(rows), 'gem')}, {tried} of {tried} could be required")


def _with_home(home: str, command: List[str]) -> List[str]:
    return ["env", f"GEM_HOME={home}", *command]


def _judge(ruby: Ruby, rows: "Sequence[GemRow]", paths: Sequence[str], children: Children, work: str) -> None:
    # Before anything is installed: a gem that builds would run its code as whoever installs.
    told = os.path.join(work, "gems.json")
    children.demand("reading the gems", [ruby.program, "-e", JUDGE, told, *paths])
    found = _told(told)
    os.unlink(told)
    if not isinstance(found, list) or len(found) != len(rows):
        raise InstallFailed("Ruby did not tell of each gem")
    for row, said in zip(rows, found):
        if not isinstance(said, dict) or said.get("error"):
            reason = printable(str(said.get("error"))) if isinstance(said, dict) else "nothing was told"
            raise HostileContent(f"{row['path']} is no gem: {reason}")
        if [said.get(key) for key in ("name", "version", "platform")] != [
            row["name"],
            row["version"],
            row["platform"],
        ]:
            raise HostileContent(f"{row['path']} is another gem than its name says")
        if said.get("extensions") != []:
            raise HostileContent(f"{row['path']} would build something when it is installed")


def _told(path: str) -> object:
    """What Ruby has written; None where it is none of ours."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(_MOST).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
