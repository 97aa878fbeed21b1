"""What an installation leaves, the receipt and the record of acts; a carried project. Types alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # novm - TypedDict is of Python 3.8
    from typing import Dict, List, Mapping, Optional, TypedDict

    from .bundles import ImportRow, NamedRow
    from .evidence import LibcFacts, OsFacts

    class SignedWords(TypedDict, total=False):
        """What the signer says of a bundle; an older parity's receipt may tell less."""

        product: Optional[str]
        version: Optional[str]
        serial: Optional[int]
        profile: str
        profile_sha256: str

    class BundleWords(TypedDict):
        """What a receipt or an act tells of a bundle; None what it does not."""

        product: Optional[str]
        version: Optional[str]
        serial: Optional[int]
        payload_sha256: Optional[str]

    class InstalledFileRow(TypedDict):
        """A file that was laid out: path below the environment, bytes, hexadecimal SHA-256."""

        path: str
        size: int
        sha256: str
        executable: bool

    class _Sized(NamedRow):
        size: Optional[int]

    class InstalledPackageRow(_Sized, total=False):
        """A package that was installed."""

        wheel: str
        sha256: str

    class SystemRecord(TypedDict):
        """What became of the carried system packages."""

        manager: str
        installed: List[NamedRow]
        present: List[NamedRow]
        missing: List[NamedRow]

    class SignatureRecord(TypedDict, total=False):
        """The fingerprints of the trusted keys that signed; none where no signature was checked."""

        checked: bool
        signers: List[str]

    class InstallerRecord(TypedDict, total=False):
        """What installed, and what said that all fits together, or ""."""

        tool: str
        version: str
        checked_with: str

    class ImportsRecord(TypedDict, total=False):
        """How many imports were tried again."""

        tried: Optional[int]

    ChangedRow = TypedDict("ChangedRow", {"name": str, "from": str, "to": str})

    class ChangesDocument(TypedDict):
        """What an installation changes; `from` and `to` are equal where only the bytes differ."""

        added: List[NamedRow]
        removed: List[NamedRow]
        changed: List[ChangedRow]

    class HostRecord(TypedDict):
        """The facts without the long lists, and the host's name."""

        name: str
        os: OsFacts
        libc: Optional[LibcFacts]
        python: str
        executable: str
        implementation: str
        arch: str

    class _ReceiptNeeded(TypedDict):
        installer: InstallerRecord
        packages: List[InstalledPackageRow]
        imports: ImportsRecord

    class ReceiptDocument(_ReceiptNeeded, total=False):
        """A release's receipt. An older parity's may say less; nothing checks what is `object` here."""

        format: object
        release: str
        payload_sha256: Optional[str]
        manifest_sha256: object
        bundle: Optional[SignedWords]
        signature: SignatureRecord
        installed_at: str
        place: object
        uid: object
        target: object
        host: object
        system: object
        gems: object
        files: object
        modules: List[ImportRow]
        overrides: List[str]
        warnings: List[str]
        changes: object
        previous: object

    class _ActNeeded(TypedDict):
        act: str

    class ActDocument(_ActNeeded, total=False):
        """A line of the record. What is `object` here is looked at before it is used."""

        at: Optional[str]
        uid: object
        release: Optional[str]
        previous: Optional[str]
        product: object
        version: object
        serial: object
        payload_sha256: object
        signers: object
        overrides: object

    class InstallDocument(TypedDict, total=False):
        """What `install` tells; see there."""

        ok: bool
        dry_run: bool
        prefix: str
        into: str
        release: str
        path: str
        current: str
        bundle: Optional[SignedWords]
        signers: List[str]
        packages: int
        files: List[str]
        system: Optional[SystemRecord]
        changes: ChangesDocument
        installer: InstallerRecord
        already_installed: bool
        switched: bool
        previous: Optional[str]
        imports: ImportsRecord
        pruned: List[str]
        overrides: List[str]
        warnings: List[str]
        host: HostRecord
        seconds: float

    class ReleaseRow(BundleWords):
        """A release under a prefix."""

        release: str
        path: str
        installed_at: Optional[str]
        signers: List[str]
        packages: int
        overrides: List[str]
        current: bool

    class HighestSerial(TypedDict):
        """Of a product, ever installed."""

        serial: int
        payload_sha256: str

    class PrefixDocument(TypedDict):
        """What `installed` tells of a prefix; see there."""

        ok: bool
        prefix: str
        current: Optional[str]
        releases: List[ReleaseRow]
        highest: Dict[str, HighestSerial]
        acts: List[ActDocument]

    class RollbackDocument(BundleWords):
        """What `rollback` tells; see there."""

        ok: bool
        prefix: str
        release: str
        path: str
        previous: Optional[str]
        switched: bool
        imports: ImportsRecord

    class UninstallDocument(TypedDict):
        """What `uninstall` tells; see there."""

        ok: bool
        prefix: str
        removed: List[str]
        files: int
        left: List[str]

    class AbsentRow(NamedRow):
        """A package that other platforms would need: uv.lock's words about it."""

        requires: List[str]
        extras: List[str]
        requires_python: str

    class BuildToolRow(NamedRow):
        """A wheel that builds the project."""

        wheel: str
        sha256: str

    class ProjectDocument(TypedDict):
        """project/project.json."""

        format: str
        name: str
        root: str
        extras: List[str]
        groups: List[str]
        left_out_groups: List[str]
        no_sources: List[str]
        indexes: List[str]
        sync: List[str]
        locked: Mapping[str, List[str]]
        absent: List[AbsentRow]
        build: List[BuildToolRow]

    class CheckoutDocument(TypedDict, total=False):
        """What `set_up` and `undo` tell of a checkout; see there."""

        ok: bool
        checkout: str
        store: str
        uv: str
        sync: List[str]
        lock: str
        original: str
        packages: int
        warnings: List[str]
