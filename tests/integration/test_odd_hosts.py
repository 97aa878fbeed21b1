"""Odd hosts, as tables: what an installation does there, or the words with which it is refused.

Each row runs in a container without network, as root unless it says otherwise.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.hosts import tree_tar
from tests.support.inside import Typed, inside
from tests.support.signed import ALPHA, alpha, carry, signed
from tests.support.unpacked import target

from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Network
from parity.model import PinnedImage
from parity.pack.singlefile import NAME
from parity.portable.errors import (
    EnvironmentUnfit,
    FarsideError,
    InstallFailed,
    PrefixInUse,
    WrongHost,
)

pytestmark = pytest.mark.engine

AIMS = {"11": target("debian", "11", (2, 31), "3.9"), "12": target("debian", "12", (2, 36), "3.11")}
SINGLE = f"python3 /media/{NAME}"
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"
TMPFS = {
    "/tmp": "rw,noexec,nosuid,nodev,size=100m,mode=1777",
    "/noexec": "rw,noexec,nosuid,nodev,size=300m,mode=1777",
    "/nosuid": "rw,exec,nosuid,nodev,size=300m,mode=1777",
    "/small": "rw,exec,size=3m,mode=1777",
    "/few": "rw,exec,size=300m,nr_inodes=60,mode=1777",
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is carried: the single file, the key, two bundles for each system, an unpacked one for its pip."""
    folder, scrap = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scrap")
    carry(folder, scrap, AIMS)
    wheels = alpha(scrap / "pip", "2.0")
    for name, aim in AIMS.items():
        signed(scrap / f"{name}-pip", wheels, aim=aim, imports=ALPHA).unpack(folder / f"pip-{name}")
    return folder


@contextmanager
def odd_host(engine: DockerEngine, image: PinnedImage, media: Path, prepare: str) -> Iterator[Container]:
    """A started container with the media at /media, made odd by shell lines."""
    spec = ContainerSpec(image=image.id, network=Network.NONE, purpose="odd", confined=False, tmpfs=TMPFS)
    with engine.container(spec) as container:
        container.put("/", tree_tar(media, "media"))
        container.start()
        done = inside(container, f"chmod -R a+rX /media; {prepare}")
        assert done.code == 0, done.output
        yield container


def single(act: str, place: str, *bundle: str) -> str:
    """A command line of the single file for a prefix or, where the place says so itself, an environment."""
    where = place if place.startswith("--") else f"--prefix {shlex.quote(place)}"
    words = f"{SINGLE} {act} {' '.join(bundle)} {where}"
    return f"{words} --key /media/sender.pub" if act == "install" else words


def there_and_back(place: str, name: str = "11") -> str:
    """Install one release and the next, go back, and run the program."""
    steps = [single("install", place, f"/media/{name}-{serial}.parity.tar") for serial in (1, 2)]
    program = f"env -i {shlex.quote(place)}/current/bin/alpha"
    return " && ".join([*steps, single("rollback", place), program])


def refusal(done: Typed, error: type[FarsideError]) -> str:
    """What was said; it must be that error, with a remedy and without a traceback."""
    assert done.code == error.exit_code, done.output
    assert "what to do: " in done.output
    assert "Traceback" not in done.output
    return done.output


# --- what works ---------------------------------------------------------------------------------------

