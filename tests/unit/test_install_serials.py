"""Rollback protection: serials decide, the record remembers, no clock has a say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.farside.install import journal
from parity.farside.install.journal import Highest, check_serial, highest
from parity.farside.install.state import State, demand_product, judge
from parity.portable.bundle.envelope import Payload, Statement
from parity.portable.errors import OlderBundle, PrefixInUse

A, B = "a" * 64, "b" * 64


def statement(serial: int, payload: str = A, product: str = "demo") -> Statement:
    return Statement(Payload(1, payload, 1, A), product, f"{serial}.0", serial, "here", A)


def words(serial: int, payload: str = A, product: str = "demo") -> Any:
    return {"act": "install", "product": product, "serial": serial, "payload_sha256": payload}


def test_a_higher_serial_of_the_same_product_is_let_in() -> None:
    assert check_serial(statement(8), {"demo": Highest(7, B)}, B, allow_older=False) == []
    assert check_serial(statement(1, product="other"), {"demo": Highest(7, B)}, B, allow_older=False) == []
    assert check_serial(None, {}, None, allow_older=False) == []


@pytest.mark.parametrize(("serial", "word"), [(7, "the same as"), (6, "lower than"), (0, "lower than")])
def test_a_serial_that_is_not_higher_is_refused_and_both_are_named(serial: int, word: str) -> None:
    known = {"demo": Highest(7, B)}
    with pytest.raises(OlderBundle, match=f"serial {serial} of demo {serial}.0 is {word} serial 7"):
        check_serial(statement(serial), known, B, allow_older=False)
    (told,) = check_serial(statement(serial), known, B, allow_older=True)
    assert told.startswith(f"allow-older: serial {serial} ")


def test_the_very_same_payload_may_come_again() -> None:
    assert check_serial(statement(7, B), {"demo": Highest(7, B)}, A, allow_older=False) == []
    assert check_serial(statement(6, A), {"demo": Highest(7, B)}, A, allow_older=False) == []


def test_an_unsigned_bundle_is_refused_where_signed_ones_were_installed() -> None:
    with pytest.raises(OlderBundle, match="never signed"):
        check_serial(None, {"demo": Highest(7, B)}, B, allow_older=False)


@given(st.lists(st.tuples(st.sampled_from(["demo", "other"]), st.integers(0, 2**63 - 1)), max_size=20))
def test_the_highest_serial_is_that_of_all_records(told: list[tuple[str, int]]) -> None:
    found = highest([words(serial, product=product) for product, serial in told])
    for product in {product for product, _ in told}:
        assert found[product].serial == max(serial for name, serial in told if name == product)


def test_records_that_are_not_ours_are_passed_over() -> None:
    strange: list[dict[str, Any]] = [{}, {"product": 7, "serial": 1}, {"product": "demo", "serial": "9"}]
    strange.append({"product": "other", "serial": True})
    assert highest([*strange, words(3)]) == {"demo": Highest(3, A)}


def test_the_record_survives_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "record"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    journal.append(descriptor, words(1))
    os.write(descriptor, b'{"act": "install", "ser')
    journal.append(descriptor, words(2))
    os.close(descriptor)
    assert [act["serial"] for act in journal.read(str(path))] == [1, 2]
    assert journal.read(str(tmp_path / "none")) == []


def test_a_clock_that_went_back_ten_years_only_warns() -> None:
    state = State({"demo": Highest(7, B)}, None, {}, "2999-01-01T00:00:00+00:00")
    overrides, warnings = judge(state, statement(8), allow_older=False)
    assert overrides == []
    assert "clock" in warnings[0]


def test_another_product_takes_no_place_without_consent() -> None:
    now: Any = {"bundle": {"product": "other", "version": "1.0", "serial": 1}, "payload_sha256": B}
    state = State({}, now, {}, "")
    with pytest.raises(PrefixInUse, match=r"this is demo; .* now is other") as caught:
        demand_product(state, statement(1), allow_other=False)
    assert "--allow-other-product" in caught.value.remedy
    (told,) = demand_product(state, statement(1), allow_other=True)
    assert told.startswith("allow-other-product: this is demo")
    same: Any = {"bundle": {"product": "demo", "version": "0.9", "serial": 1}, "payload_sha256": B}
    for good in (State({}, None, {}, ""), State({}, same, {}, "")):
        assert demand_product(good, statement(1), allow_other=False) == []
