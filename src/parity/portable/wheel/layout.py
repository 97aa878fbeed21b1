"""What a wheel may write where in an environment. Standard library only, Python 3.6 and later.

The environment is not the wheel's: how its interpreter starts, which folders it imports from, its pip, its
activation scripts, what parity notes in it, and what other wheels say of themselves. A wheel has

    site-packages/  all but other projects' metadata, and what the interpreter reads or imports when it starts
    bin/            scripts, but for the interpreter's names, the files that it looks for beside itself, and
                    modules of Python's names: a script imports from its own folder first
    share/ etc/     everything
    include/        all but the folders of Python's own headers and of other projects' ones
    anything else   all but folders in which some Python, of whatever maker or distribution, looks for modules

Measured (tests/unit/test_layout.py does it again): what the Pythons of three Debians and CPython 3.6 to 3.13
look for below an environment with `-I`. Debian's `site` adds three dist-packages to every environment, and
its sitecustomize imports apport_python_hook.
"""

import re
from typing import Iterator

from .modules import is_reserved, module_of
from .zipcheck import WheelFault, fold

SITE, HEADERS = "/SITE/", "/HEADERS/"  # no wheel can say that: no path in it begins with a slash

_SCRIPTS = ("bin/", "scripts/")
_FREE = ("share/", "etc/")
_INTERPRETER = re.compile(
    r"(?:python|pypy|graalpy)w?[0-9.]*(?:[a-z]|[dmut]{2,3})?(?:-(?:config|c|dbg|debug|gdb|intel64|\d+))?"
    r"|pip[0-9.]*|pip-[0-9.]+|(?:de)?activate(?:\.\w+)?|activate_this\.py"
)
# getpath looks for these beside the interpreter or above it, and believes them before anything else.
_LANDMARKS = re.compile(r"pyvenv\.cfg|pybuilddir\.txt|[^/]*\._pth")
# An interpreter that was copied, not linked, may load these from beside itself or from ../lib (RPATH).
_LOADED = re.compile(
    r"(?:lib(?:python|pypy|graalpy)[^/]*|lib(?:c|m|dl|pthread|util|rt|crypt|z|expat)|ld-[^/]*)[.-]so\b[^/]*"
    r"|libpython[^/]*|libpypy[^/]*"
)
NO_MODULES = ("__init__", "__main__")
"""Names that nobody imports: a package is imported by its folder's."""
# What pip and uv read in an environment's own folder: which index they use.
_SETTINGS = re.compile(r"(?:pip\.(?:conf|ini)|uv\.toml)(?:/.*)?")
_OURS = re.compile(r"(?:\.parity[^/]*|parity-receipt[^/]*)(?:/.*)?")
_MODULE_FOLDER = (
    r"(?:site|dist)-packages|lib-dynload|lib-python|lib_pypy|(?:python|pypy|graalpy|jython)\d[^/]*"
)
_OF_PYTHON = re.compile(
    rf"(?:{_MODULE_FOLDER}|(?:usr/)?(?:local/)?lib\d*/(?:{_MODULE_FOLDER}|python|pypy|graalpy|jython)"
    r"|library/(?:python|frameworks)|[^/]*python[^/]*\.framework|include/(?:python|pypy|graalpy)[^/]*|include/site"
    r"|dlls|conda-meta|modules/setup[^/]*|files|\.lock|\.gitignore|cachedir\.tag)(?:/.*)?"
    r"|bin|scripts|lib\d*|local|include|share|etc|(?:local|usr)/(?:lib\d*|bin)"
)
_SITE_FOLDER = re.compile(r"(?:.*/)?(?:site|dist)-packages/([^/]+(?:/.*)?)")

# Modules that something imports at every start, and whose project may bring them (none where empty):
# `site`, Debian's sitecustomize, the `.pth` files of virtualenv, uv, setuptools and of editable projects.
_AT_START = {
    "sitecustomize": "",
    "usercustomize": "",
    "apport_python_hook": "",
    "_virtualenv": "",
    "_distutils_hack": "setuptools",
}
# Modules that installers ask which wheels fit, and where these go.
_ASKED = ("_manylinux", "_distutils_system_mod")
_EDITABLE = ("__editable_", "_editable_impl_")
_METADATA = (".dist-info", ".egg-info", ".egg", ".egg-link")
_INSTALLERS = ("installer", "requested", "direct_url.json", "uv_cache.json", "uv_build.json")


