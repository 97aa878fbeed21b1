"""A Docker engine of our own, beside the machine's: another data folder, reached over TCP only.

It runs in a process namespace of its own, so killing its first process ends it, its containers and
its mounts at once, as when a remote host loses power.
"""

from __future__ import annotations

import atexit
import datetime as dt
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import docker
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.bridges import Bridge, free_bridge
from tests.support.namespaced import PATH, end_namespace, remove_groups

from parity.docker_engine import DockerEngine, connect
from parity.errors import EngineUnavailable

_START_SECONDS = 60
_CHUNK = 1 << 20


class SecondEngine:
    """A running dockerd; `environment` is what makes the Docker tools (and parity) talk to it."""

    def __init__(self, folder: Path, bridge: Bridge, certificates: Path | None, mirror: str = "") -> None:
        self.address = f"tcp://127.0.0.1:{_free_port()}"
        self.environment = {"DOCKER_HOST": self.address}
        if certificates is not None:
            self.environment |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}
        self._folder = folder
        self._group = f"parity-{bridge.name}"
        self._certificates = certificates
        self._mirror = mirror
        self._bridge = bridge
        self.gateway = bridge.gateway
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self._folder / "data").mkdir()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, env={"PATH": PATH})
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"dockerd: {(self._folder / 'log').read_text()[-3000:]}")
            time.sleep(0.1)

    def connect(self) -> DockerEngine:
        """A connection of its own."""
        return connect(environment=self.environment)

    def kill(self) -> None:
        """End it at once, with all of its containers, as a power cut would."""
        if self._process is not None:
            end_namespace(self._process)
            self._process = None

    def close(self) -> None:
        """Kill it and remove every trace."""
        self.kill()
        remove_groups(self._group)
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except EngineUnavailable:
            return False
        return True

    def _command(self) -> list[str]:
        tls: list[str] = []
        if self._certificates is not None:
            files = (("tlscacert", "ca.pem"), ("tlscert", "server.pem"), ("tlskey", "server-key.pem"))
            tls = ["--tlsverify", *(f"--{option}={self._certificates / name}" for option, name in files)]
        # Its data lies in memory, mounted in its own namespace: a slow disk says nothing about parity.
        mount = 'mount -t tmpfs -o size=6g tmpfs "$0" && exec dockerd --data-root "$0" "$@"'
        return [
            *("unshare", "--pid", "--mount-proc", "--fork", "--kill-child"),
            *("sh", "-c", mount, f"{self._folder}/data"),
            *(f"--host={self.address}", f"--bridge={self._bridge.name}", "--iptables=false"),
            f"--cgroup-parent=/{self._group}",
            *(f"--exec-root={self._folder}/exec", f"--pidfile={self._folder}/pid", "--ip-masq=false", *tls),
            *([f"--registry-mirror={self._mirror}"] if self._mirror else []),
        ]


@contextmanager
def second_engine(*, tls: bool = False, mirror: str = "") -> Iterator[SecondEngine]:
    """A second engine for as long as the context lasts.

    Args:
        tls: whether it asks for TLS and client certificates.
        mirror: where it asks for images of its default registry first.
    """
    folder = Path(tempfile.mkdtemp(prefix="parity-engine-"))
    certificates = make_certificates(folder / "certificates") if tls else None
    with free_bridge() as bridge:
        made = SecondEngine(folder, bridge, certificates, mirror)
        try:
            made.start()
            yield made
        finally:
            made.close()


def copy_image(source: DockerEngine, target: DockerEngine, image: str, tag: str) -> str:
    """Carry an image from one engine to the other, as `docker save | docker load` does; gives its id."""
    with _saved(source.info().address, image).open("rb") as archive:
        return target.load(iter(lambda: archive.read(_CHUNK), b""), tag).id


@cache
def _saved(address: str, image: str) -> Path:
    """An image's archive, in memory where there is room: the engine writes it to a slow disk first."""
    quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="parity-image-", dir=quick)
    atexit.register(shutil.rmtree, folder)
    client = docker.APIClient(address)
    try:
        with (Path(folder) / "image.tar").open("wb") as file:
            for chunk in client.get_image(image):
                file.write(chunk)
    finally:
        client.close()
    return Path(folder) / "image.tar"


def make_certificates(folder: Path) -> Path:
    """An authority, a server for 127.0.0.1 and a client, under the names that Docker's tools expect."""
    folder.mkdir()
    authority_key, authority = _certificate("parity test authority", None, [])
    _write(folder / "ca.pem", authority)
    for name, stem in (("server", "server"), ("client", "")):
        key, certificate = _certificate(name, (authority_key, authority), ["127.0.0.1"])
        _write(folder / (f"{stem}.pem" if stem else "cert.pem"), certificate)
        _write(folder / (f"{stem}-key.pem" if stem else "key.pem"), key)
    return folder


def _certificate(
    name: str, issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None, addresses: Sequence[str]
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, parent = issuer or (key, None)
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=parent is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if addresses:
        known = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def _write(path: Path, thing: ec.EllipticCurvePrivateKey | x509.Certificate) -> None:
    pem = serialization.Encoding.PEM
    if isinstance(thing, x509.Certificate):
        path.write_bytes(thing.public_bytes(pem))
    else:
        plain = serialization.NoEncryption()
        path.write_bytes(thing.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
