"""Hostile wheels by the places that they want: the interpreter's start, its names, others' metadata, ours."""

from __future__ import annotations

from tests.support.evil_wheel import Hostile, evil

RUNS = b"import sys\nsys.evil = True\n"
"""What a file of an attack does when the interpreter runs it."""
_DATA = "evil-1.0.data/data"
_SITES = ("", "evil-1.0.data/purelib/", "evil-1.0.data/platlib/", f"{_DATA}/lib/python3.11/site-packages/")
# Folders of modules that some Python of some distribution has below a prefix.
_FOLDERS = (
    "lib/python3/dist-packages",
    "lib/python3.9/dist-packages",
    "lib/python3.13/dist-packages",
    "local/lib/python3/dist-packages",
    "local/lib/python3.9/dist-packages",
    "local/lib/python3.11/dist-packages",
    "local/lib/python3.11/site-packages",
    "local/lib64/python3.11/site-packages",
    "Local/Lib/Python3.11/Dist-Packages",
    "lib/python/site-packages",
    "lib/python3.11t/dist-packages",
    "lib/graalpy24.1/site-packages",
    "lib32/python3.11/site-packages",
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3.11/dist-packages",
    "Lib/site-packages",
    "lib/site-packages",
    "lib64/site-packages",
    "dist-packages",
    "Library/Python/3.11/lib/python/site-packages",
    "Library/Frameworks/Python.framework/Versions/3.11/lib/python3.11/site-packages",
    "Python.framework/Versions/3.11/lib/python3.11/site-packages",
)
_MODULES = (
    "sitecustomize.cpython-311-x86_64-linux-gnu.so",
    "usercustomize.cpython-39-x86_64-linux-gnu.so",
    "sitecustomize.abi3.so",
    "sitecustomize.so",
    "sitecustomize.pyc",
    "SiteCustomize.py",
    "sitecustomize/__init__.py",
    "sitecustomize/__init__.cpython-311-x86_64-linux-gnu.so",
    "usercustomize.py",
    "__pycache__/sitecustomize.cpython-311.pyc",
    "__pycache__/usercustomize.cpython-39.opt-1.pyc",
    "apport_python_hook.py",
    "apport_python_hook.cpython-311-x86_64-linux-gnu.so",
    "apport_python_hook/__init__.py",
    "_virtualenv.py",
    "_distutils_hack/__init__.py",
    "_distutils_hack/__pycache__/__init__.cpython-311.pyc",
    "__editable___evil_1_0_finder.py",
    "_editable_impl_other.py",
    "site\N{ZERO WIDTH NON-JOINER}customize.py",  # one name to a folder of ext4 that ignores case
    "sitecustomize\N{VARIATION SELECTOR-1}.py",
    "\N{LATIN SMALL LETTER LONG S}itecustomize.py",
)
_OWN = {  # of Python, of the environment
    "lib/python3.11/os.py": "interpreter-path",
    "lib/python3.11/encodings/__init__.py": "interpreter-path",
    "lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so": "interpreter-path",
    "lib/python3.11/EXTERNALLY-MANAGED": "interpreter-path",
    "lib/python3.11": "interpreter-path",
    "lib/python3.11/site-packages": "interpreter-path",
    "lib/python311.zip": "interpreter-path",
    "lib64/python3.11/os.py": "interpreter-path",
    "lib64/python311.zip": "interpreter-path",
    "Lib/python3.11/os.py": "interpreter-path",
    "lib/pypy3.10/os.py": "interpreter-path",
    "lib/pypy3.10/lib-dynload/x.so": "interpreter-path",
    "lib-python/3/os.py": "interpreter-path",
    "lib_pypy/_sysconfigdata.py": "interpreter-path",
    "lib-dynload/math.so": "interpreter-path",
    "python311.zip": "interpreter-path",
    "include/python3.11/Python.h": "interpreter-path",
    "include/site/python3.11/greenlet/greenlet.h": "interpreter-path",
    "lib": "interpreter-path",
    "lib64": "interpreter-path",
    "bin": "interpreter-path",
    "include": "interpreter-path",
    "share": "interpreter-path",
    "local": "interpreter-path",
    "local/lib": "interpreter-path",
    "lib/libpython3.11.so.1.0": "interpreter-path",
    "lib/libpython3.so": "interpreter-path",
    "lib/libc.so.6": "interpreter-path",
    "lib/libz.so.1": "interpreter-path",
    "lib64/ld-linux-x86-64.so.2": "interpreter-path",
    "lib/glibc-hwcaps/x86-64-v3/libpython3.11.so.1.0": "interpreter-path",
    "bin/libpypy3.10-c.so": "interpreter-path",
    "conda-meta/history": "interpreter-path",
    "files/notes.txt": "interpreter-path",
    "pyvenv.cfg": "environment-file",
    "PYVENV.CFG": "environment-file",
    "python._pth": "environment-file",
    "bin/python._pth": "environment-file",
    "bin/python3.11._pth": "environment-file",
    "bin/pyvenv.cfg": "environment-file",
    "bin/pybuilddir.txt": "environment-file",
    "pybuilddir.txt": "environment-file",
    "pyvenv.cfg/x": "environment-file",
    ".gitignore": "interpreter-path",
    "CACHEDIR.TAG/x": "interpreter-path",
    "bin/python3/x": "entry-point-shadow",
    "bin/activate/x": "entry-point-shadow",
    ".parity-record": "environment-file",
    ".PARITY-RECORD": "environment-file",
    ".parity-record/x": "environment-file",
    ".parity-prefix": "environment-file",
    ".parity-anything": "environment-file",
    "parity-receipt.json": "environment-file",
    "parity-receipt.json.partial": "environment-file",
    "pip.conf": "environment-file",  # pip reads both in the environment's own folder
    "PIP.INI": "environment-file",
    "pip.conf/x": "environment-file",
    "uv.toml": "environment-file",
    "pyvenv\N{ZERO WIDTH JOINER}.cfg": "environment-file",
    "bin/re.py": "interpreter-path",
}
_SCRIPTS = {
    "python._pth": "environment-file",
    "python3._pth": "environment-file",
    "python3.11._pth": "environment-file",
    "Python3._PTH": "environment-file",
    "pyvenv.cfg": "environment-file",
    "PyVenv.cfg": "environment-file",
    "pybuilddir.txt": "environment-file",
    "python": "entry-point-shadow",
    "python3.11": "entry-point-shadow",
    "python3.13t": "entry-point-shadow",
    "python3.13td": "entry-point-shadow",
    "python3.11-config": "entry-point-shadow",
    "python3-dbg": "entry-point-shadow",
    "pythonw": "entry-point-shadow",
    "pypy3": "entry-point-shadow",
    "python3/x": "entry-point-shadow",
    "pyvenv.cfg/x": "environment-file",
    "pypy3.10-c": "entry-point-shadow",
    "graalpy": "entry-point-shadow",
    "python.exe": "entry-point-shadow",
    "pip3.11": "entry-point-shadow",
    "pip-3.11": "entry-point-shadow",
    "activate": "entry-point-shadow",
    "activate.fish": "entry-point-shadow",
    "activate.nu": "entry-point-shadow",
    "Activate.ps1": "entry-point-shadow",
    "activate_this.py": "entry-point-shadow",
    "deactivate.bat": "entry-point-shadow",
    "libpython3.11.so.1.0": "interpreter-path",
    # The folder of a script is the first that it imports from: these run in each script, pip's too.
    "re.py": "interpreter-path",
    "Json.PY": "interpreter-path",
    "cProfile.py": "interpreter-path",
    "typing.pyc": "interpreter-path",
    "enum.cpython-311-x86_64-linux-gnu.so": "interpreter-path",
    "functools.abi3.so": "interpreter-path",
    "collections/__init__.py": "interpreter-path",
    "_weakrefset.py": "interpreter-path",
    "__future__.py": "interpreter-path",
    "pip.py": "interpreter-path",
    "pip/__init__.py": "entry-point-shadow",
    "setuptools/__init__.py": "interpreter-path",
}
_METADATA = (
    "other-9.dist-info/METADATA",
    "other-9.dist-info/RECORD",
    "other-9.dist-info/entry_points.txt",
    "Other-9.Dist-Info/METADATA",
    "evil-1.0.dist-info/entry_points.txt",
    "evil-1.0.dist-info/METADATA2",
    "Evil-1.0.dist-info/direct_url.json",
    "other-9.egg-info/PKG-INFO",
    "other.egg/EGG-INFO/PKG-INFO",
    "other.egg-link",
)
_OF_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "Direct_Url.json")
_PTHS = {
    "evil.PTH": b"import evil\n",
    "evil-nspkg.pth": b"import sys, types, os; exec('evil')\n",
    "evil.start": b"evil:main\n",
    ".evil.pth": b"import subprocess\n",
    "zzz.pth": b"# fine\n\nimport subprocess\n",
    "folder.pth": b"../../../..\n",
    "latin.pth": b"# \xe9\nimport subprocess\n",
    "a1_coverage.pth": b"import sys; exec('import os\\n\\nimport subprocess')\n",
    "tab.pth": b"import\tevil\n",
    "return.pth": b"# fine\rimport subprocess\n",
}