_PIP_CONF = "[global]\nindex-url = https://index.invalid/simple\nrequire-virtualenv = true\n"
_PIP_CONF += "[install]\ntarget = /opt/wrong\nno-binary = :all:\n"
_UV_TOML = 'index-url = "https://index.invalid/simple"\nno-binary = true\n'
SPOILT = f"""
mkdir -p /etc/uv /root/.config/pip /root/.config/uv /opt/evil
printf '{_PIP_CONF}' | tee /etc/pip.conf >/root/.config/pip/pip.conf
printf '{_UV_TOML}' | tee /etc/uv/uv.toml >/root/.config/uv/uv.toml
for name in json argparse farside pip alpha; do echo 'raise SystemExit("evil")' >/opt/evil/$name.py; done
export PYTHONPATH=/opt/evil PYTHONSTARTUP=/opt/evil/pip.py PYTHONWARNINGS=error PYTHONOPTIMIZE=2
export PIP_TARGET=/opt/wrong PIP_NO_BINARY=:all: PIP_INDEX_URL=https://index.invalid PIP_USER=1
export UV_INDEX_URL=https://index.invalid UV_PYTHON=3.12 UV_LINK_MODE=symlink UV_CACHE_DIR=/opt/wrong
export VIRTUAL_ENV=/opt/wrong CONDA_PREFIX=/opt/wrong http_proxy=http://proxy.invalid:1
cd /opt/evil
"""

# Every interpreter of the host reads this at its start, isolated or not.
HOOK = "/etc/python3.9/sitecustomize.py"
_IN_1970 = """
import datetime, time
class Then(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls.fromtimestamp(86400, zone)
datetime.datetime = Then
gmtime, localtime = time.gmtime, time.localtime
time.time = lambda: 86400.0
time.gmtime = lambda seconds=86400: gmtime(seconds)
time.localtime = lambda seconds=86400: localtime(seconds)
"""

WORKS: dict[str, tuple[str, str]] = {
    "noexec /tmp and TMPDIR": ("export TMPDIR=/noexec", "/opt/a"),
    "a TMPDIR that is none": ("export TMPDIR=/proc/none", "/opt/b"),
    "a home that cannot be written": ("mkdir -m 555 /opt/home; export HOME=/opt/home", "/opt/c"),
    "root without a HOME": ("unset HOME", "/opt/d"),
    "a file system with nosuid and nodev": ("", "/nosuid/p"),
    "spaces and letters beyond ASCII, in a POSIX locale": (
        "export LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
        "/opt/Räume für/my app",
    ),
    "a very long prefix": ("", "/opt/" + "long" * 50),
    "stdin closed": ("exec <&-", "/opt/e"),
    "a current folder that is gone": ("mkdir /opt/gone; cd /opt/gone; rmdir /opt/gone", "/opt/f"),
    "an environment and settings that would lead astray": (SPOILT, "/opt/g"),
}


@pytest.fixture(scope="module")
def debian11_odd(engine: DockerEngine, debian11: PinnedImage, media: Path) -> Iterator[Container]:
    with odd_host(engine, debian11, media, "chmod 1777 /opt") as container:
        yield container


@pytest.mark.parametrize("row", list(WORKS))
def test_it_installs_and_goes_back(debian11_odd: Container, row: str) -> None:
    before, prefix = WORKS[row]
    done = inside(debian11_odd, f"{before}\n{there_and_back(prefix)}")
    assert (done.code, done.output.splitlines()[-1]) == (0, "1.0"), done.output
    assert inside(debian11_odd, "ls /opt/wrong").code != 0


def test_the_hosts_pip_copes_with_the_oddest_of_them(debian11_odd: Container) -> None:
    place = shlex.quote("/opt/Räume für/" + "long" * 50)
    odd = f"{SPOILT}\numask 077\nexport LC_ALL=POSIX TMPDIR=/noexec\nunset HOME\n"
    lines = f"{odd} sh /media/pip-11/install.sh {place}"
    done = inside(debian11_odd, f"{lines} && env -i {NOBODY} {place}/current/bin/alpha")
    assert (done.code, done.output.splitlines()[-1]) == (0, "2.0"), done.output
    assert inside(debian11_odd, "ls /opt/wrong").code != 0


