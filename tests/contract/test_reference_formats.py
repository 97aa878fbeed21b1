"""DSSE and in-toto as their own libraries read them: securesystemslib and in-toto-attestation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format  # type: ignore[import-untyped]
from in_toto_attestation.v1 import statement_pb2  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]
from tests.support.bundles import IDENTITY, PROFILE_SHA256

from parity.portable.bundle import envelope
from parity.sign import SigningKey, generate_key, make_sealer

PAYLOAD = envelope.Payload(size=70000, sha256="a" * 64, manifest_size=900, manifest_sha256="b" * 64)
BODY = slice(512, 65536)


@pytest.fixture(scope="module")
def keys() -> list[SigningKey]:
    return [generate_key(), generate_key()]


def document(keys: list[SigningKey]) -> dict[str, Any]:
    """The envelope in a bundle's head, as any JSON reader has it."""
    head = envelope.encode_head(make_sealer(keys, IDENTITY, PROFILE_SHA256)(PAYLOAD))
    found: dict[str, Any] = json.loads(head[BODY])
    return found


def theirs(key: SigningKey) -> SSlibKey:
    """The same key as securesystemslib has it, under the id that our envelope gives it."""
    public = load_pem_public_key(key.public.pem)
    found: SSlibKey = SSlibKey.from_crypto(public, keyid=key.public.fingerprint)
    return found


def test_securesystemslib_verifies_an_envelope_with_each_of_its_keys(keys: list[SigningKey]) -> None:
    read = Envelope.from_dict(document(keys))
    assert read.pae() == envelope.pae(read.payload)
    accepted = read.verify([theirs(key) for key in keys], threshold=2)
    assert sorted(accepted) == sorted(key.public.fingerprint for key in keys)


def test_securesystemslib_refuses_what_was_changed_or_signed_by_others(keys: list[SigningKey]) -> None:
    changed = Envelope.from_dict(document(keys))
    changed.payload = changed.payload.replace(b'"serial":7', b'"serial":8')
    for read, trusted in (
        (changed, keys),
        (Envelope.from_dict(document(keys)), [generate_key(), generate_key()]),
    ):
        with pytest.raises(VerificationError):
            read.verify([theirs(key) for key in trusted], threshold=1)


def test_in_toto_reads_the_statement_as_its_first_version_says(keys: list[SigningKey]) -> None:
    payload = Envelope.from_dict(document(keys)).payload
    read = json_format.Parse(payload, statement_pb2.Statement())
    statement = Statement.copy_from_pb(read)
    statement.validate()
    assert statement.pb.subject[0].digest["sha256"] == "a" * 64
    assert statement.pb.predicate["serial"] == IDENTITY.serial
    assert statement.pb.predicate_type == envelope.PREDICATE_TYPE
    assert document(keys)["payloadType"] == "application/vnd.in-toto+json"
