"""The head of a bundle: one encoding, bytes counted as bytes, nothing unsigned that could change."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.portable.bundle import envelope as dsse
from parity.portable.bundle import ustar
from parity.portable.bundle.envelope import Envelope, Payload, Signature, Statement
from parity.portable.errors import BundleDamaged

STATEMENT = Statement(Payload(10240, "a" * 64, 700, "b" * 64), "demo", "1.0", 7, "debian11", "c" * 64)
ENVELOPE = Envelope(b'{"any":"bytes"}', (Signature("1" * 64, b"sig one"), Signature("2" * 64, b"sig two")))


def head_of(document: Any) -> bytes:
    """A head around any JSON document, spelt canonically."""
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return ustar.header("parity-bundle/parity-envelope.json", 65024) + body.ljust(65024, b" ")


def document(**changes: Any) -> dict[str, Any]:
    signature = {"keyid": "1" * 64, "sig": base64.b64encode(b"sig").decode()}
    plain = {
        "payload": base64.b64encode(b"payload").decode(),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [signature],
    }
    return {**plain, **changes}


def test_the_encoding_that_is_signed_counts_bytes_not_characters() -> None:
    text = "ü€𝄞".encode()
    assert dsse.pae(text) == b"DSSEv1 28 application/vnd.in-toto+json 9 " + text


@given(
    st.binary(min_size=1, max_size=3000),
    st.dictionaries(st.integers(0, 9), st.binary(min_size=1), min_size=1),
)
def test_a_head_is_read_as_it_was_written(payload: bytes, signatures: dict[int, bytes]) -> None:
    ordered = tuple(Signature(str(key) * 64, sig) for key, sig in sorted(signatures.items()))
    head = dsse.encode_head(Envelope(payload, ordered))
    assert len(head) == 65536
    assert dsse.parse_head(head) == Envelope(payload, ordered)


def test_a_statement_is_read_as_it_was_written() -> None:
    assert dsse.parse_statement(dsse.encode_statement(STATEMENT)) == STATEMENT


def test_the_statement_is_an_in_toto_statement() -> None:
    says = json.loads(dsse.encode_statement(STATEMENT))
    assert says["_type"] == "https://in-toto.io/Statement/v1"
    assert says["subject"] == [{"name": "payload", "digest": {"sha256": "a" * 64}}]
    assert says["predicateType"] == "tag:parity,2026:bundle/v2"
    assert says["predicate"]["serial"] == 7


def test_what_the_helper_makes_is_accepted() -> None:
    assert dsse.parse_head(head_of(document())).payload == b"payload"


@pytest.mark.parametrize(
    "changed",
    [
        document(payloadType="text/plain"),
        document(signatures=[]),
        document(signatures=[{"keyid": "1" * 64, "sig": "c2ln"}] * 2),
        document(signatures=[{"keyid": "2" * 64, "sig": "c2ln"}, {"keyid": "1" * 64, "sig": "c2ln"}]),
        document(signatures=[{"keyid": f"{index:064x}", "sig": "c2ln"} for index in range(17)]),
        document(signatures=[{"keyid": "1" * 64, "sig": "c2lu=="}]),
        document(signatures=[{"keyid": "1" * 64, "sig": "c2l\nn"}]),
        document(signatures=[{"keyid": "1" * 64, "sig": ""}]),
        document(signatures=[{"keyid": "1" * 63 + "G", "sig": "c2ln"}]),
        document(signatures=[{"keyid": "1" * 64, "sig": "c2ln", "more": 1}]),
        document(payload="cGF5bG9hZB=="),  # the same bytes, other unused bits
        document(payload="cGF5bG9hZA"),
        document(payload=7),
        document(more=1),
        [],
        None,
    ],
)
def test_a_malformed_envelope_is_refused(changed: Any) -> None:
    with pytest.raises(BundleDamaged):
        dsse.parse_head(head_of(changed))


def test_what_stands_around_the_envelope_is_refused_when_it_differs() -> None:
    head = dsse.encode_head(ENVELOPE)
    for other in (
        head[:-1] + b"\n",
        head[:-1] + b"\0",
        head[:-1],
        head + b" ",
        b"P" + head[1:],
        head.replace(b'{"payload"', b'{ "payload"', 1)[:65536],
        bytes(65536),
        b"",
    ):
        with pytest.raises(BundleDamaged):
            dsse.parse_head(other)


def test_where_the_head_lies_is_told_by_what_was_signed_alone() -> None:
    """Else its header could be exchanged, and no signature would tell."""
    first = STATEMENT._replace(predicate="tag:parity,2026:bundle/v1")
    for statement, here, there in (
        (STATEMENT, "parity-bundle/parity-envelope.json", "parity-envelope.json"),
        (first, "parity-envelope.json", "parity-bundle/parity-envelope.json"),
    ):
        sealed = ENVELOPE._replace(payload=dsse.encode_statement(statement))
        head = dsse.encode_head(sealed)
        assert head[:512] == ustar.header(here, 65024)
        assert dsse.parse_statement(dsse.parse_head(head).payload) == statement
        assert dsse.parse_body(head[512:]) == sealed
        with pytest.raises(BundleDamaged, match="canonical"):
            dsse.parse_head(ustar.header(there, 65024) + head[512:])


def test_an_envelope_too_large_for_its_place_is_refused() -> None:
    with pytest.raises(BundleDamaged, match="larger"):
        dsse.encode_head(Envelope(bytes(50000), ENVELOPE.signatures))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("product", "../../etc"),
        ("product", ""),
        ("version", "1 0"),
        ("version", "\x1b[2J"),
        ("profile", "a/b"),
        ("profile", "x" * 129),
        ("serial", -1),
        ("serial", True),
        ("profile_sha256", "C" * 64),
        ("payload", Payload(-1, "a" * 64, 700, "b" * 64)),
        ("payload", Payload(1, "short", 700, "b" * 64)),
    ],
)
def test_a_statement_that_could_harm_its_reader_cannot_be_made(field: str, value: Any) -> None:
    with pytest.raises(BundleDamaged):
        dsse.encode_statement(STATEMENT._replace(**{field: value}))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"_type":"https://in-toto.io/Statement/v1"}', b"\xff" * 9]
)
def test_a_malformed_statement_is_refused(data: bytes) -> None:
    with pytest.raises(BundleDamaged):
        dsse.parse_statement(data)
