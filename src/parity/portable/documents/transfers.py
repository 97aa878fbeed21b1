"""What crosses the gap in parts: deltas and volumes. Types alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # novm - TypedDict is of Python 3.8
    from typing import List, Optional, TypedDict

    class IdentityDocument(TypedDict):
        """Which bundle, in a delta's index."""

        payload: str
        size: int
        product: str
        version: str
        serial: int
        profile: str

    class PackedDocument(TypedDict):
        """A packed part of a delta."""

        size: int
        sha256: str

    class PartRow(TypedDict):
        """A file that a delta carries."""

        path: str
        size: int
        sha256: Optional[str]

    class DeltaDocument(TypedDict):
        """A delta's index."""

        format: str
        base: Optional[IdentityDocument]
        result: IdentityDocument
        head: PackedDocument
        manifest: PackedDocument
        files: List[PartRow]

    class WholeDocument(TypedDict):
        """The bundle that a volume is of."""

        name: str
        size: int
        sha256: str

    class VolumeDocument(TypedDict):
        """A volume's header."""

        bundle: WholeDocument
        number: int
        count: int
        offset: int
        size: int
        sha256: str

    class DiscBundleDocument(TypedDict):
        """The bundle whose files a disc holds."""

        name: str
        payload: str
        head: str

    class DiscDocument(TypedDict):
        """A disc's own file; `discs` are the paths on each."""

        format: str
        bundle: DiscBundleDocument
        number: int
        count: int
        discs: List[List[str]]
