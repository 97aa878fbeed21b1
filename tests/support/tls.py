"""A private certificate authority, and servers that answer under its certificates."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Authority:
    """A CA in a folder; `pem` is what its users trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._run(
            "req", "-x509", *self._new_key("ca"), "-out", "ca.pem", "-days", "2", "-subj", "/CN=private CA"
        )
        self.pem = (folder / "ca.pem").read_text()

    def server(self, address: str, *, demands_client: bool = False) -> ssl.SSLContext:
        """A server's context for an IP address; it may demand a certificate of this CA from its clients."""
        self._issue("server", f"subjectAltName=IP:{address}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        if demands_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.folder / "ca.pem")
        return context

    def client(self) -> Path:
        """A PEM file with a client's key and certificate."""
        self._issue("client", "extendedKeyUsage=clientAuth")
        both = self.folder / "client-both.pem"
        both.write_text((self.folder / "client.pem").read_text() + (self.folder / "client.key").read_text())
        return both

    def _issue(self, name: str, extension: str) -> None:
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        self._run("req", *self._new_key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        self._run(
            "x509", "-req", "-in", f"{name}.csr", *signed, "-extfile", f"{name}.ext", "-out", f"{name}.pem"
        )

    def _new_key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)
