"""Whatever a file holds, reading it ends in a Profile or in an error of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.errors import InputFileError, ProfileError
from parity.model import Profile
from parity.profile import load_effective, load_profile, render_effective, schema_text
from parity.profile.render import scalar
from parity.profile.scalars import fault_of, read_plain
from parity.profile.tree import read_tree

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KEYS = [*json.loads(schema_text())["properties"], "os", "id", "libc", "python", "arch", "files", "url", "<<"]
VALUES = [
    "debian",
    '"11"',
    "3.10",
    "glibc 2.31",
    "x86_64",
    "no",
    "1:30",
    "~",
    "!!str x",
    "*a",
    "&a b",
    "'",
    "\t",
]

pieces = st.lists(
    st.one_of(
        st.sampled_from(KEYS),
        st.sampled_from(VALUES),
        st.sampled_from([": ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", "---\n", "? ", "| \n", "# "]),
        st.text(max_size=4),
    ),
    max_size=40,
).map("".join)
plain = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(VALUES)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


def read(path: Path, data: bytes) -> Profile | None:
    path.write_bytes(data)
    try:
        return load_profile(path)
    except ProfileError as error:
        told = "\n".join(error.details)
    except InputFileError as error:
        told = error.where
    assert told.encode()
    return None


@SETTINGS
@given(st.binary(max_size=200))
def test_bytes(tmp_path: Path, data: bytes) -> None:
    read(tmp_path / "p.yaml", data)


@SETTINGS
@given(pieces)
def test_text_made_of_yaml(tmp_path: Path, text: str) -> None:
    read(tmp_path / "p.yaml", text.encode("utf-8", "surrogatepass"))


@SETTINGS
@given(st.dictionaries(st.sampled_from(KEYS), plain))
def test_any_data_under_known_keys(tmp_path: Path, data: dict[str, object]) -> None:
    read(tmp_path / "p.yaml", json.dumps(data).encode())


@SETTINGS
@given(st.text(max_size=40))
def test_a_written_scalar_reads_back_as_itself(text: str) -> None:
    if fault_of(text):
        return
    tree = read_tree(f"- {scalar(text)}\n".encode(), "x")
    assert tree.root is not None
    assert tree.root.items[0].value == text
    if scalar(text) == text:
        assert read_plain(text) == text


@SETTINGS
@given(
    requirements=st.lists(
        st.from_regex(r"[A-Za-z0-9]{1,3}(==1)?( # [A-Za-z0-9 =<>\[\]#:'\"-]{0,20})?", fullmatch=True),
        max_size=4,
    ),
    commands=st.lists(st.text(min_size=1, max_size=20).filter(str.isprintable), max_size=3),
)
def test_the_effective_text_of_any_good_profile_reads_back_the_same(
    tmp_path: Path, requirements: list[str], commands: list[str]
) -> None:
    document = {
        "target": {
            "os": {"id": "debian", "version": "11"},
            "libc": "glibc 2.31",
            "python": "3.9",
            "arch": "x86_64",
        },
        "image": "debian:11",
        "install": {"requirements": requirements},
        "rehearsal": {"commands": commands},
    }
    path = tmp_path / "p.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False))
    first = load_profile(path)
    assert first.requirements.inline == tuple(requirements)
    path.write_text(render_effective(load_effective(path)))
    assert load_profile(path).document == first.document


@pytest.mark.parametrize("depth", [23, 24, 25, 5000, 100_000])
def test_depth_never_exhausts_the_stack(tmp_path: Path, depth: int) -> None:
    assert read(tmp_path / "p.yaml", b"[" * depth + b"]" * depth) is None
