"""`parity check`: would a bundle install on a machine of which only the facts are at hand?"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import compatible_tags, cpython_tags
from tests.support.bundles import FILES, MadeBundle, make_bundle, signing_key, texts_of
from tests.support.facts import facts_of, libc, system, write_facts
from typer.testing import CliRunner, Result

from parity.cli.app import app
from parity.errors import FactsInvalid
from parity.portable.bundle.reader import open_bundle, read_unverified
from parity.portable.errors import BundleDamaged, BundleUnreadable, SignatureInvalid, WrongHost
from parity.portable.machine.host import check_host, differences
from parity.probe import parse_facts_file, would_install
from parity.sign import generate_key

WHEELS = {
    "alpha-1.0-py3-none-any.whl": b"a",
    "beta-2.0-cp39-cp39-manylinux_2_17_x86_64.whl": b"b",
    "gamma-3.0-cp39-abi3-manylinux_2_28_x86_64.whl": b"c",
}
UV_FOR_ARM = "tools/uv-0.13.8-py3-none-musllinux_1_1_aarch64.whl"
ARM = [tag.replace("x86_64", "aarch64") for tag in facts_of()["tags"]]
OLDER = [tag for tag in facts_of()["tags"] if "2_28" not in tag]
TAGS_310 = [
    str(tag)
    for tags in (
        cpython_tags((3, 10), platforms=["manylinux_2_31_x86_64", "manylinux_2_28_x86_64"]),
        compatible_tags((3, 10), "cp310", ["manylinux_2_31_x86_64"]),
    )
    for tag in tags
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("uv"), wheels=WHEELS)


@pytest.fixture(scope="module")
def by_pip(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    """A bundle that the host's own pip installs."""
    files = {path: data for path, data in {**FILES, **texts_of(WHEELS)}.items() if "tools/" not in path}
    return make_bundle(tmp_path_factory.mktemp("pip"), files, WHEELS)


def check(folder: Path, bundle: MadeBundle | Path, *words: str, **changes: Any) -> Result:
    path = bundle.path if isinstance(bundle, MadeBundle) else bundle
    return CliRunner().invoke(app, ["check", write_facts(folder, **changes), str(path), *words])


def answer(folder: Path, bundle: MadeBundle, *words: str, **changes: Any) -> dict[str, Any]:
    """The JSON document; its exit code agrees with what it says."""
    result = check(folder, bundle, "--json", *words, **changes)
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if document["would_install"] else 62)
    assert ("error" in document) == (not document["would_install"])
    return document


def manifest_of(bundle: MadeBundle) -> Any:
    with open_bundle(str(bundle.path)) as file:
        return read_unverified(file).manifest.document


def test_the_machine_it_was_made_for_takes_it(tmp_path: Path, bundle: MadeBundle) -> None:
    document = answer(tmp_path, bundle)
    assert document["would_install"]
    assert (document["reasons"], document["overridable"], document["warnings"]) == ([], [], [])
    assert (document["verified"], document["not_verified"]) == (False, ["signature", "files"])
    assert document["bundle"]["packages"] == 3
    assert document["facts"]["os"]["id"] == "debian"
    text = check(tmp_path, bundle).stdout
    assert "would install" in text
    assert "not verified: no --key was given" in text


WRONG: dict[str, dict[str, Any]] = {
    "architecture: the bundle is for x86_64, this host has aarch64": {"arch": "aarch64", "tags": ARM},
    "C library: the bundle is for glibc, this host has musl": {"libc": libc("musl 1.2")},
    "C library: the bundle is for glibc, this host has unknown": {"libc": None},
    "Python: the bundle is for 3.9, this host has 3.10.4": {"python": "3.10.4", "tags": TAGS_310},
    "Python: the bundle is for cpython, this host has pypy": {"implementation": "pypy"},
    "this interpreter cannot take gamma-3.0-cp39-abi3-manylinux_2_28_x86_64.whl": {"tags": OLDER},
    "this interpreter cannot take beta-2.0-cp39-cp39-manylinux_2_17_x86_64.whl and 1 more": {
        "tags": ["py3-none-any"]
    },
}


@pytest.mark.parametrize("reason", WRONG)
def test_another_machine_does_not_and_both_sides_are_named(
    tmp_path: Path, bundle: MadeBundle, reason: str
) -> None:
    document = answer(tmp_path, bundle, "--allow-other-os", **WRONG[reason])
    assert reason in document["reasons"]
    assert reason in document["error"]["message"]
    assert (document["error"]["kind"], document["error"]["exit_code"]) == ("WrongHost", 62)
    error = check(tmp_path, bundle, **WRONG[reason]).exception
    assert isinstance(error, WrongHost)
    assert error.remedy


