"""What is decided on this side of resolving: which wheel, which error, which lock."""
# ruff: noqa: E501 - uv's messages as they were recorded

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.targets import DEBIAN11, inputs_for

from parity.errors import HashMismatch, IndexFailed, NoWheel, Unresolvable
from parity.model import IndexSettings, NamedIndex
from parity.model.network import HostNetwork
from parity.resolve import inputs_digest
from parity.resolve.blame import chain, parents_in
from parity.resolve.explain import OVERTIME, Lacking, lacking_wheel, resolve_error
from parity.resolve.select import select_wheels

A, B, C = "a" * 64, "b" * 64, "c" * 64
URL = "https://index.example/files"


def lock(*packages: str, python: str = ">=3.9.2") -> str:
    head = f'lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = "{python}"\n'
    return head + "".join(f"\n[[packages]]\n{package}\n" for package in packages)


def package(name: str, *wheels: tuple[str, str], version: str = "1.0", marker: str = "") -> str:
    files = ", ".join(
        f'{{ url = "https://user:pw@index.example/files/{filename}?token=x#frag", '
        f'hashes = {{ sha256 = "{sha256}" }} }}'
        for filename, sha256 in wheels
    )
    line = f'marker = "{marker}"\n' if marker else ""
    return f'name = "{name}"\nversion = "{version}"\n{line}wheels = [{files}]'


def choose(text: str, *requirements: str, tags: tuple[str, ...] | None = None) -> list[tuple[str, str]]:
    chosen = select_wheels(text, inputs_for(*requirements, tags=tags), None, "d", "uv")
    return [(wheel.filename, wheel.sha256) for wheel in chosen.wheels]


MANY = package(
    "demo",
    ("demo-1.0-py3-none-any.whl", A),
    ("demo-1.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", B),
    ("demo-1.0-cp39-cp39-manylinux_2_31_x86_64.whl", C),
)


def test_the_best_wheel_for_the_target_is_chosen() -> None:
    assert choose(lock(MANY), "demo") == [("demo-1.0-cp39-cp39-manylinux_2_31_x86_64.whl", C)]


def builds(*numbers: str) -> str:
    wheels = [(f"demo-1.0-{each}py3-none-any.whl", f"{at:064x}") for at, each in enumerate(numbers)]
    return lock(package("demo", *wheels))


@pytest.mark.parametrize(
    ("numbers", "best"),
    [(("1-", "2-"), "2-"), (("10-", "9-"), "10-"), (("", "0-"), "0-"), (("2a-", "2b-", "2-"), "2b-")],
)
def test_the_highest_build_number_is_chosen(numbers: tuple[str, ...], best: str) -> None:
    for order in (numbers, tuple(reversed(numbers))):
        assert choose(builds(*order), "demo")[0][0] == f"demo-1.0-{best}py3-none-any.whl"


@pytest.mark.parametrize("said", ["../uv-cache/x", "a" * 63, "g" * 64, "a" * 64 + "/"])
def test_what_is_no_digest_is_the_indexs_fault(said: str) -> None:
    with pytest.raises(IndexFailed, match="SHA-256 that is none"):
        choose(lock(package("demo", ("demo-1.0-py3-none-any.whl", said))), "demo")


def test_one_file_with_two_hashes_is_no_file() -> None:
    twice = package("demo", ("demo-1.0-py3-none-any.whl", A), ("demo-1.0-py3-none-any.whl", B))
    with pytest.raises(IndexFailed, match="more than once"):
        choose(lock(twice), "demo")


def test_a_stand_in_never_widens_the_tags() -> None:
    narrow = tuple(tag for tag in DEBIAN11.tags if "2_31" not in tag)
    assert choose(lock(MANY), "demo", tags=narrow)[0][1] == B
    assert choose(lock(MANY), "demo", tags=("py3-none-any",))[0][1] == A
    with pytest.raises(NoWheel, match="demo"):
        choose(lock(MANY), "demo", tags=("cp39-cp39-musllinux_1_1_x86_64",))


def test_markers_are_those_of_the_target_not_of_this_python() -> None:
    text = lock(
        package("old", ("old-1.0-py3-none-any.whl", A), marker="python_version < '3.10'"),
        package("new", ("new-1.0-py3-none-any.whl", B), marker="python_version >= '3.10'"),
        package("mac", ("mac-1.0-py3-none-any.whl", C), marker="sys_platform == 'darwin'"),
    )
    assert choose(text, "old") == [("old-1.0-py3-none-any.whl", A)]


def test_facts_that_lack_a_marker_are_never_filled_in_from_this_python() -> None:
    asked = inputs_for("demo", markers={"python_version": "3.9"})
    with pytest.raises(ValueError, match="platform_machine"):
        select_wheels(lock(MANY), asked, None, "d", "uv")


