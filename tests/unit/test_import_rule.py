"""Which failing imports of a requested package refuse a bundle, and which are told."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from parity.model import RehearsalPlan
from parity.rehearse.import_rule import Scope, counting
from parity.rehearse.imports import behind
from parity.wire.rehearsing import DistributionFound, ImportAnswer


def installed(name: str, *modules: str, **more: Any) -> DistributionFound:
    found: DistributionFound = {
        "name": name,
        "version": "1",
        "modules": list(modules),
        "deeper": [],
        "files": len(modules),
        "import_names": [],
        "requires": [],
        "programs": False,
        "scripts": [],
    }
    return {**found, **more}  # type: ignore[typeddict-item]


def answer(module: str, error: str = "", **more: str) -> ImportAnswer:
    found: ImportAnswer = {
        "module": module,
        "error": error,
        "at": "",
        "text": error,
        "wants": "",
        "missing": "",
    }
    return {**found, **more}  # type: ignore[typeddict-item]


def lacks(module: str, missing: str) -> ImportAnswer:
    error = f"ModuleNotFoundError: No module named {missing!r}"
    return answer(module, error, wants="module", missing=missing)


def refused(
    distributions: Sequence[DistributionFound],
    answers: Mapping[str, ImportAnswer],
    asked: str,
    **plan: Any,
) -> list[str]:
    """The modules of the package asked for whose failures count."""
    rules = RehearsalPlan(**plan)
    scope = Scope(distributions, [asked], rules)
    rows = [
        scope.seen(package.name, answers.get(module, answer(module)))
        for package in scope.packages(hidden=True)
        for module in package.modules
    ]
    return [row["module"] for row in counting(rows, rules)]


DUCK = installed("duckdb", "duckdb", "adbc_driver_duckdb", "_duckdb")
STORAGE = installed("google-cloud-storage", "google.cloud.storage", "google.cloud._storage")
YAML = installed("pyyaml", "yaml", "_yaml")


@pytest.mark.parametrize(
    ("package", "failing", "counts"),
    [
        (DUCK, lacks("adbc_driver_duckdb", "adbc_driver_manager"), False),
        (DUCK, lacks("duckdb", "adbc_driver_manager"), True),  # the main module
        (DUCK, lacks("adbc_driver_duckdb", "duckdb.gone"), True),  # promised: it is its own
        (DUCK, answer("adbc_driver_duckdb", "ValueError: broken"), True),
        (STORAGE, lacks("google.cloud._storage", "google.iam"), False),
        (STORAGE, lacks("google.cloud._storage", "google.cloud.storage.gone"), True),
        (STORAGE, lacks("google.cloud.storage", "google.iam"), True),
        (YAML, lacks("_yaml", "cython"), False),  # none bears its name, and another one works
    ],
)
def test_others_than_the_main_modules_may_want_what_nobody_promises(
    package: DistributionFound, failing: ImportAnswer, counts: bool
) -> None:
    found = refused([package, installed("idna", "idna")], {failing["module"]: failing}, package["name"])
    assert found == ([failing["module"]] if counts else [])


def test_where_none_bears_the_name_one_of_any_must_import() -> None:
    both = {"yaml": lacks("yaml", "gone"), "_yaml": lacks("_yaml", "gone")}
    assert refused([YAML], both, "pyyaml") == ["_yaml", "yaml"]


def test_metadata_says_which_modules_are_the_main_ones() -> None:
    """PEP 794, Import-Name."""
    named = installed("pyyaml", "yaml", "_yaml", import_names=["yaml"])
    assert refused([named], {"yaml": lacks("yaml", "gone")}, "pyyaml") == ["yaml"]
    assert refused([named], {"_yaml": lacks("_yaml", "gone")}, "pyyaml") == []


def test_what_lies_deeper_is_imported_of_requested_packages_that_have_nothing_else() -> None:
    deep = installed("deep", deeper=["a.b.c.d.deep"])
    both = Scope([deep, installed("yaml", "yaml", deeper=["x.y"])], ["deep", "yaml"], RehearsalPlan())
    found = {package.name: package.modules for package in both.packages(hidden=True)}
    assert found == {"deep": ("a.b.c.d.deep",), "yaml": ("yaml",)}
    assert both.bare() == []
    assert Scope([deep], [], RehearsalPlan()).packages(hidden=True) == []


@pytest.mark.parametrize("kind", ["settings", "display"])
def test_settings_and_a_display_may_be_wanted_by_a_main_module_too(kind: str) -> None:
    wanting = answer("django_rq", "ImproperlyConfigured: no settings", wants=kind)
    assert refused([installed("django-rq", "django_rq")], {"django_rq": wanting}, "django-rq") == []


@pytest.mark.parametrize("kind", ["settings", "display", "module"])
def test_a_missing_library_counts_whatever_else_is_wanted(kind: str) -> None:
    error = "OSError: libzbar.so.0: cannot open shared object file: No such file or directory"
    broken = answer("adbc_driver_duckdb", error, wants=kind, missing="pyzbar")
    allow = ("import:duckdb", "import:adbc_driver_duckdb")
    assert refused([DUCK], {broken["module"]: broken}, "duckdb", allow=allow) == ["adbc_driver_duckdb"]
    assert refused([DUCK], {broken["module"]: broken}, "duckdb", skip=("adbc_driver_duckdb",)) == []


@pytest.mark.parametrize(
    ("text", "library"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file: No such file", "libGL.so.1"),
        ("OSError: libstdc++-abi.so: cannot open shared object file", "libstdc++-abi.so"),
        ("libx.so-1.2: cannot open shared object file", "libx.so-1.2"),
        ("ImportError: Error loading shared library libz.so.1: No such file (needed by x)", "libz.so.1"),
        # Words that a package manager would take for many packages, an option, a path or a version.
        ("*.so*: cannot open shared object file", ""),
        ("lib[a-z]*.so.1: cannot open shared object file", ""),
        ("--root=x.so: cannot open shared object file", ""),
        ("x.so.1/../../y.rpm: cannot open shared object file", ""),
        ("x.so=1@edge: cannot open shared object file", ""),
        ("Error loading shared library *: No such file", ""),
        ("Error loading shared library /tmp/x.rpm: No such file", ""),
        ("Error loading shared library x=1: No such file", ""),
    ],
)
def test_a_missing_library_is_told_only_by_a_plain_name(text: str, library: str) -> None:
    scope = Scope([installed("x", "x")], ["x"], RehearsalPlan())
    assert scope.seen("x", answer("x", text))["library"] == library


def test_the_module_that_a_package_has_from_its_own_program_is_not_missing() -> None:
    failing = {"uwsgidecorators": lacks("uwsgidecorators", "uwsgi")}
    assert refused([installed("uwsgi", "uwsgidecorators", programs=True)], failing, "uwsgi") == []
    assert refused([installed("uwsgi", "uwsgidecorators")], failing, "uwsgi") == ["uwsgidecorators"]


@pytest.mark.parametrize("word", ["duckdb", "adbc_driver_duckdb", "Duck_DB"])
def test_the_profile_accepts_a_module_or_a_package_by_name(word: str) -> None:
    failing = {"adbc_driver_duckdb": answer("adbc_driver_duckdb", "ValueError: broken")}
    left = refused([DUCK], failing, "duckdb", allow=(f"import:{word}",))
    assert left == (["adbc_driver_duckdb"] if word == "Duck_DB" else [])


def test_a_module_that_is_skipped_is_not_tried_nor_what_lies_below_it() -> None:
    names = ("testcontainers.core", "testcontainers.mysql", "testcontainers")
    scope = Scope([installed("t", *names[:2])], ["t"], RehearsalPlan(skip=("testcontainers",)))
    assert (scope.packages(hidden=True), scope.bare()) == ([], ["t"])
    scope = Scope([installed("t", *names[:2])], ["t"], RehearsalPlan(skip=(names[1],)))
    assert [package.modules for package in scope.packages(hidden=True)] == [("testcontainers.core",)]


def test_a_module_that_is_required_must_import_whoever_asked_for_its_package() -> None:
    own, along = installed("duckdb", "duckdb"), installed("pyzbar", "pyzbar")
    broken = {"pyzbar.pyzbar": lacks("pyzbar.pyzbar", "gone")}
    assert refused([own, along], broken, "duckdb", require=("pyzbar.pyzbar",)) == ["pyzbar.pyzbar"]
    assert refused([own, along], {}, "duckdb", require=("pyzbar.pyzbar",)) == []
    nobodys = lacks("ghost", "ghost")
    assert refused([own], {"ghost": nobodys}, "duckdb", require=("ghost",)) == ["ghost"]


def test_who_requires_a_package_is_read_whatever_the_markers_say() -> None:
    psycopg = installed("psycopg", "psycopg", requires=["Psycopg_Binary==3.2; extra == 'binary'", "six"])
    scope = Scope([psycopg, installed("psycopg-binary", "psycopg_binary")], [], RehearsalPlan())
    assert scope.dependents("psycopg-binary", {"psycopg": ["psycopg"]}) == {"psycopg": ["psycopg"]}
    assert scope.dependents("psycopg-binary", {}) == {}
    assert scope.dependents("psycopg", {"psycopg": ["psycopg"]}) == {}


def test_what_scripts_start_is_imported_with_the_modules_of_what_was_asked_for() -> None:
    scripts = [("again", "tool.cli:main"), ("tool", "tool.cli:main")]
    found = [installed("tool", "tool", scripts=scripts), installed("along", "along", scripts=scripts)]
    scope = Scope(found, ["tool"], RehearsalPlan())
    packages = {each.name: each.modules for each in scope.packages(hidden=False)}
    assert packages == {"tool": ("tool", "tool.cli:main"), "along": ("along",)}


@pytest.fixture
def soon() -> Iterator[None]:
    """What takes longer than a few seconds fails."""

    def late(*_: Any) -> None:
        pytest.fail("it takes a time that grows with the square")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(8)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("soon")
def test_a_package_of_very_many_modules_is_judged_soon() -> None:
    names = [f"m{number:05}" for number in range(20_000)]
    scope = Scope([installed("many", *names)], ["many"], RehearsalPlan())
    rows = [scope.seen("many", answer(name)) for name in names]
    assert counting(rows, RehearsalPlan()) == []


@pytest.mark.usefixtures("soon")
def test_very_many_modules_that_fail_are_judged_soon() -> None:
    names = [f"m{number:05}" for number in range(5_000)]
    others = [f"other{number:03}" for number in range(200)]
    requires = [f"need{number:02}>=1" for number in range(50)]
    along = [installed(name, name, requires=[*requires, "many"]) for name in others]
    scope = Scope([installed("many", *names), *along], ["many"], RehearsalPlan())
    rows = [scope.seen("many", answer(name, "ValueError: broken")) for name in names]
    rows += [scope.seen(name, answer(name)) for name in others]
    assert {tuple(each.behind) for each in behind(rows, scope)} == {tuple(others[:5])}


def test_whoever_loads_the_most_with_what_it_requires_goes_first() -> None:
    distributions = [
        installed("small", "small", files=5, requires=["Large_One>=2; python_version>'3'", "small[extra]"]),
        installed("large-one", "large", files=900, requires=["small", "not-there"]),
        installed("middle", "middle", files=100),
    ]
    scope = Scope(distributions, ["small", "middle"], RehearsalPlan())

    weights = {package.name: package.weight for package in scope.packages(hidden=True)}

    assert weights == {"small": 905, "middle": 100, "large-one": 900}