SOFT: dict[str, dict[str, Any]] = {
    "OS: the bundle is for debian 11, this host has ubuntu 22.04": {"os": system("ubuntu", "22.04")},
    "OS: the bundle is for debian 11, this host has debian 12": {"os": system("debian", "12")},
    "glibc: the bundle is for 2.31 or newer, this host has 2.28": {"libc": libc("glibc 2.28")},
}


@pytest.mark.parametrize("reason", SOFT)
def test_what_the_installer_can_be_told_to_accept(tmp_path: Path, bundle: MadeBundle, reason: str) -> None:
    document = answer(tmp_path, bundle, **SOFT[reason])
    assert (document["would_install"], document["overridable"]) == (False, [reason])
    assert "--allow-other-os" in document["error"]["remedy"]
    assert answer(tmp_path, bundle, "--allow-other-os", **SOFT[reason])["would_install"]
    assert reason in check(tmp_path, bundle, "--allow-other-os", **SOFT[reason]).stdout


@pytest.mark.parametrize(
    ("wanted", "there", "short"),
    [
        ([1, 2, 5], "1.2.3", True),
        ([1, 2, 5], "1.2.5", False),
        ([1, 2], "1.2.3", False),
        ([1, 2, 5], "1.3.0", False),
    ],
)
def test_a_patch_of_musl_that_the_bundle_was_made_for_is_asked_for(
    bundle: MadeBundle, wanted: list[int], there: str, *, short: bool
) -> None:
    document: Any = copy.deepcopy(manifest_of(bundle))
    document["target"]["libc"] = {"family": "musl", "version": wanted}
    version = [int(number) for number in there.split(".")[:2]]
    machine: Any = facts_of(libc={"family": "musl", "version": version, "text": there})
    hard, soft = differences(document, machine)
    assert [line for line in soft if line.startswith("musl")] == (
        [f"musl: the bundle is for 1.2.5 or newer, this host has {there}"] if short else []
    )
    assert not [line for line in hard if "C library" in line]


@pytest.mark.parametrize("changes", [{}, *WRONG.values(), *SOFT.values()])
def test_the_installer_itself_says_the_same(bundle: MadeBundle, changes: dict[str, Any]) -> None:
    manifest = manifest_of(bundle)
    machine: Any = facts_of(**changes)
    verdict = would_install(manifest, machine)
    for allowed in (False, True):
        try:
            check_host(manifest, machine, allowed)
            installed = True
        except WrongHost:
            installed = False
        assert verdict.installs(allow_other_os=allowed) is installed


def test_a_bundle_for_pip_needs_venv_and_what_pip_takes(tmp_path: Path, by_pip: MadeBundle) -> None:
    assert answer(tmp_path, by_pip)["would_install"]
    document = answer(tmp_path, by_pip, has_venv=False)
    assert document["reasons"] == ["this host's Python 3.9.2 has no venv with ensurepip"]
    assert "python3-venv" in document["error"]["remedy"]
    document = answer(tmp_path, by_pip, pip="20.2.4", pip_tags=OLDER)
    assert document["reasons"] == [
        "this host's pip 20.2.4 cannot take gamma-3.0-cp39-abi3-manylinux_2_28_x86_64.whl"
    ]
    document = answer(tmp_path, by_pip, pip="18.1", pip_tags=None)
    assert any("which wheels its pip 18.1 takes" in line for line in document["untold"])
    document = answer(tmp_path, by_pip, pip=None, pip_tags=None)
    assert any("ensurepip would bring one" in line for line in document["untold"])


def test_a_bundle_with_uv_needs_neither_pip_nor_venv(tmp_path: Path, bundle: MadeBundle) -> None:
    assert answer(tmp_path, bundle, has_venv=False, pip=None, pip_tags=None)["would_install"]


def test_a_uv_for_another_machine_cannot_be_asked(tmp_path: Path) -> None:
    files = {path: data for path, data in {**FILES, **texts_of(WHEELS)}.items() if "tools/" not in path}
    odd = make_bundle(tmp_path, {**files, UV_FOR_ARM: b"u"}, WHEELS)
    document = answer(tmp_path, odd)
    assert document["would_install"]
    assert "would not be asked" in document["warnings"][0]
    assert "is not for x86_64" in document["warnings"][0]