def test_a_clock_in_1970_is_no_hindrance(debian11_odd: Container) -> None:
    clock = f"trap 'rm {HOOK}' EXIT; printf '%s' {shlex.quote(_IN_1970)} >{HOOK}"
    done = inside(debian11_odd, f"{clock}\n{there_and_back('/opt/h')} && {single('installed', '/opt/h')}")
    assert (done.code, "\n1.0\n" in done.output) == (0, True), done.output
    assert done.output.count("1970-01-02T00:00:00+00:00") == 2


def test_users_installations_need_no_folder_but_the_prefix(debian11_odd: Container) -> None:
    lines = f"mkdir -m 555 /opt/ro; cd /opt/ro; export HOME=/opt/ro; exec {NOBODY} sh -c "
    done = inside(debian11_odd, lines + shlex.quote(there_and_back("/opt/own")))
    assert (done.code, done.output.splitlines()[-1]) == (0, "1.0"), done.output


def test_closed_streams_and_an_empty_environment_are_no_hindrance(debian11_odd: Container) -> None:
    install = single("install", "/opt/closed", "/media/11-1.parity.tar")
    done = inside(
        debian11_odd, f"(exec <&- >&- 2>&-; {install}); env -i sh -c {shlex.quote(install)} && ls /opt/closed"
    )
    assert (done.code, done.output.splitlines()[-2:]) == (0, ["current", "releases"]), done.output
    empty = "env -i sh /media/pip-11/install.sh /opt/empty --dry-run"
    assert inside(debian11_odd, empty).code == 0


def test_a_umask_of_077_leaves_nobody_out_but_of_what_is_private(debian11_odd: Container) -> None:
    lines = f"""umask 077
    {there_and_back("/opt/masked")} && python3 -m venv --without-pip /opt/venv && mkdir -p /opt/private &&
    {single("install", "--into /opt/venv", "/media/11-1.parity.tar")} &&
    {single("install", "/opt/private", "/media/11-1.parity.tar")} >/dev/null &&
    {NOBODY} /opt/masked/current/bin/alpha && {NOBODY} {SINGLE} installed --prefix /opt/masked"""
    done = inside(debian11_odd, lines)
    assert done.code == 0, done.output
    assert done.output.splitlines()[-3] == "1.0"
    assert len(done.output.splitlines()[-2:]) == 2
    for place in ("/opt/private", "/opt/venv"):
        assert inside(debian11_odd, f"{NOBODY} ls {place}").code != 0
    closed = inside(
        debian11_odd, "find /opt/masked ! -perm -o=r; find /opt/masked -perm /o=w ! -type l"
    ).output
    assert closed == ""


# What the interpreter of the host does to files, told by itself.
_WATCH = """
import sys
def told(event, words):
    if event in ("os.rename", "os.link", "os.setxattr", "shutil.move"):
        with open("/opt/watched", "a") as file:
            file.write("%s %s\\n" % (event, " ".join(str(word) for word in words[:2])))
sys.addaudithook(told)
"""


def test_files_are_made_where_they_stay_so_that_the_hosts_labels_apply(debian11_odd: Container) -> None:
    lines = f"""export TMPDIR=/nosuid
    trap 'rm {HOOK}' EXIT; printf '%s' {shlex.quote(_WATCH)} >{HOOK}
    {there_and_back("/opt/labels")} && python3 -m venv --without-pip /opt/labelled &&
    {single("install", "--into /opt/labelled", "/media/11-1.parity.tar")}"""
    done = inside(debian11_odd, lines)
    assert done.code == 0, done.output
    seen = [line.split() for line in inside(debian11_odd, "cat /opt/watched").output.splitlines()]
    assert any(event == "os.rename" for event, *_ in seen)
    assert [words for words in seen if words[0] == "os.setxattr"] == []
    outside = [words for words in seen if not all(path.startswith("/opt/") for path in words[1:])]
    assert outside == []


