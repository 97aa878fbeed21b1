"""What the rehearsal saw, judged: reasons against a bundle, warnings, and a proof without clock or place."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.support.targets import DEBIAN11

from parity.errors import NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.model import Libc, PinnedImage, Proof, RehearsalPlan, Target
from parity.pipeline.rehearsal.natives import native_rules
from parity.rehearse import judge, remembered
from parity.rehearse.checks import CHECKS
from parity.rehearse.entry_points import own_commands
from parity.rehearse.stage import _demand_isolation
from parity.wire.shapes import Malformed

IMAGE = PinnedImage("sha256:" + "1" * 64, "", "images/debian11-py39", "linux/amd64", "local")
TARGET = Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64")
WORK = "/work/prefix/releases/0123/lib/python3.9/site-packages/"


def an_import(package: str, error: str, **more: Any) -> dict[str, Any]:
    row = {"package": package, "module": package, "requested": True, "library": "", "at": "", "main": True}
    return {**row, "wants": "", "missing": "", "after": "", "error": error, **more}


GOOD: Mapping[str, Any] = {
    "isolation": {"only-loopback": True},
    "limits": {"memory": True, "pids": True},
    "writable": [],
    "install": {
        "exit_code": 0,
        "document": {"installer": {"tool": "parity", "version": "0.1.0", "checked_with": "uv 0.13.8"}},
        "stderr": "",
    },
    "environment": [["alpha", "1.0"], ["beta", "2.0"]],
    "missing_libraries": [],
    "missing_versions": [],
    "natives": [],
    "checks": {
        "imports": {"rows": [an_import("alpha", ""), an_import("beta", "", requested=False)], "bare": []},
        "commands": [{"command": "true", "exit_code": 0, "output": "noise"}],
    },
    "seconds": {"install": 1.5, "imports": 0.5},
    "memory_kills": 0,
}


def seen(**changes: Any) -> dict[str, Any]:
    """A good run but for these changes, of what it saw or of what one of its checks did."""
    names = {check.name for check in CHECKS}
    found = {**copy.deepcopy(dict(GOOD)), **{key: each for key, each in changes.items() if key not in names}}
    if isinstance(changes.get("imports"), list):
        changes["imports"] = {"rows": changes["imports"], "bare": []}
    found["checks"].update((key, each) for key, each in changes.items() if key in names)
    return found


def judged(
    result: Any, target: Target = TARGET, wheels: Mapping[str, str] | None = None, **plan: Any
) -> Proof:
    return judge(result, IMAGE, DEBIAN11, RehearsalPlan(**plan), native_rules(target, wheels or {}))


def failed(result: Mapping[str, Any], target: Target = TARGET, **plan: Any) -> RehearsalFailed:
    with pytest.raises(RehearsalFailed) as caught:
        judged(result, target, **plan)
    return caught.value


def test_a_good_run_is_a_proof_without_time_or_place() -> None:
    proof = judged(seen())
    assert (proof.installed, proof.seconds, proof.warnings) == (2, 2.0, ())
    other = judged(seen(seconds={"install": 99.0, "imports": 1.0}))
    assert proof.document == other.document
    text = json.dumps(proof.document)
    assert "/work" not in text
    assert "seconds" not in text
    assert proof.document["installed"] == [
        {"name": "alpha", "version": "1.0"},
        {"name": "beta", "version": "2.0"},
    ]


def test_the_proof_says_consistent_only_where_somebody_said_so() -> None:
    assert judged(seen()).document["consistent"] is True
    silent = {"tool": "parity", "version": "0.1.0", "checked_with": ""}
    install = {**GOOD["install"], "document": {"installer": silent}}
    assert judged(seen(install=install)).document["consistent"] is False


def test_an_installer_that_refuses_gives_its_own_words() -> None:
    install = {
        "exit_code": 62,
        "document": {"error": {"message": "this bundle is for another machine"}},
        "stderr": "line one\n\nline two\n",
    }
    error = failed(seen(install=install))
    assert "this bundle is for another machine" in error.message
    assert (error.where, error.details) == ("installer, exit code 62", ("line one", "line two"))
    silent = failed(seen(install={"exit_code": 1, "document": {}, "stderr": ""}))
    assert "the installer failed" in silent.message


@pytest.mark.parametrize(
    "said", ["/work/prefix: No space left on device", "/work has 61 MiB free, 66 MiB are needed"]
)
def test_what_did_not_fit_says_which_limit_is_the_profiles(said: str) -> None:
    install = {"exit_code": 64, "document": {"error": {"message": said}}, "stderr": ""}
    assert "`memory` under `rehearsal`" in failed(seen(install=install)).remedy


def test_a_missing_library_is_the_headline_and_all_of_them_are_listed() -> None:
    error = "OSError: libgomp.so.1: cannot open shared object file: No such file or directory"
    imports = [an_import("boost", error, library="libgomp.so.1", at=f"{WORK}boost/basic.py:7")]
    missing = [
        {"package": "boost", "file": "boost/lib.so", "library": name}
        for name in ("libz.so.9", "libgomp.so.1")
    ]
    found = failed(seen(imports=imports, missing_libraries=missing))
    assert found.message == "boost does not work on the target: libgomp.so.1 is missing"
    assert found.details == (
        f"boost: import boost failed: {error} at boost/basic.py:7",
        "boost: the linker misses libgomp.so.1, libz.so.9",
        "libgomp.so.1: on Debian 11 in libgomp1",
    )
    assert found.remedy == (
        "on Debian 11 the system package libgomp1 provides what is missing: add it to `system-packages`, "
        "or write `system-packages: auto`"
    )


def test_what_was_not_asked_for_only_warns() -> None:
    imports = [an_import("beta", f"ImportError: in {WORK}beta.py", requested=False)]
    proof = judged(seen(imports=imports))
    assert proof.warnings == ("beta: import beta: ImportError: in beta.py",)
    told: Any = proof.document["imports"]
    assert told[0]["error"] == "ImportError: in beta.py"


def test_missing_libraries_alone_count_as_the_profile_says() -> None:
    missing = [{"package": "beta", "file": "beta/x.so", "library": "libGL.so.1"}]
    line = "beta: beta/x.so needs libGL.so.1, on Debian 11 in libgl1"
    proof = judged(seen(missing_libraries=missing))
    assert (proof.missing_libraries, proof.warnings) == ((line,), ())
    assert proof.document["missing_libraries"] == [{**missing[0], "packages": ["libgl1"]}]
    error = failed(seen(missing_libraries=missing), missing_libraries="error")
    assert error.details == (line,)
    assert "libgl1" in error.remedy


def test_what_no_package_provides_is_told_by_its_vendor_or_left_open() -> None:
    missing = [
        {"package": "beta", "file": "beta/x.so", "library": name} for name in ("libcuda.so.1", "libq.so.9")
    ]
    assert judged(seen(missing_libraries=missing)).missing_libraries == (
        "beta: beta/x.so needs libcuda.so.1, from NVIDIA's driver",
        "beta: beta/x.so needs libq.so.9",
    )
    error = failed(seen(missing_libraries=missing), missing_libraries="error")
    assert "install the library's system package" in error.remedy


def test_what_a_requested_package_works_without_is_told_with_the_reason() -> None:
    error = "ModuleNotFoundError: No module named 'aiohttp'"
    blackd = an_import("black", error, module="blackd", main=False, wants="module", missing="aiohttp")
    rq = an_import("django-rq", "ImproperlyConfigured: no settings", module="django_rq", wants="settings")
    pq = an_import("psycopg-binary", "ImportError: psycopg first", module="psycopg_binary", after="psycopg")
    proof = judged(seen(imports=[an_import("black", ""), blackd, rq, pq]))
    settings = "it wants settings: give them as `rehearsal.environment`"
    assert proof.warnings == (
        f"black: import blackd: {error}; no requirement brings aiohttp",
        f"django-rq: import django_rq: ImproperlyConfigured: no settings; {settings}",
        "psycopg-binary: import psycopg_binary: ImportError: psycopg first; it works behind psycopg",
        "django-rq: none of its modules could be imported here: that it installs is proved",
    )
    rows: Any = proof.document["imports"]
    assert [row.get("wants") for row in rows] == [None, "module", "settings", None]
    assert [row.get("after") for row in rows] == [None, None, None, "psycopg"]
    assert proof.document["not_imported"] == ["django-rq"]


def test_what_works_with_the_profiles_environment_needs_no_warning() -> None:
    rq = an_import("django-rq", "ImproperlyConfigured: x", wants="settings", after="django-rq")
    proof = judged(seen(imports=[rq]))
    assert (proof.warnings, "not_imported" in proof.document) == ((), False)
    assert proof.imports[0].error  # the target's installer does not know that environment


def test_a_requested_package_of_which_nothing_is_imported_is_named() -> None:
    proof = judged(seen(imports={"rows": [an_import("alpha", "")], "bare": ["types-six"]}))
    assert proof.warnings == ("types-six: nothing of it was imported: it has no module that is to be",)
    assert proof.document["not_imported"] == ["types-six"]


def test_the_remedy_gives_the_lines_that_accept_a_failing_import() -> None:
    error = "ModuleNotFoundError: No module named 'six'"
    alpha = an_import("alpha", error, wants="module", missing="six")
    found = failed(seen(imports=[alpha]))
    assert found.remedy == (
        "add what brings six to the requirements; if it works all the same, accept it: "
        "`--allow import:alpha`, or in the profile `rehearsal: {allow: [import:alpha]}`"
    )
    newer = "ImportError: alpha requires 3.10+; other versions are unsupported."
    remedy = failed(seen(imports=[an_import("alpha", newer)])).remedy
    assert remedy.startswith("another version of alpha may suit this Python")
    symbol = an_import("alpha", "ImportError: alpha/x.so: undefined symbol: R_Env")
    assert failed(seen(imports=[symbol])).remedy.startswith("if it works all the same")
    for name, line in (("pkg_resources", "setuptools<82"), ("imghdr.x", "standard-imghdr")):
        old = an_import("alpha", error, wants="module", missing=name)
        remedy = failed(seen(imports=[old])).remedy
        assert remedy.startswith(f"write `requirements: [{line}]` too, ")
        assert "add what brings" not in remedy
    size = (
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected {} from C header"
    )
    for words, line in (
        (size.format("96") + ", got 88 from PyObject", "numpy<2"),
        (size.format("88") + ", got 96 from PyObject", "numpy>=2"),
        ("ImportError: numpy.core.multiarray failed to import", "numpy<2"),
    ):
        compiled = failed(seen(imports=[an_import("alpha", words)])).remedy
        assert compiled.startswith(f"write `requirements: [{line}]` too, for which it was compiled; ")
    tk = an_import("alpha", error, wants="module", missing="tkinter")
    assert failed(seen(imports=[tk])).remedy.startswith("the distribution has Python's own tkinter apart")
    proof = judged(seen(imports=[alpha]), allow=("import:alpha",))
    assert proof.warnings[0].startswith(f"alpha: import alpha: {error}")
    many = [an_import("tests", "ValueError: x", module=f"tests.m{number}", main=False) for number in range(9)]
    assert "`--allow import:tests`" in failed(seen(imports=many)).remedy


# --- symbol versions ------------------------------------------------------------------------------


def a_need(package: str, version: str, platforms: list[str], **more: Any) -> dict[str, Any]:
    family, _, number = version.partition("_")
    need = {"family": family, "version": number, "file": f"{package}/x.so", "module": True, **more}
    return {"package": package, "platforms": platforms, "needs": [need]}


TAG = "manylinux_2_17_x86_64"


def test_what_the_targets_libc_is_too_old_for_never_passes() -> None:
    # The image may be newer than the target: nothing failed there.
    error = failed(seen(natives=[a_need("liar", "GLIBC_2.38", [TAG])]))
    assert (
        error.message
        == "liar does not run on the target: liar/x.so needs GLIBC_2.38, Debian 11 has glibc 2.31"
    )
    assert error.details == (
        f"liar: liar/x.so needs GLIBC_2.38, Debian 11 has glibc 2.31; the tag {TAG} promises less",
    )
    assert "older version" in error.remedy
    again = failed(seen(natives=[a_need("liar", "GLIBC_2.38", [TAG])]), allow=("libc-newer-than-tag:liar",))
    assert again.details == error.details
    honest = failed(seen(natives=[a_need("own", "GLIBC_2.38", ["linux_x86_64"])]))
    assert honest.details == ("own: own/x.so needs GLIBC_2.38, Debian 11 has glibc 2.31",)


def test_a_tag_that_promises_too_much_is_named_where_the_target_is_new_enough() -> None:
    new = replace(TARGET, os_version="13", libc=Libc("glibc", (2, 41)))
    natives = [a_need("liar", "GLIBC_2.38", [TAG, "manylinux_2_39_x86_64"])]
    line = f"liar: liar/x.so needs GLIBC_2.38; the tag {TAG} promises less"
    proof = judged(seen(natives=natives), new)
    row = {"package": "liar", "file": "liar/x.so", "needs": "GLIBC_2.38", "tag": TAG, "allowed": False}
    assert (proof.warnings, proof.document["tag_lies"]) == ((line,), [row])
    allowed = judged(seen(natives=natives), new, allow=("libc-newer-than-tag:liar",))
    assert (allowed.warnings, allowed.document["tag_lies"]) == ((), [{**row, "allowed": True}])


@pytest.mark.parametrize(
    ("version", "platforms", "filename", "lies"),
    [
        ("GLIBC_2.17", [TAG], "", False),
        ("GLIBC_2.2.5", [TAG], "", False),
        ("GLIBC_2.18", [TAG], "", True),
        ("GLIBC_2.18", ["manylinux_2_17_aarch64"], "", False),
        ("GLIBC_2.18", ["manylinux2014_x86_64"], "", True),
        ("GLIBC_2.26", ["manylinux_2_24_x86_64", "manylinux_2_28_x86_64"], "", True),
        ("GLIBC_2.30", ["linux_x86_64"], "", False),
        ("GLIBC_2.30", ["linux_x86_64"], "own-1-py3-none-manylinux_2_28_x86_64.whl", True),
        ("GLIBC_2.27", ["linux_x86_64"], "own-1-py3-none-manylinux_2_28_x86_64.whl", False),
        ("GLIBCXX_3.4.19", [TAG], "", False),
        ("GLIBCXX_3.4.21", [TAG], "", True),
        ("GLIBCXX_3.4.24", ["manylinux_2_28_x86_64"], "", False),
        ("CXXABI_1.3.8", [TAG], "", True),
    ],
)
def test_which_needs_a_tag_promises(version: str, platforms: list[str], filename: str, lies: bool) -> None:
    there = seen(environment=[["own", "1"]], natives=[a_need("own", version, platforms)])
    proof = judged(there, wheels={"own": filename})
    assert bool(proof.document["tag_lies"]) is lies


def test_extra_files_of_a_wheel_for_any_platform_are_only_told() -> None:
    natives = [a_need("tool", "GLIBC_2.34", ["any"], module=False)]
    line = "tool: tool/x.so needs GLIBC_2.34 of libc.so.6"
    row = {"package": "tool", "file": "tool/x.so", "library": "libc.so.6", "version": "GLIBC_2.34"}
    for missing in ([], [row]):  # whether or not the image's loader said so too
        proof = judged(seen(natives=natives, missing_versions=missing))
        assert (proof.missing_libraries, proof.warnings) == ((line,), ())
        assert proof.document["missing_versions"] == [row]


def test_the_proof_tells_which_glibc_the_bundle_needs() -> None:
    natives = [a_need("old", "GLIBC_2.4", [TAG]), a_need("new", "GLIBC_2.17", [TAG])]
    proof = judged(seen(natives=natives))
    assert proof.document["glibc_needed"] == {"version": "2.17", "package": "new", "file": "new/x.so"}
    assert judged(seen()).document["glibc_needed"] is None


def test_all_reasons_come_at_once() -> None:
    imports = [an_import("alpha", "ValueError: no"), an_import("beta", "SystemExit: 3")]
    commands = [
        {"command": "a", "exit_code": 3, "output": "\n".join("123456789")},
        {"command": "b", "exit_code": 0, "output": ""},
    ]
    details = failed(seen(imports=imports, commands=commands)).details
    assert details[:3] == (
        "alpha: import alpha failed: ValueError: no",
        "beta: import beta failed: SystemExit: 3",
        "command 'a' ended with exit code 3",
    )
    assert details[3:] == tuple(f"  {digit}" for digit in "456789")


def test_a_failure_after_the_kernel_killed_something_is_told_as_such() -> None:
    imports = [an_import("alpha", "Crash: the import ended the interpreter (signal 9)")]
    with pytest.raises(RehearsalTimeout, match="more than the 512 MiB") as caught:
        judged(seen(imports=imports, memory_kills=1), memory=512 << 20)
    assert "alpha: import alpha failed" in caught.value.details[1]
    assert "rehearsal.memory" in caught.value.remedy
    assert judged(seen(memory_kills=1)).installed == 2  # something else came through all the same


def test_a_container_that_is_not_cut_off_proves_nothing() -> None:
    _demand_isolation({"only-loopback": True, "not-root": True})
    with pytest.raises(NotIsolated, match="no-route-out, not-root does not hold"):
        _demand_isolation({"only-loopback": True, "not-root": False, "no-route-out": False})


# --- what is remembered ---------------------------------------------------------------------------------


def test_what_was_seen_is_the_same_after_it_was_kept() -> None:
    project = {"step": "sync", "exit_code": 0, "said": "", "installed": [["alpha", "1.0"]]}
    kept = json.loads(json.dumps(seen(project=project)))
    again: Any = remembered(kept)
    assert judged(again).document == judged(seen(project=project)).document
    assert judged(again).document["project"] == {"synced": [{"name": "alpha", "version": "1.0"}]}


@pytest.mark.parametrize("checks", [{"ghosts": []}, {"imports": [{}]}, {"commands": None}, []])
def test_what_another_version_kept_is_not_believed(checks: Any) -> None:
    with pytest.raises(Malformed):
        remembered({**seen(), "checks": checks})


# --- what scripts start ---------------------------------------------------------------------------------


def test_a_script_that_cannot_start_is_a_warning_and_in_the_proof() -> None:
    error = f"ImportError: cannot import name 'x' from 'alpha' ({WORK}alpha/__init__.py)"
    row = {"package": "alpha", "script": "alpha-cli", "target": "alpha.cli:main", "error": error, "own": True}
    proof = judged(seen(entry_points=[row]))
    told = "ImportError: cannot import name 'x' from 'alpha' (alpha/__init__.py)"
    assert proof.warnings == (f"alpha: the script alpha-cli cannot start alpha.cli:main: {told}",)
    row.pop("own")  # for the judge alone
    assert proof.document["entry_points"] == [{**row, "error": told}]


def test_a_proof_without_such_scripts_is_as_it_always_was() -> None:
    assert judged(seen(entry_points=[])).document == judged(seen()).document
    assert "entry_points" not in judged(seen()).document


def test_what_a_package_imports_in_vain_when_it_is_used_is_a_warning() -> None:
    row = {"package": "alpha", "file": "alpha/old.py", "module": "distutils"}
    proof = judged(seen(gone_modules=[row]))
    line = "alpha: alpha/old.py imports distutils, which is not there: what uses it fails"
    line += " (write `requirements: [setuptools]` too, which brings distutils)"
    assert (proof.warnings, proof.document["gone_modules"]) == ((line,), [row])
    assert "gone_modules" not in judged(seen(gone_modules=[])).document


def test_what_is_fetched_at_the_first_use_is_a_warning_that_says_how_it_gets_there() -> None:
    proof = judged(seen(downloads=["playwright", "tiktoken"]))
    browsers, encodings = proof.warnings
    assert browsers.startswith("playwright: fetches the browsers from the network when it is used")
    assert "PLAYWRIGHT_BROWSERS_PATH" in browsers
    assert "TIKTOKEN_CACHE_DIR" in encodings
    assert proof.document["downloads"] == ["playwright", "tiktoken"]
    assert "downloads" not in judged(seen()).document


GONE = {"package": "alpha", "file": "alpha/old.py", "module": "pkg_resources"}
SCRIPT = {
    "package": "alpha",
    "script": "alpha",
    "target": "alpha.cli:main",
    "error": "ModuleNotFoundError: No module named 'pkg_resources'",
    "own": True,
}


def test_a_command_that_starts_what_imports_a_module_that_is_gone_stops_the_build() -> None:
    """As datasette 0.65 with setuptools 82: `import datasette` works, the command does not."""
    with pytest.raises(RehearsalFailed, match="the command alpha cannot start") as caught:
        judged(seen(entry_points=[SCRIPT], gone_modules=[GONE]))
    assert "alpha imports pkg_resources, which is not there any more" in caught.value.details[0]
    assert "`requirements: [setuptools<82]`" in caught.value.remedy
    assert "--allow import:alpha.cli" in caught.value.remedy


@pytest.mark.parametrize(
    ("package", "scripts", "own"),
    [
        ("datasette", ["datasette"], {"datasette"}),
        ("cython", ["cython", "cythonize", "cygdb"], {"cython"}),
        ("supervisor", ["supervisord", "supervisorctl", "pidproxy"], {"supervisord", "supervisorctl"}),
        ("babel", ["pybabel"], set()),
        ("zope-interface", ["Zope.Interface"], {"Zope.Interface"}),
    ],
)
def test_a_packages_own_commands_are_those_that_bear_its_name(
    package: str, scripts: list[str], own: set[str]
) -> None:
    assert own_commands(package, scripts) == own


def test_all_that_is_dead_is_told_at_once_with_what_accepts_it() -> None:
    """As supervisor 4.2: two commands, two modules."""
    other = {**SCRIPT, "script": "alphactl", "target": "alpha.ctl:main"}
    with pytest.raises(RehearsalFailed) as caught:
        judged(seen(entry_points=[SCRIPT, other], gone_modules=[GONE]))
    assert len(caught.value.details) == 2
    assert "`--allow import:alpha.cli --allow import:alpha.ctl`" in caught.value.remedy
    allow = ("import:alpha.cli", "import:alpha.ctl")
    assert judged(seen(entry_points=[SCRIPT, other], gone_modules=[GONE]), allow=allow).warnings


@pytest.mark.parametrize(
    ("script", "gone", "allow"),
    [
        (SCRIPT, [GONE], ("import:alpha.cli",)),
        (SCRIPT, [GONE], ("import:alpha",)),
        ({**SCRIPT, "script": "alpha-dev", "own": False}, [GONE], ()),
        ({**SCRIPT, "error": "ModuleNotFoundError: No module named 'click'"}, [GONE], ()),
        (SCRIPT, [], ()),
    ],
    ids=["its-module-allowed", "the-package-allowed", "another-script", "an-extra", "not-its-own-import"],
)
def test_a_command_that_cannot_start_is_else_a_warning(
    script: dict[str, str], gone: list[dict[str, str]], allow: tuple[str, ...]
) -> None:
    proof = judged(seen(entry_points=[script], gone_modules=gone), allow=allow)
    assert any("cannot start alpha.cli:main" in line for line in proof.warnings)


def test_what_an_engine_does_not_hold_a_rehearsal_to_is_told() -> None:
    lax = judged(seen(limits={"memory": False, "pids": True}, writable=["/run"]), memory=512 << 20)
    assert lax.document["limits"] == {"memory": False, "pids": True}
    assert lax.document["writable"] == ["/run"]
    assert any("does not enforce" in line and "512 MiB" in line for line in lax.warnings), lax.warnings
    assert any("could write to /run" in line for line in lax.warnings)
    strict = judged(seen())
    assert "writable" not in strict.document
    assert not strict.warnings


def test_emulation_is_told() -> None:
    image, result = replace(IMAGE, emulated=True), cast(Any, seen())
    proof = judge(result, image, DEBIAN11, RehearsalPlan(), native_rules(TARGET, {}))
    assert proof.document["emulated"] is True
    assert any("under emulation" in line for line in proof.warnings)
    assert "emulated" not in judged(seen()).document