def hostile_places() -> list[Hostile]:
    """Every attack of this sort."""
    return [
        *(
            _placed(f"{_DATA}/{folder}/{name}", kind)
            for folder in _FOLDERS
            for name, kind in (
                ("x.pth", "pth-file"),
                ("sitecustomize.py", "startup-module"),
                ("x.py", "interpreter-path"),
                ("o-1.dist-info/METADATA", "foreign-metadata"),
            )
        ),
        *(_placed(site + name, "startup-module") for site in _SITES[:2] for name in _MODULES),
        *(_placed(f"{site}sitecustomize.py", "startup-module") for site in _SITES[2:]),
        *(_placed(f"{_DATA}/{path}", kind) for path, kind in _OWN.items()),
        *(_placed(f"evil-1.0.data/scripts/{name}", kind) for name, kind in _SCRIPTS.items()),
        *(_placed(site + path, "foreign-metadata") for site in _SITES[1:] for path in _METADATA),
        _placed("other-9.egg-info/PKG-INFO", "foreign-metadata"),
        _placed("other-9.egg-info", "foreign-metadata"),
        *(_placed(f"evil-1.0.dist-info/{name}", "installer-file") for name in _OF_INSTALLERS),
        *(_placed(name, "pth-file", data) for name, data in _PTHS.items()),
        *(_placed(f"namespace-{n}.pth", "pth-file", line.encode()) for n, line in enumerate(_namespaces())),
        _placed("pip/__init__.py", "interpreter-path"),
        _placed("pip/_vendor/__init__.py", "interpreter-path"),
        _placed("_manylinux.py", "interpreter-path"),  # pip and packaging ask it which wheels fit
        _placed("_manylinux/__init__.py", "interpreter-path"),
        _placed("_distutils_system_mod.py", "interpreter-path"),
        _placed("evil-1.0.DATA/data/x", "data-path"),
        _placed("evil-1.0.data/Scripts/python", "data-path"),
        _placed("evil-1.0.data/include/x.h", "data-path"),
        _placed(f"{_DATA}/Scripts/python", "entry-point-shadow"),
        _placed(f"{_DATA}/bin/Python3", "entry-point-shadow"),
    ]