# --- what is refused ----------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, type[FarsideError], tuple[str, ...]]] = {
    "too small a disk": (
        "/small/p",
        InstallFailed,
        ("/small", "MiB free", "MiB are needed", "free some space"),
    ),
    "a disk that fills up": ("/few/p", InstallFailed, ("No space left on device", "/few/p")),
    "the system's own folder": ("/usr", PrefixInUse, ("/usr", "not ours", "a new folder")),
    "the system's own Python": ("--into /usr", EnvironmentUnfit, ("/usr", "a Python of its own", "--prefix")),
    "a folder of the kernel's": ("/proc/p", InstallFailed, ("/proc/p",)),
}


@pytest.mark.parametrize("row", list(REFUSED))
def test_it_is_refused_with_what_where_and_what_to_do(debian11_odd: Container, row: str) -> None:
    place, error, words = REFUSED[row]
    folder = "/usr" if "/usr" in place else str(Path(place).parent)
    before = inside(debian11_odd, f"ls -A {folder} | grep -vE '^[0-9]+$'").output
    said = refusal(inside(debian11_odd, single("install", place, "/media/11-1.parity.tar")), error)
    assert [word for word in words if word not in said] == []
    assert inside(debian11_odd, f"ls -A {folder} | grep -vE '^[0-9]+$'").output == before


def test_without_any_python_the_shell_says_so(debian11_odd: Container) -> None:
    few = "mkdir /opt/few; ln -s /usr/bin/dirname /opt/few"
    done = inside(debian11_odd, f"{few}; PATH=/opt/few /bin/sh /media/pip-11/install.sh /opt/x")
    assert (done.code, "no Python 3.6 or later" in done.output) == (WrongHost.exit_code, True)


def test_an_externally_managed_python_gives_a_prefix_and_is_left_alone(
    engine: DockerEngine, debian12: PinnedImage, media: Path
) -> None:
    with odd_host(engine, debian12, media, "ls /usr/lib/python3.11/EXTERNALLY-MANAGED") as container:
        into = single("install", "--into /usr", "/media/12-1.parity.tar")
        said = refusal(inside(container, into), EnvironmentUnfit)
        assert "managed by the operating system (PEP 668)" in said
        done = inside(container, there_and_back("/opt/app", "12"))
        assert (done.code, done.output.splitlines()[-1]) == (0, "1.0"), done.output
        done = inside(container, "sh /media/pip-12/install.sh /opt/pip && /opt/pip/current/bin/alpha")
        assert (done.code, done.output.splitlines()[-1]) == (0, "2.0"), done.output


_NO_PIP = "python3-pip python3-venv python3.9-venv python3-distutils python3-setuptools python3-lib2to3"


def test_a_python_without_pip_venv_and_distutils_is_enough_for_uv(
    engine: DockerEngine, debian11: PinnedImage, media: Path
) -> None:
    purge = "dpkg --purge --force-all"
    with odd_host(engine, debian11, media, f"{purge} {_NO_PIP} >/dev/null 2>&1") as container:
        assert inside(container, "python3 -c 'import distutils.core'").code != 0
        done = inside(container, there_and_back("/opt/app"))
        assert (done.code, done.output.splitlines()[-1]) == (0, "1.0"), done.output
        lines = f"""python3 -m venv --without-pip /opt/venv
        {single("install", "--into /opt/venv", "/media/11-1.parity.tar")} && /opt/venv/bin/alpha"""
        assert inside(container, lines).output.splitlines()[-1] == "1.0"
        assert inside(container, "find /opt -name '*.pth'").output == ""
        said = refusal(inside(container, "sh /media/pip-11/install.sh /opt/pip"), InstallFailed)
        assert "no venv with ensurepip" in said
        assert "python3-venv on Debian" in said
        inside(container, f"{purge} libpython3.9-stdlib libpython3-stdlib")
        for line in (f"{SINGLE} inspect /media/11-1.parity.tar", "sh /media/pip-11/install.sh /opt/pip"):
            assert "its standard library is not whole" in refusal(inside(container, line), WrongHost)
        assert inside(container, "ls /opt").output.split() == ["app", "venv"]
