"""Whatever text goes into TOML that is written here, a TOML reader reads the same text back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import grows_no_faster_than_its_length

from parity.errors import LockInvalid
from parity.farside.index.client_config import simple_url, uv_toml
from parity.model import Lock, LockedWheel, Origin, SystemPackage, SystemSet
from parity.model.toml import TOMLError, parse
from parity.pack.texts import _pylock_package
from parity.portable.texts import Toml
from parity.portable.texts import toml as literal
from parity.resolve import parse_lock, write_lock
from parity.resolve.known import Known, settings_text
from parity.system.lock import SystemLock, write_system_lock

texts = st.text(st.characters(exclude_categories=["Cs"]))
ODD = [
    "./𠮷野",
    "\x7f\x80\x9f",
    '"\\\b\t\n\f\r\x00\x1b',
    "\u202e\u2028\ufeff\uffff",
    "\U0010ffff",
    "'''\"\"\"",
]


def built(origin: Origin) -> LockedWheel:
    name = "a-1.0-py3-none-any.whl"
    return LockedWheel("a", "1.0", name, "", "0" * 64, 7, requested=True, index="built", origin=origin)


@given(st.recursive(st.one_of(texts, st.booleans(), st.integers(0, 2**62)), st.lists, max_leaves=6))
def test_what_goes_in_is_read_back(value: Toml) -> None:
    assert parse(f"a = {literal(value)}\n") == {"a": value}


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(text: str) -> None:
    assert parse(f"a = {literal(text)}\n")["a"] == text
    assert literal(text).isascii()


def test_an_address_with_a_backslash_in_the_settings_for_uv() -> None:
    url = simple_url("http://host/a\\b")
    assert parse(uv_toml(url))["index"][0]["url"] == url


def test_what_is_no_unicode_text_is_refused() -> None:
    with pytest.raises(ValueError, match="undecodable"):
        literal("caf\udce9")


@pytest.mark.parametrize("text", ODD)
def test_a_lock_with_an_odd_path(text: str) -> None:
    wheel = built(Origin("path", text, sha256="1" * 64, subdirectory=text))
    lock = Lock((wheel,), "==3.9.*", "f" * 64, "uv 1")
    assert parse_lock(write_lock(lock), "here") == lock


@given(texts.filter(bool))
def test_the_pylock_in_a_bundle(text: str) -> None:
    wheel = built(Origin("path", text, sha256="1" * 64))
    assert parse(_pylock_package(wheel))["packages"][0]["tool"]["parity"]["origin"]["address"] == text


@given(texts)
def test_the_lock_of_system_packages(text: str) -> None:
    package = SystemPackage("a", "1", "amd64", text, "0" * 64, 3, requested=True)
    document = parse(write_system_lock(SystemLock("x", SystemSet("deb", (package,), (text,)))))
    assert (document["packages"][0]["file"], document["unprovided"]) == (text, [text])


@given(texts)
def test_settings_for_uv(text: str) -> None:
    known = Known("a", text, (), requires_python=text or "x", provides_extra=(text,))
    table = parse(settings_text([known], ["b"]))["dependency-metadata"][0]
    assert (table["version"], table["provides-extra"]) == (text, [text])


@pytest.mark.parametrize(
    ("first", "part", "last"),
    [
        ("a", ".a", " = 1"),
        ("[", "a . ", "a]"),
        ('x = { "\\"" ', """. 'b' """, " = 1 }"),
    ],
)
def test_a_key_of_thousands_of_parts_is_refused_at_once(first: str, part: str, last: str) -> None:
    def refuse(count: int) -> None:
        with pytest.raises(TOMLError, match=r"more than 64 parts \(at line 2\)"):
            parse("b = 1\n" + first + part * count + last)

    grows_no_faster_than_its_length(refuse, 5_000)


def test_dots_in_texts_are_no_parts() -> None:
    text = f'a = "{"x. " * 99}"\nb = "{"." * 99}"\nc.d.e = [{"1.5, " * 99}]\n'
    assert len(parse(text)["c"]["d"]["e"]) == 99


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 20000, "{a=" * 20000, "-" + "1" * 4301])
def test_what_python_does_not_read_is_no_toml(value: str) -> None:
    with pytest.raises(TOMLError):
        parse(f"a = {value}\n")
    with pytest.raises(LockInvalid, match="not a PEP 751 lock"):
        parse_lock(f"lock-version = {value}\n", "pylock.toml")