def test_a_source_distribution_is_never_chosen() -> None:
    sdist = f'name = "demo"\nversion = "1.0"\nsdist = {{ url = "{URL}/demo-1.0.tar.gz", hashes = {{ sha256 = "{A}" }} }}'
    with pytest.raises(NoWheel, match=r"demo 1\.0"):
        choose(lock(sdist), "demo")


def test_addresses_lose_credentials_query_and_fragment() -> None:
    chosen = select_wheels(lock(MANY), inputs_for("demo"), "https://index.example/simple", "d", "uv 1")
    assert chosen.wheels[0].url == f"{URL}/demo-1.0-cp39-cp39-manylinux_2_31_x86_64.whl"
    assert chosen.wheels[0].index == "https://index.example/simple"
    assert (chosen.requires_python, chosen.inputs, chosen.created_by) == ("==3.9.*", "d", "uv 1")


def test_requested_are_the_lines_whose_marker_holds() -> None:
    text = lock(package("a-b", ("a_b-1.0-py3-none-any.whl", A)), package("c", ("c-1.0-py3-none-any.whl", B)))
    asked = inputs_for("A.B>=1", "c; python_version >= '3.10'")
    assert {w.name: w.requested for w in select_wheels(text, asked, None, "d", "uv").wheels} == {
        "a-b": True,
        "c": False,
    }


def test_hashes_in_the_requirements_bind() -> None:
    assert choose(lock(MANY), f"demo==1.0 --hash=sha256:{B} --hash=sha256:{A}")[0][1] == B
    with pytest.raises(HashMismatch, match="demo"):
        choose(lock(MANY), f"demo==1.0 --hash=sha256:{'d' * 64}")


@pytest.mark.parametrize(
    "text", ["", "[[", lock(MANY, python=">=3.12"), 'lock-version = "9.0"\ncreated-by = "x"']
)
def test_what_is_no_lock_for_this_python_is_said(text: str) -> None:
    with pytest.raises(IndexFailed):
        choose(text, "demo")


def test_the_digest_knows_what_matters_and_nothing_else() -> None:
    def digest(*lines: str, resolver: str = "uv 1", **more: Any) -> str:
        return inputs_digest(inputs_for(*lines, **more), resolver)

    base = digest("a", "b>=1")
    assert base == digest("b>=1", "a")
    kernel = {**DEBIAN11.markers, "platform_release": "9.9", "platform_version": "#2"}
    assert base == digest("a", "b>=1", markers=kernel)
    different = [
        digest("a", "b>=2"),
        digest("a", "b>=1", resolver="uv 2"),
        digest("a", "b>=1", index_url="https://index.example/simple"),
        digest("a", "b>=1", exclude_newer="2026-01-01"),
        digest("a", "b>=1", tags=DEBIAN11.tags[1:]),
        digest("a", "b>=1", markers={**DEBIAN11.markers, "python_full_version": "3.9.3"}),
        digest("a", "b>=1", constraints=("c<2",)),
    ]
    assert len({base, *different}) == len(different) + 1
    bound = [
        replace(inputs_for("a"), index=IndexSettings(None, (NamedIndex(name, url, packages),), default))
        for name, url, packages, default in (
            ("team", "https://t.example/", (), ()),
            ("team", "https://t.example/", ("a",), ()),
            ("team", "https://other.example/", (), ()),
            ("crew", "https://t.example/", (), ()),
            ("team", "https://t.example/", (), ("a",)),
        )
    ]
    assert len({inputs_digest(each, "uv 1") for each in (inputs_for("a"), *bound)}) == len(bound) + 1
    assert digest("a", index_url="https://u:p@index.example/simple") == digest(
        "a", index_url="https://index.example/simple"
    )


