"""The manifest of what was made from a bundle. Types alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # novm - TypedDict is of Python 3.8
    from typing import List, Optional, TypedDict

    from .bundles import NamedRow, TargetDocument

    class ExportedImageDocument(TypedDict):
        """The image: digests are hexadecimal SHA-256, `base` the digests of the base's unpacked layers.

        `on_site`: the reference by digest of the base where its layers are not in the file.
        """

        name: str
        user: str
        config: str
        manifest: str
        base: List[str]
        on_site: Optional[str]

    class ExportDocument(TypedDict):
        """manifest.json; `bundle` is the payload digest of what it was made from."""

        format: str
        bundle: str
        target: TargetDocument
        prefix: str
        packages: List[NamedRow]
        image: Optional[ExportedImageDocument]
