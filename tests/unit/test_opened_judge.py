"""What the rehearsal makes of libraries that are opened by name, of modules that lie apart, of programs."""

from __future__ import annotations

import json
from importlib import resources
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.targets import DEBIAN11

from parity.errors import RehearsalFailed
from parity.model import Libc, PinnedImage, Proof, RehearsalPlan, Target
from parity.pipeline.rehearsal.natives import native_rules
from parity.rehearse import judge, wanted
from parity.rehearse.opened import OPENED

IMAGE = PinnedImage("sha256:" + "1" * 64, "", "images/debian11-py39", "linux/amd64", "local")
RULES = native_rules(Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64"), {})


def an_import(module: str, error: str = "", **more: Any) -> dict[str, Any]:
    row = {"package": "demo", "module": module, "requested": True, "library": "", "at": ""}
    told = {"main": False, "wants": "", "missing": "", "after": ""}
    return {**row, **told, "error": error, **more}


def a_library(*names: str, **more: Any) -> dict[str, Any]:
    row = {"package": "demo", "file": "demo/lib.py", "optional": False, "modules": [], "importers": {}}
    return {**row, "names": list(names), **more}


def seen(imports: Any, libraries: Any = (), tried: Any = (), programs: Any = ()) -> Any:
    opened = {"libraries": list(libraries), "imports": list(tried), "programs": list(programs), "lacking": []}
    return {
        "isolation": {},
        "limits": {},
        "writable": [],
        "install": {"exit_code": 0, "document": {}, "stderr": ""},
        "environment": [["demo", "1.0"]],
        "missing_libraries": [],
        "missing_versions": [],
        "natives": [],
        "checks": {"imports": {"rows": list(imports), "bare": []}, "opened": opened},
        "seconds": {},
        "memory_kills": 0,
    }


def proved(found: Any) -> Proof:
    return judge(found, IMAGE, DEBIAN11, RehearsalPlan(), RULES)


def failed(found: Any) -> RehearsalFailed:
    with pytest.raises(RehearsalFailed) as caught:
        proved(found)
    return caught.value


def test_a_library_that_a_public_module_needs_is_an_error_with_its_package() -> None:
    tried = [an_import("demo.api", "ImportError: Unable to find zbar shared library")]
    found = seen([an_import("demo")], [a_library("zbar")], tried)
    error = failed(found)
    assert error.message == "demo does not work on the target: libzbar.so.0 is missing"
    assert "libzbar0" in error.remedy
    assert wanted(found, RULES) == {"libzbar.so.0"}


def test_what_the_file_itself_raises_counts_whatever_its_words() -> None:
    row = an_import(
        "demo", "AttributeError: python: undefined symbol: x", at="/s/site-packages/demo/lib.py:3"
    )
    assert "libarchive13" in failed(seen([row], [a_library("archive")])).remedy


def test_a_backend_that_its_package_works_without_is_none() -> None:
    tried = [an_import("demo.pq", "ImportError: libpq library not found")]
    library = a_library("pq", optional=True, importers={"demo.pq": ["demo"]})
    assert proved(seen([an_import("demo")], [library], tried)).warnings == ()
    broken = [an_import("demo", "ImportError: no pq wrapper available")]
    assert "libpq5" in failed(seen(broken, [library], tried)).remedy


@pytest.mark.parametrize(
    "error", ["ImproperlyConfigured: set the zbar settings", "ModuleNotFoundError: No module named 'zbar'"]
)
def test_what_a_framework_or_another_package_wants_is_no_library(error: str) -> None:
    found = seen([an_import("demo")], [a_library("zbar", optional=True)], [an_import("demo.api", error)])
    assert proved(found).warnings == ()


def test_what_is_opened_only_when_it_is_used_is_a_warning_and_auto_brings_it() -> None:
    found = seen([an_import("demo")], [a_library("zbar"), a_library("user32")])
    (warning,) = proved(found).warnings
    assert warning == (
        "demo: demo/lib.py opens libzbar.so.0 by name, which is missing; on Debian 11 it is in libzbar0"
    )
    assert wanted(found, RULES) == {"libzbar.so.0"}


def test_a_module_that_the_distribution_has_apart_is_named_with_its_package() -> None:
    found = seen([an_import("demo", "ModuleNotFoundError: No module named 'tkinter'")])
    error = failed(found)
    assert "tkinter: on Debian 11 in python3-tk" in error.details
    assert wanted(found, RULES) == {"tkinter"}
    behind = an_import("demo", "ModuleNotFoundError: No module named 'Tkinter'", missing="tkinter.ttk")
    assert "tkinter: on Debian 11 in python3-tk" in failed(seen([behind])).details
    assert wanted(seen([behind]), RULES) == {"tkinter"}
    other = seen([an_import("demo", "ModuleNotFoundError: No module named 'zbar'")])
    assert wanted(other, RULES) == set()


def test_a_program_that_does_not_start_is_an_error() -> None:
    row = {
        "package": "demo",
        "file": "bin/demo",
        "libraries": ["libpython3.9.so.1.0"],
        "symbols": [],
        "starts": True,
    }
    assert "libpython3.9 " in failed(seen([an_import("demo")], programs=[row])).remedy
    row = {
        "package": "demo",
        "file": "bin/demo",
        "libraries": [],
        "symbols": ["Py_NoSiteFlag"],
        "starts": True,
    }
    error = failed(seen([an_import("demo")], programs=[row]))
    assert "Py_NoSiteFlag" in error.details[0]
    assert "build-from-source" in error.remedy
    (warning,) = proved(seen([an_import("demo")], programs=[{**row, "starts": False}])).warnings
    assert warning == "demo: nothing provides what bin/demo wants: Py_NoSiteFlag"


def test_a_program_that_a_package_starts_is_a_warning_with_its_package() -> None:
    found = seen([an_import("demo")])
    found["checks"]["opened"]["lacking"] = [["demo", "tesseract"], ["demo", "no-such"]]
    assert proved(found).warnings == (
        "demo: starts the program tesseract, which is missing; on Debian 11 it is in tesseract-ocr",
        "demo: starts the program no-such, which is missing",
    )
    assert proved(found).document["programs_lacking"]


def test_every_program_that_is_looked_for_has_a_package_on_debian() -> None:
    rows = json.loads(resources.files("parity.rehearse").joinpath("programs.json").read_bytes())
    names = {name for found in rows["packages"].values() for name in found}
    assert all(RULES.providers(f"bin/{name}") for name in names)


def test_a_package_whose_import_fails_names_the_program_that_it_starts() -> None:
    found = seen([an_import("demo", "ImportError: Failed to initialize: Bad git executable.")])
    found["checks"]["opened"]["lacking"] = [["demo", "git"]]
    error = failed(found)
    assert "demo: starts the program git, which is missing; on Debian 11 it is in git" in error.details
    assert "system-packages" in error.remedy
    assert "the system package git provides what is missing" in error.remedy
    assert "--allow" not in error.remedy, "with git missing it would be a bundle that does not work"
    assert wanted(found, RULES) == {"bin/git"}
    works = seen([an_import("demo")])
    works["checks"]["opened"]["lacking"] = [["demo", "git"]]
    assert wanted(works, RULES) == set()


def test_the_programs_that_installed_packages_start_are_looked_for() -> None:
    read = {"rows": [], "programs": [], "lacking": ["git", "java"]}
    installed: Any = SimpleNamespace(
        carried=SimpleNamespace(requested=("gitpython",)),
        found={"distributions": [{"name": "gitpython", "modules": []}, {"name": "pdf2image", "modules": []}]},
        room=SimpleNamespace(plan=SimpleNamespace(imports=False)),
        read=lambda _reader: read,
    )
    assert OPENED.begin(installed)()["lacking"] == [("gitpython", "git")]
    assert OPENED.reader is not None
    assert {"git", "pdftoppm"} <= set(OPENED.reader.words)
