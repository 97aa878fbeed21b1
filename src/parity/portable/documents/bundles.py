"""A bundle: its manifest and its signed envelope. Types alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # novm - TypedDict is of Python 3.8
    from typing import List, Literal, Optional, TypedDict

    LibcFamily = Literal["glibc", "musl"]

    class ReleaseNames(TypedDict):
        """ID and VERSION_ID of os-release(5)."""

        id: str
        version: str

    class LibcDocument(TypedDict):
        """`glibc` or `musl`, and [major, minor]; of musl the patch, too, where the profile says it."""

        family: LibcFamily
        version: List[int]

    class TargetDocument(TypedDict):
        """Whom a bundle is for; `python` is the full version."""

        os: ReleaseNames
        libc: LibcDocument
        python: str
        arch: str
        implementation: str

    class NamedRow(TypedDict):
        """A package as little as it can be told."""

        name: str
        version: str

    OriginKind = Literal["index", "url", "path", "git", "sdist"]

    class OriginRow(TypedDict):
        """Where a wheel, or the source that it was built from, came from."""

        kind: OriginKind
        index: str
        address: str

    class _FirstPackageRow(NamedRow):
        wheel: str
        sha256: str
        size: int
        requested: bool

    class PackageRow(_FirstPackageRow, total=False):
        """A wheel of a bundle; `wheel` is its path in the payload; no `origin` in the first format."""

        origin: OriginRow

    class AskedRow(TypedDict):
        """A text of the user's that says what to install."""

        path: str
        kind: Literal["lines", "requirements", "constraints", "project"]
        name: str
        changed: bool

    class SystemPackageRow(NamedRow):
        """A package of the distribution's; `path` is that in the payload."""

        arch: str
        path: str
        requested: bool

    class SystemDocument(TypedDict):
        """What the distribution's package manager is to install: `deb`, `rpm` or `apk`."""

        manager: str
        packages: List[SystemPackageRow]

    class GemRow(NamedRow):
        """A Ruby gem; `path` is that in the payload, `features` are what can be required of it."""

        platform: str
        path: str
        requested: bool
        features: List[str]

    class GemsDocument(TypedDict):
        """Gems in the order of installation, and the interface of the Ruby that they are for (`3.1.0`)."""

        ruby: str
        packages: List[GemRow]

    class OtherFileRow(TypedDict):
        """Whatever else the application needs: its path in payload and environment."""

        path: str
        executable: bool

    class ImportRow(TypedDict):
        """A module that could be imported, and the package that it is of."""

        package: str
        module: str

    class FileRow(TypedDict):
        """A file of the payload; bytes and hexadecimal SHA-256."""

        path: str
        size: int
        sha256: str

    StandInDocument = TypedDict("StandInDocument", {"image": str, "for": str})

    class _FirstManifest(TypedDict):
        format: str
        target: TargetDocument
        installer: str
        uv: Optional[str]
        stand_in: Optional[StandInDocument]
        packages: List[PackageRow]
        allow: List[str]
        system: Optional[SystemDocument]
        other_files: List[OtherFileRow]
        imports: List[ImportRow]
        files: List[FileRow]

    class ManifestDocument(_FirstManifest, total=False):
        """manifest.json; no `asked` in the first format, `gems` only where some are carried."""

        asked: List[AskedRow]
        gems: GemsDocument

    class SizeAndDigest(TypedDict):
        """The manifest, in the statement."""

        size: int
        sha256: str

    class PredicateDocument(TypedDict):
        """What parity adds to in-toto's statement."""

        payloadSize: int
        manifest: SizeAndDigest
        product: str
        version: str
        serial: int
        profile: str
        profileSha256: str

    class DigestDocument(TypedDict):
        """A hexadecimal SHA-256."""

        sha256: str

    class SubjectRow(TypedDict):
        """What the statement is about."""

        name: str
        digest: DigestDocument

    class StatementDocument(TypedDict):
        """The in-toto statement."""

        _type: str
        subject: List[SubjectRow]
        predicateType: str
        predicate: PredicateDocument

    class SignatureRow(TypedDict):
        """A signature of a DSSE envelope, in base64."""

        keyid: str
        sig: str

    class EnvelopeDocument(TypedDict):
        """The DSSE envelope."""

        payload: str
        payloadType: str
        signatures: List[SignatureRow]
