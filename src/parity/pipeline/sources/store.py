"""The store as the pipeline uses it for sources: files brought there, and what they say of themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import uuid4

from parity.audit import audit_wheels
from parity.engine.workshop import AUDITS, STORE
from parity.errors import HashMismatch
from parity.fetch import fetch_files, fetch_wheels, said_of_files
from parity.model import Download, Lock, SourcePackage
from parity.model.network import clean_url
from parity.pipeline.context.run import BuildRun
from parity.portable.sha256 import is_sha256
from parity.project import BuiltFile, incoming_tar
from parity.resolve import first_digest
from parity.wire.store import FileTold

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!%-]*")


@dataclass(frozen=True)
class SourceStore:
    """The store, reached through a run's workshop."""

    run: BuildRun

    def folder(self, lock: Lock) -> str:
        """The lock's wheels in the store, judged like all others; the folder that holds them."""
        run = self.run
        wheels = fetch_wheels(run.guest, lock.wheels)
        allow = run.profile.rehearsal.allow
        audit_wheels(run.guest, wheels, allow, cache=AUDITS, timeout=run.world.limits.audit)
        return wheels.folder

    def archive(self, source: SourcePackage) -> tuple[str, str]:
        """An archive fetched into the store: its path there, and its SHA-256.

        Where nobody has said the digest it is the one of the bytes that come.
        """
        filename = clean_url(source.address).rpartition("/")[2]
        filename = filename if _PLAIN.fullmatch(filename) else "archive"
        sha256 = source.sha256 or first_digest(self.run.guest, source.address)
        file = Download(filename, source.address, sha256, index=source.index or "direct")
        return f"{fetch_files(self.run.guest, [file], what='wheels').folder}/{filename}", sha256

    def keep(self, file: BuiltFile) -> FileTold:
        """Bring a file into the store; what it says of itself."""
        incoming = f"built-{uuid4().hex}"  # another build may bring the same bytes at the same time
        self.run.container.put(f"{STORE}/partial", incoming_tar(file, incoming))
        said = self.said(file.filename, file.sha256, incoming)
        if not said["held"]:
            raise HashMismatch("the store did not keep the bytes that it was given", where=file.filename)
        return said

    def said(self, filename: str, sha256: str, incoming: str | None = None) -> FileTold:
        """What a file of the store says of itself; where it arrives as `incoming`, it is taken in first.

        See `parity.guest.tasks.keep`.
        """
        return said_of_files(
            self.run.guest, [{"filename": filename, "sha256": sha256, "incoming": incoming}]
        )[0]


def content(sha256: str) -> str:
    """Where content lies in the store; see `parity.guest.store.store`. ValueError for what is no SHA-256."""
    if not is_sha256(sha256):
        raise ValueError("the store holds nothing by a name that is no SHA-256")
    return f"{STORE}/sha256/{sha256[:2]}/{sha256}"