def check_place(place: str, package: str, is_own_metadata: bool = False) -> Iterator[WheelFault]:
    """Findings about a place that is not this wheel's to take.

    Args:
        place: see `places`.
        package: the normalised name of the wheel's project.
        is_own_metadata: whether the file lies in the wheel's one .dist-info folder.
    """
    if place.startswith(SITE):
        path = place[len(SITE) :]
        yield from _check_site(path, fold(path), package, is_own_metadata)
        return
    key = fold(place)
    if key.startswith(_SCRIPTS):
        yield from check_script(place.partition("/")[2], package)
    elif not place.startswith(HEADERS) and not key.startswith(_FREE):
        yield from _check_data(place, key, package)


def check_script(name: str, package: str) -> Iterator[WheelFault]:
    """A script must not be called as the interpreter, its pip or the activation scripts are."""
    key = fold(name)
    first = key.partition("/")[0]  # a folder of such a name stands in the way as well
    plain = first[:-4] if first.endswith(".exe") else first
    if _INTERPRETER.fullmatch(plain) and not (package == "pip" and plain.startswith("pip")):
        yield WheelFault("entry-point-shadow", f"the script {name!r} would replace the environment's own")
    module = module_of(key)
    if module and module not in NO_MODULES and package != module and is_reserved(module):
        yield WheelFault(
            "interpreter-path", f"the script {name!r} would be imported as {module} by all others"
        )
    yield from _check_landmark("bin/" + name, key)


def _check_landmark(place: str, key: str) -> Iterator[WheelFault]:
    parts = key.split("/")
    if any(map(_LANDMARKS.fullmatch, parts)):
        yield WheelFault("environment-file", f"{place} would tell the interpreter what it is")
    elif _LOADED.fullmatch(parts[-1]):
        yield WheelFault("interpreter-path", f"{place} is named as a library that the interpreter loads")


def _check_data(place: str, key: str, package: str) -> Iterator[WheelFault]:
    """Whatever lies in the environment outside of site-packages, scripts, share and etc."""
    if _OURS.fullmatch(key):
        yield WheelFault("environment-file", f"{place} is what parity notes in the environment")
    elif _SETTINGS.fullmatch(key):
        yield WheelFault("environment-file", f"{place} would tell installers which index to use")
    elif _OF_PYTHON.fullmatch(key):
        yield WheelFault("interpreter-path", f"{place} lies where the environment or a Python keeps its own")
    yield from _check_landmark(place, key)
    module = _SITE_FOLDER.fullmatch(key)
    if module:
        yield from _check_site(place, module.group(1), package, False)
        if is_read_at_start(module.group(1)):
            yield pth_finding(place)


def _check_site(path: str, key: str, package: str, is_own_metadata: bool) -> Iterator[WheelFault]:
    """Findings about `path`, which is `key` below a folder of modules."""
    top, _, rest = key.partition("/")
    if is_own_metadata:
        if rest in _INSTALLERS:
            yield WheelFault("installer-file", f"{path} is an installer's to write, not a wheel's")
    elif top.endswith(_METADATA):
        yield WheelFault("foreign-metadata", f"{path} would speak for a project, and is not this wheel's own")
    name = (rest.partition("/")[0] if top == "__pycache__" else top).partition(".")[0]
    if _AT_START.get(name, package) != package or name.startswith(_EDITABLE):
        yield WheelFault("startup-module", f"{path} is imported at every start of some interpreters")
    elif name in _ASKED or (name == "pip" and package != "pip"):
        yield WheelFault("interpreter-path", f"{path} is for the environment's own pip to bring or to ask")


def is_read_at_start(path: str) -> bool:
    """Whether `site` reads this file in site-packages when it starts: `.pth`, and `.start` (PEP 829)."""
    return "/" not in path and fold(path).endswith((".pth", ".start"))


def pth_finding(path: str) -> WheelFault:
    """The finding about such a file that is not known to do no harm."""
    return WheelFault("pth-file", f"{path} is read, and may run code, at every start of Python")
