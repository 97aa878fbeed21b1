"""A bundle in a registry and back: the same bytes, only what is new on the way, and nothing believed."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.bundles import IDENTITY, WHEELS, MadeBundle, make_bundle
from tests.support.fake_registry import FakeRegistry, Lie, Said, fake_registry
from tests.support.recorder import Recorder

from parity.docker_engine import registry_wire, repository
from parity.errors import AddressUnusable, RegistryDenied, RegistryFailed
from parity.portable.errors import BundleDamaged, SignatureInvalid
from parity.registry import Pulled, Pushed, blobs, parse_reference, pull_bundle, push_bundle
from parity.registry.artifact import BUNDLE_TYPE, PROOF_TYPE
from parity.sign import generate_key

BIG = {**WHEELS, "gamma-1.0-py3-none-any.whl": bytes(range(256)) * 20_000}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    monkeypatch.setattr(repository.again, "__defaults__", ((0.0, 0.0),))
    with fake_registry() as found:
        yield found


@pytest.fixture
def made(tmp_path: Path) -> MadeBundle:
    return make_bundle(tmp_path / "made", wheels=BIG)


def push(served: FakeRegistry, made: MadeBundle, tag: str = "1.0") -> Pushed:
    reference = parse_reference(f"{served.host}/team/web:{tag}")
    return push_bundle(made.path, reference, None, made.check, Recorder())


def pull(served: FakeRegistry, made: MadeBundle, folder: Path, wanted: str = ":1.0") -> Pulled:
    reference = parse_reference(f"{served.host}/team/web{wanted}")
    return pull_bundle(reference, folder, None, made.check, Recorder())


def questions(served: FakeRegistry, method: str, part: str = "") -> list[str]:
    return [path for asked, path, _ in served.asked if asked == method and part in path]


def test_what_is_pulled_is_the_bundle_that_was_pushed(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    pushed = push(served, made)
    for wanted in (":1.0", f"@{pushed.digest}", f":1.0@{pushed.digest}"):
        pulled = pull(served, made, tmp_path, wanted)
        assert pulled.path == tmp_path / made.path.name
        assert pulled.path.read_bytes() == made.path.read_bytes()
        assert pulled.bundle.signers == (made.key.public.fingerprint,)
    # Every file by its own name: any tool of the field can fetch them.
    layers = json.loads(served.manifests["1.0"][1])["layers"]
    titles = {each["annotations"]["org.opencontainers.image.title"]: each["digest"] for each in layers}
    wheel = next(iter(WHEELS))
    assert titles[f"wheels/{wheel}"] == "sha256:" + hashlib.sha256(WHEELS[wheel]).hexdigest()


def test_an_update_moves_what_is_new_alone(served: FakeRegistry, tmp_path: Path) -> None:
    old = make_bundle(tmp_path / "old", wheels=BIG)
    push(served, old)
    assert push(served, old).sent == ()
    newer = {**BIG, "alpha-1.1-py3-none-any.whl": b"newer" * 99}
    del newer["alpha-1.0-py3-none-any.whl"]
    new = make_bundle(tmp_path / "new", wheels=newer, identity=replace(IDENTITY, version="1.1", serial=8))
    done = push(served, new, "1.1")
    assert [path for path in done.sent if path.startswith("wheels/")] == ["wheels/alpha-1.1-py3-none-any.whl"]
    assert set(done.sent) - {"wheels/alpha-1.1-py3-none-any.whl"} == {
        "parity-envelope.json", "manifest.json", "pylock.toml", "requirements.txt"
    }  # fmt: skip
    # Nothing else went over the wire.
    assert done.sent_bytes < 100_000
    assert pull(served, new, tmp_path, ":1.1").path.read_bytes() == new.path.read_bytes()
    assert pull(served, old, tmp_path).path.read_bytes() == old.path.read_bytes()


@pytest.mark.parametrize("minds", [True, False])
def test_the_proof_is_attached(served: FakeRegistry, made: MadeBundle, minds: bool) -> None:
    served.minds_subjects = minds
    done = push(served, made)
    push(served, made)  # the same referrer is listed once
    attached = json.loads(served.manifests[done.proof][1])
    assert (attached["artifactType"], attached["subject"]["digest"]) == (PROOF_TYPE, done.digest)
    assert served.blobs[attached["layers"][0]["digest"]] == made.files["proof.json"]
    tag = done.digest.replace(":", "-")
    assert (tag in served.manifests) is not minds
    if not minds:
        rows = json.loads(served.manifests[tag][1])["manifests"]
        assert [(row["digest"], row["artifactType"]) for row in rows] == [(done.proof, PROOF_TYPE)]


def test_a_cut_pull_goes_on_where_it_was_cut(served: FakeRegistry, made: MadeBundle, tmp_path: Path) -> None:
    push(served, made)
    given: list[int] = []

    def cut(method: str, path: str, said: Said) -> Said | None:
        if method != "GET" or "/blobs/" not in path:
            return None
        short = replace(said, cut=min(len(said.body), 700_000))
        given.append(short.cut or 0)
        return short if short.cut != len(said.body) else None

    served.lie = cut
    assert pull(served, made, tmp_path).path.read_bytes() == made.path.read_bytes()
    assert len(given) > 16  # five million bytes, in pieces
    assert sum(given) <= made.path.stat().st_size  # none of them twice


def test_a_cut_push_goes_on_where_it_was_cut(served: FakeRegistry, made: MadeBundle, tmp_path: Path) -> None:
    served.takes = lambda number: 3_000_000 if number == 14 else None
    push(served, made)
    resumed = [
        headers for method, _, headers in served.asked if method == "PATCH" and "Content-Range" in headers
    ]
    assert [each["Content-Range"] for each in resumed] == ["3000000-5119999"]
    assert pull(served, made, tmp_path).path.read_bytes() == made.path.read_bytes()


def test_a_registry_that_forgets_an_upload_gets_it_anew(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    served.takes = lambda number: 100 if number == 14 else None
    served.lie = lambda method, path, said: Said(404) if method == "GET" and "/uploads/" in path else None
    push(served, made)
    served.lie = lambda _method, _path, _said: None
    assert pull(served, made, tmp_path).path.read_bytes() == made.path.read_bytes()


def test_a_registry_that_is_busy_for_a_while_is_asked_again(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    seen: dict[tuple[str, str], int] = {}

    def busy(method: str, path: str, said: Said) -> Said | None:
        seen[method, path] = seen.get((method, path), 0) + 1
        return Said(503) if seen[method, path] == 1 and method in ("GET", "HEAD") else None

    served.lie = busy
    push(served, made)
    assert pull(served, made, tmp_path).path.read_bytes() == made.path.read_bytes()


# --- a registry that lies -------------------------------------------------------------------------


def of_wheel(change: Callable[[bytes], bytes]) -> Lie:
    wheel = "sha256:" + hashlib.sha256(BIG["gamma-1.0-py3-none-any.whl"]).hexdigest()

    def lie(method: str, path: str, said: Said) -> Said | None:
        right = method == "GET" and path.endswith(wheel) and said.status in (200, 206)
        return replace(said, body=change(said.body)) if right else None

    return lie


def of_manifest(change: Callable[[bytes], bytes]) -> Lie:
    def lie(method: str, path: str, said: Said) -> Said | None:
        return replace(said, body=change(said.body)) if method == "GET" and "/manifests/" in path else None

    return lie


def leading(there: str) -> Lie:
    return lambda method, path, _said: (
        Said(307, {"Location": there}) if method == "GET" and "/blobs/" in path else None
    )


LIES: dict[str, tuple[Lie, str]] = {
    "other bytes": (of_wheel(lambda data: b"x" + data[1:]), "other bytes"),
    "longer": (of_wheel(lambda data: data + b"x"), "more than"),
    "shorter": (of_wheel(lambda data: data[:-1]), "does not answer: it breaks off"),
    "nothing": (of_wheel(lambda _: b""), "does not answer: it breaks off"),
    "no manifest": (of_manifest(lambda _: b"[]"), "no manifest"),
    "a deep one": (of_manifest(lambda _: b"[" * 100_000), "no manifest"),
    "an endless one": (of_manifest(lambda _: b" " * (5 << 20)), "more than 4 MiB"),
    "an image": (of_manifest(lambda data: data.replace(BUNDLE_TYPE.encode(), b"a/b")), "no bundle of"),
    "odd layers": (of_manifest(lambda data: data.replace(b'"size":1300', b'"size":-1')), "blob that is none"),
    "a missing file": (of_manifest(lambda data: data.replace(b'"size":1300', b'"size":13')), "lacks a file"),
    "to the inside": (leading("https://127.0.0.1.evil.example@127.0.0.1:1/x"), "leads elsewhere"),
    "in plain words": (leading("http://evil.example/x"), "leads elsewhere"),
    "to a file": (leading("file:///etc/passwd"), "leads elsewhere"),
    "nowhere": (leading("http://[x/"), "cannot be asked"),
    "in a circle": (leading("/v2/team/web/blobs/x"), "without an end"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_what_a_lying_registry_gives_is_refused(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path, lie: str
) -> None:
    push(served, made)
    target = tmp_path / "there.parity.tar"
    target.write_bytes(b"older")
    served.lie, words = LIES[lie]
    with pytest.raises(RegistryFailed, match=words) as caught:
        pull(served, made, target)
    assert caught.value.where == f"{served.host}/team/web:1.0"
    assert caught.value.remedy
    # What was there before stays, and nothing beside it.
    assert target.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"made", "there.parity.tar"}


@pytest.mark.parametrize("what", ["/manifests/", "/blobs/"])
def test_a_registry_that_drips_is_left(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    push(served, made)
    monkeypatch.setattr(registry_wire, "LONGEST", 1.0)
    monkeypatch.setattr(blobs, "_SPARE", 1.0)
    monkeypatch.setattr(blobs, "_SLOWEST", 1 << 30)
    served.lie = lambda method, path, said: (
        replace(said, drip=0.2) if method == "GET" and what in path else None
    )
    began = time.monotonic()
    with pytest.raises(RegistryFailed, match="too slowly"):
        pull(served, made, tmp_path / "there.parity.tar")
    assert time.monotonic() - began < 40


def test_a_head_that_drips_is_left(served: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_wire, "LONGEST", 0.5)
    served.lie = lambda _method, _path, said: replace(said, late=0.2)
    began = time.monotonic()
    with (
        registry_wire.RegistrySession(verify=True) as session,
        pytest.raises((registry_wire.Cut, RegistryFailed)),
    ):
        session.ask("GET", f"http://{served.host}/v2/", timeout=(1.0, 1.0))
    assert time.monotonic() - began < 15


def test_a_moved_tag_is_refused_where_the_digest_is_said(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    done = push(served, made)
    other = make_bundle(tmp_path / "other", identity=replace(IDENTITY, version="6.6"))
    push(served, other)
    served.manifests[done.digest] = served.manifests["1.0"]
    with pytest.raises(RegistryFailed, match="it gave sha256"):
        pull(served, made, tmp_path, f":1.0@{done.digest}")


def test_who_signed_is_asked_before_any_file_is_fetched(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    stranger = make_bundle(tmp_path / "stranger", wheels=BIG, key=generate_key())
    push(served, stranger)
    served.asked.clear()
    with pytest.raises(SignatureInvalid):
        pull(served, made, tmp_path)
    assert len(questions(served, "GET", "/blobs/")) == 1  # the envelope
    assert len(list(tmp_path.iterdir())) == 2


def test_an_envelope_with_another_bundles_manifest_is_refused(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    push(served, made)
    whole = json.loads(served.manifests["1.0"][1])
    other = make_bundle(tmp_path / "other", identity=replace(IDENTITY, version="6.6"))
    push(served, other, "6.6")
    whole["layers"][1] = json.loads(served.manifests["6.6"][1])["layers"][1]
    served.manifests["1.0"] = served.manifests["1.0"][0], json.dumps(whole).encode()
    with pytest.raises(RegistryFailed, match="another manifest than the one that was signed"):
        pull(served, made, tmp_path)


def at(method: str, said: Said) -> Lie:
    return lambda asked, _path, _said: said if asked == method else None


PUSH_LIES: dict[str, tuple[Lie, str]] = {
    "another size": (at("HEAD", Said(200, {"Content-Length": "7"})), "has '7' bytes"),
    "another digest": (at("PUT", Said(201, {"Docker-Content-Digest": "sha256:x"})), "for 'sha256:x'"),
    "elsewhere": (at("POST", Said(202, {"Location": "http://evil.example/x"})), "leads elsewhere"),
    "nowhere": (at("POST", Said(202)), "leads elsewhere"),
    "kept another": (of_manifest(lambda _: b"{}"), "it gave sha256"),
    "escapes": (at("PATCH", Said(400, {}, b'{"errors":[{"code":"\\u001b[31m"}]}')), "it answers 400"),
    "always busy": (at("HEAD", Said(503)), "does not answer: it answers 503"),
}


@pytest.mark.parametrize("lie", PUSH_LIES)
def test_a_push_to_a_lying_registry_ends_with_one_line(
    served: FakeRegistry, made: MadeBundle, lie: str
) -> None:
    served.lie, words = PUSH_LIES[lie]
    with pytest.raises(RegistryFailed, match=words) as caught:
        push(served, made)
    assert "\x1b" not in caught.value.message


def test_a_damaged_bundle_is_not_pushed(served: FakeRegistry, made: MadeBundle) -> None:
    data = bytearray(made.path.read_bytes())
    data[-3000] ^= 1
    made.path.write_bytes(data)
    with pytest.raises(BundleDamaged):
        push(served, made)
    assert served.asked == []


def test_a_push_names_a_tag_and_no_digest(served: FakeRegistry, made: MadeBundle) -> None:
    with pytest.raises(AddressUnusable, match="under a tag"):
        push(served, made, f"1.0@sha256:{'a' * 64}")
    assert served.asked == []


def test_no_login_goes_where_a_registry_leads(served: FakeRegistry, made: MadeBundle, tmp_path: Path) -> None:
    push(served, made)
    with fake_registry() as storage:
        storage.blobs = served.blobs
        first = True

        def lie(method: str, path: str, said: Said) -> Said | None:
            nonlocal first
            if first:
                first = False
                return Said(401, {"WWW-Authenticate": 'Basic realm="x"'})
            if "/blobs/" in path:
                return Said(307, {"Location": f"http://{storage.host}{path}"})
            return None

        served.lie = lie
        served.asked.clear()
        reference = parse_reference(f"{served.host}/team/web:1.0")
        login = {"Username": "me", "Password": "secret"}
        done = pull_bundle(reference, tmp_path, login, made.check, Recorder())
        assert done.path.read_bytes() == made.path.read_bytes()
        assert {"Authorization" in headers for _, path, headers in served.asked if "/blobs/" in path} == {
            True
        }
        assert not any("Authorization" in headers for _, _, headers in storage.asked)
        assert len(storage.asked) > 5


def test_no_login_is_for_the_realm_of_where_a_registry_leads(
    served: FakeRegistry, made: MadeBundle, tmp_path: Path
) -> None:
    push(served, made)
    with fake_registry() as storage:
        realm = f"http://{storage.host}/token"
        storage.lie = lambda _m, _p, _s: Said(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'})

        def lie(_method: str, path: str, _said: Said) -> Said | None:
            there = {"Location": f"http://{storage.host}{path}"}
            return Said(307, there) if "/blobs/" in path else None

        served.lie = lie
        login = {"Username": "me", "Password": "secret"}
        with pytest.raises(RegistryDenied):
            pull_bundle(
                parse_reference(f"{served.host}/team/web:1.0"), tmp_path, login, made.check, Recorder()
            )
        assert storage.asked
        assert not any("Authorization" in headers for _, _, headers in storage.asked)
        assert not any(path.startswith("/token") for _, path, _ in storage.asked)


def test_a_login_may_have_any_letters(served: FakeRegistry, made: MadeBundle, tmp_path: Path) -> None:
    push(served, made)
    right = "Basic " + base64.b64encode("jürgen:пароль".encode()).decode()

    def lie(_method: str, _path: str, _said: Said) -> Said | None:
        told = served.asked[-1][2].get("Authorization")
        return None if told == right else Said(401, {"WWW-Authenticate": 'Basic realm="x"'})

    served.lie = lie
    login = {"Username": "jürgen", "Password": "пароль"}
    reference = parse_reference(f"{served.host}/team/web:1.0")
    done = pull_bundle(reference, tmp_path, login, made.check, Recorder())
    assert done.path.read_bytes() == made.path.read_bytes()


def test_a_refused_login_says_how_to_log_in(served: FakeRegistry, made: MadeBundle) -> None:
    served.lie = lambda _m, _p, _s: Said(401, {"WWW-Authenticate": 'Basic realm="x"'})
    with pytest.raises(RegistryDenied) as caught:
        push(served, made)
    assert f"docker login {served.host}" in caught.value.remedy


# --- references -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "web:1.0", "team/web:1.0", "registry.example/web", "registry.example/Web:1.0",
        "registry.example/web:-1",
        "registry.example/../web:1", "registry.example/web:1/../2", "https://registry.example/web:1.0",
        "me:secret@registry.example/web:1", "registry.example/web@sha256:abc", "registry.example/web:1\n",
        "registry.example/" + "a-" * 5000 + ":1", "", "oci://", "registry.example:99/web?x=y:1",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(AddressUnusable) as caught:
        parse_reference(text)
    assert "HOST[:PORT]/NAME:TAG" in caught.value.remedy


def test_a_reference_is_read_in_all_its_forms() -> None:
    digest = "sha256:" + "a" * 64
    for text in (
        "registry.example:5000/team/web__x/y-z:1.0_b", f"localhost/web@{digest}", f"[::1]:5000/web:1@{digest}"
    ):  # fmt: skip
        found = parse_reference(f"oci://{text}")
        assert str(found) == text
        assert parse_reference(text) == found