def test_with_a_key_the_bundle_is_verified_first(tmp_path: Path, bundle: MadeBundle) -> None:
    mine, other = tmp_path / "mine.pub", tmp_path / "other.pub"
    mine.write_bytes(signing_key().public.pem)
    other.write_bytes(generate_key().public.pem)
    document = answer(tmp_path, bundle, "--key", str(mine))
    assert (document["verified"], document["not_verified"]) == (True, [])
    assert document["signers"] == [signing_key().public.fingerprint]
    assert isinstance(check(tmp_path, bundle, "--key", str(other)).exception, SignatureInvalid)
    damaged = tmp_path / "damaged.parity.tar"
    damaged.write_bytes(bundle.path.read_bytes()[:-1025] + b"x" + bundle.path.read_bytes()[-1024:])
    assert isinstance(check(tmp_path, damaged, "--key", str(mine)).exception, BundleDamaged)


def test_a_bundle_that_is_none_is_refused(tmp_path: Path) -> None:
    assert isinstance(check(tmp_path, tmp_path / "gone").exception, BundleUnreadable)
    (tmp_path / "text").write_text("hello")
    assert isinstance(check(tmp_path, tmp_path / "text").exception, BundleDamaged)


GOOD = json.dumps(facts_of())
BAD = {
    "": "empty",
    "   \n": "empty",
    GOOD[:2000]: "cut off on its way",
    GOOD[:-1]: "cut off on its way",
    GOOD + "x": "no JSON",
    "\x00\x01": "no JSON",
    "[" * 100_000: "no JSON",
    "1" * 5000: "no JSON",
    "[]": "not what parity's probe writes",
    '{"python": "3.9"}': "not what parity's probe writes",
    '{"format": 1}': "not what parity's probe writes",
    GOOD.replace("facts/1", "facts/2"): "this parity reads 'parity-facts/1'",
    '{"format": "parity-facts/1"}': "the facts lack arch, bits",
    json.dumps(facts_of(libc={"family": "bionic", "version": [1, 0], "text": "1"})): "facts.libc.family",
    json.dumps(facts_of(tags=[])): "facts.tags",
    json.dumps(facts_of(tags=["py3-none-any", 7])): "facts.tags[1]",
    json.dumps(facts_of(python="3.9\n")): "facts.python must be printable",
    json.dumps(facts_of(markers={})): "facts.markers",
    json.dumps(facts_of(has_venv="yes")): "facts.has_venv must be true or false",
    GOOD + " " * 5_000_000: "larger than 4 MiB",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: BAD[text])
def test_facts_that_are_none_say_where_and_what_to_do(tmp_path: Path, bundle: MadeBundle, text: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(text)
    error = CliRunner().invoke(app, ["check", str(path), str(bundle.path)]).exception
    assert isinstance(error, FactsInvalid)
    assert BAD[text] in error.message
    assert error.where.startswith(str(path))
    assert "probe" in error.remedy


def test_the_line_of_a_fault_is_named() -> None:
    with pytest.raises(FactsInvalid) as caught:
        parse_facts_file(b'{\n"format": "parity-facts/1",\n"os" 1\n}', "f.json")
    assert caught.value.where == "f.json:3"


def test_facts_come_through_a_pipe_and_from_a_bundle(tmp_path: Path, bundle: MadeBundle) -> None:
    result = CliRunner().invoke(app, ["check", "-", str(bundle.path)], input=GOOD)
    assert result.exit_code == 0
    carried = facts_of()
    del carried["markers"]["platform_release"], carried["markers"]["platform_version"]
    assert answer(tmp_path, bundle, **carried)["would_install"]
    assert isinstance(
        CliRunner().invoke(app, ["check", str(tmp_path), str(bundle.path)]).exception, FactsInvalid
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_at_all_give_anything_but_our_error(data: bytes) -> None:
    with pytest.raises(FactsInvalid):
        parse_facts_file(data, "facts")


@settings(max_examples=200)
@given(st.sampled_from(sorted(facts_of())), JSON | st.sampled_from(["", "x.y", "0", "é", []]))
def test_no_value_of_a_key_gives_anything_but_an_answer(key: str, value: Any) -> None:
    package = {"wheel": "wheels/beta-2.0-cp39-cp39-manylinux_2_17_x86_64.whl"}
    target = {
        "os": {"id": "debian", "version": "11"},
        "libc": {"family": "glibc", "version": [2, 31]},
        "python": "3.9",
        "arch": "x86_64",
        "implementation": "cpython",
    }
    manifest: Any = {"target": target, "installer": "pip", "uv": None, "packages": [package]}
    data = json.dumps(facts_of(**{key: value})).encode()
    try:
        machine = parse_facts_file(data, "facts")
    except FactsInvalid:
        return
    verdict = would_install(manifest, machine)
    assert verdict.installs(allow_other_os=True) == (not verdict.reasons)