def _placed(path: str, kind: str, data: bytes = RUNS) -> Hostile:
    return Hostile(f"file {path}", kind, evil({path: data}).data())


def namespace_line(
    path: str, name: str, again: str, parent: str = "", child: str = "", *, since: int = 0
) -> str:
    """The line of setuptools' `-nspkg.pth` file, honest where all its names agree; another since its 70."""
    line = (
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
        f"p = os.path.join(sys._getframe(1).f_locals['sitedir'], *({path}));"
        "importlib = has_mfs and __import__('importlib.util');"
        "has_mfs and __import__('importlib.machinery');"
        f"m = has_mfs and sys.modules.setdefault('{name}', importlib.util.module_from_spec("
        f"importlib.machinery.PathFinder.find_spec('{again}', [os.path.dirname(p)])));"
        f"m = m or sys.modules.setdefault('{name}', types.ModuleType('{name}'));"
        "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
    )
    if since:
        line = line.replace("has_mfs = sys.version_info > (3, 5);", "").replace("has_mfs and ", "")
    return line + (f";m and setattr(sys.modules['{parent}'], '{child}', m)" if parent else "") + "\n"


def _namespaces() -> list[str]:
    """Lines as setuptools writes them, but for names that are not the wheel's to take."""
    return [
        namespace_line("'json',", "json", "json"),
        namespace_line(
            "'logging', 'handlers'", "logging.handlers", "logging.handlers", "logging", "handlers"
        ),
        namespace_line("'usercustomize',", "usercustomize", "usercustomize"),
        namespace_line("'_ssl',", "_ssl", "_ssl"),
        namespace_line("'pip',", "pip", "pip"),
        namespace_line("'setuptools',", "setuptools", "setuptools"),
        namespace_line("'json',", "json", "json", since=70),
        namespace_line("'evil',", "evil", "ssl", since=70),
        namespace_line("'evil',", "ssl", "ssl"),
        namespace_line("'evil',", "evil", "ssl"),
        namespace_line("'evil', 'sub'", "evil.sub", "evil.sub", "os", "path"),
    ]