# What uv 0.13.8 really says (recorded).
CONFLICT = """error: No solution found when resolving dependencies
  cause: Because boto3==1.34.0 depends on botocore>=1.34.0,<1.35.0 and you require boto3==1.34.0, we can conclude that you require botocore>=1.34.0,<1.35.0.
         And because you require botocore==1.33.0, we can conclude that your requirements are unsatisfiable.
"""
NO_WHEELS = """error: No solution found when resolving dependencies
  cause: Because pyspark==3.5.0 has no usable wheels and you require pyspark==3.5.0, we can conclude that your requirements are unsatisfiable.

hint: Wheels are required for `pyspark` because building from source is disabled for all packages (i.e., with `--no-build`)
"""
WRONG_TAG = """error: No solution found when resolving dependencies
  cause: Because dep==2.0 has no wheels with a matching Python implementation tag (e.g., `cp39`) and only dep<=2.0 is available, we can conclude that dep>=2.0 cannot be used.
         And because you require dep>=2, we can conclude that your requirements are unsatisfiable.
"""
NEW_PYTHON = """error: No solution found when resolving dependencies
  cause: Because newpy==2.0 requires Python >=3.12 and only newpy==2.0 is available, we can conclude that all versions of newpy cannot be used.
"""
MARKED = """error: No solution found when resolving dependencies
  cause: Because iso-639{python_full_version < '3.12'}==0.4.5 has no usable wheels and you require iso-639{python_full_version < '3.12'}==0.4.5, we can conclude that your requirements are unsatisfiable.
"""
EXTRA = """error: No solution found when resolving dependencies
  cause: Because pandas[excel]{sys_platform == 'linux'}==2.0.3 has no wheels with a matching Python ABI tag (e.g., `cp313`) and you require pandas[excel]==2.0.3, we can conclude that your requirements are unsatisfiable.
"""
MISSING = """error: No solution found when resolving dependencies
  cause: Because nothere was not found in the package registry and you require nothere, we can conclude that your requirements are unsatisfiable.
"""
UNAUTHORIZED = (
    MISSING
    + """
hint: An index URL (http://index.example/simple/) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)
"""
)
FORBIDDEN = (
    MISSING
    + """
hint: An index (http://index.example/simple/) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid.
"""
)
SERVER_ERROR = """error: Request failed after 3 retries in 11.8s
  cause: Failed to fetch: http://me:canary-77@index.example/simple/demo/
  cause: HTTP status server error (500 Internal Server Error) for url (http://index.example/simple/demo/)
"""
SLOW_DOWN = SERVER_ERROR.replace(
    "server error (500 Internal Server Error)", "client error (429 Too Many Requests)"
)
GARBAGE = "error: Missing `Content-Type` header for `http://index.example/simple/demo/`\n"
DNS = """error: Request failed after 3 retries in 10.3s
  cause: Failed to fetch: http://nohost.invalid/simple/demo/
  cause: error sending request for url (http://nohost.invalid/simple/demo/)
  cause: client error (Connect)
  cause: dns error
"""
TLS = DNS.replace("dns error", "invalid peer certificate: UnknownIssuer")
REFUSED = DNS.replace("dns error", "tcp connect error\n  cause: Connection refused (os error 111)")

NETWORK = HostNetwork(index_url="http://index.example/simple/", index_login=("me", "canary-77"))


def test_a_conflict_is_explained_in_one_text() -> None:
    error = resolve_error(1, CONFLICT, NETWORK)
    assert isinstance(error, Unresolvable)
    assert error.message.startswith("Because boto3==1.34.0 depends on botocore>=1.34.0")
    assert "\n" not in error.message
    assert isinstance(resolve_error(1, MISSING, NETWORK), Unresolvable)


@pytest.mark.parametrize(
    ("stderr", "lacking"),
    [
        (NO_WHEELS, Lacking("pyspark", "3.5.0")),
        (WRONG_TAG, Lacking("dep", "2.0")),
        (NEW_PYTHON, Lacking("newpy", "2.0")),
        (MARKED, Lacking("iso-639", "0.4.5")),
        (EXTRA, Lacking("pandas", "2.0.3")),
        (CONFLICT, None),
        (MISSING, None),
        (SERVER_ERROR, None),
    ],
)
def test_a_lacking_wheel_is_told_from_a_conflict(stderr: str, lacking: Lacking | None) -> None:
    assert lacking_wheel(stderr) == lacking


@pytest.mark.parametrize(
    ("stderr", "said", "remedy"),
    [
        (UNAUTHORIZED, "401", "netrc"),
        (FORBIDDEN, "403", "credentials"),
        (SERVER_ERROR, "500", "doctor"),
        (SLOW_DOWN, "429", "minutes"),
        (GARBAGE, "package index", "simple index"),
        (DNS, "host name", "name server"),
        (TLS, "certificate", "SSL_CERT_FILE"),
        (REFUSED, "does not answer", "doctor"),
    ],
)
def test_a_failing_index_is_named_with_a_remedy_and_without_secrets(
    stderr: str, said: str, remedy: str
) -> None:
    error = resolve_error(2, stderr, NETWORK)
    assert isinstance(error, IndexFailed)
    assert said in error.message
    assert remedy in error.remedy
    assert error.where.startswith("http://")
    assert "canary-77" not in repr([error.message, error.where, error.remedy, error.details])


def test_a_resolution_without_end_is_an_index_that_fails() -> None:
    assert isinstance(resolve_error(OVERTIME, "", NETWORK), IndexFailed)


TREE = """app==1.0
    # via -r requirements.txt
deep==1.0
    # via
    #   -c constraints.txt
    #   middle
middle==2.0
    # via
    #   app
    #   other
other==1.0
    # via -r requirements.txt
"""


def test_who_wants_what_is_read_of_uvs_comments_by_the_shortest_way() -> None:
    parents = parents_in(TREE)
    assert parents["middle"] == ["app", "other"]
    assert chain("deep", parents) == ", wanted by middle, wanted by app"
    assert chain("app", parents) == ""
    assert chain("a", {"a": ["b"], "b": ["a"]}) == ""
