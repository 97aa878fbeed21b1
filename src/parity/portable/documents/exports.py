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

    class CarriedPythonDocument(TypedDict):
        """The interpreter in an environment: its archive by name and hexadecimal SHA-256.

        `tried`: how the environment was tried, `without the target's Python`.
        """

        version: str
        file: str
        sha256: str
        tried: str

    class _OwnPython(TypedDict, total=False):
        python: CarriedPythonDocument

    class ExportDocument(_OwnPython):
        """manifest.json; `bundle` is the payload digest of what it was made from.

        `python` is there where an environment carries an interpreter, and only there.
        """

        format: str
        bundle: str
        target: TargetDocument
        prefix: str
        packages: List[NamedRow]
        image: Optional[ExportedImageDocument]
