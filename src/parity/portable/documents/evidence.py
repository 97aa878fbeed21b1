"""What was seen: a machine's facts, and the rehearsal's proof. Types alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # novm - TypedDict is of Python 3.8
    from typing import Dict, List, Optional, TypedDict

    from .bundles import ImportRow, LibcDocument, ReleaseNames

    class OsFacts(ReleaseNames):
        """PRETTY_NAME, too."""

        name: str

    class LibcFacts(LibcDocument):
        """`text`: what it says of its version itself."""

        text: str

    class MeasuredMachine(TypedDict):
        """A machine as its own Python sees it; see `machine.facts.measure`."""

        format: str
        os: OsFacts
        libc: Optional[LibcFacts]
        python: str
        executable: str
        implementation: str
        arch: str
        bits: int
        markers: Dict[str, str]
        tags: List[str]

    class FactsDocument(MeasuredMachine):
        """And what that Python's pip and venv are, which takes longer to tell."""

        pip: Optional[str]
        pip_tags: Optional[List[str]]
        has_venv: bool

    class _ImageNames(TypedDict):
        name: str

    class ImageDocument(_ImageNames, total=False):
        """Where the rehearsal was."""

        layers: List[str]
        reference: Optional[str]
        platform: str
        id: str
        digests: List[str]
        stand_in_for: Optional[str]

    class MachineDocument(TypedDict):
        """The image's OS."""

        os: str

    class TriedRow(ImportRow):
        """An import that was tried; `error` is empty where it worked."""

        error: str

    class _Provided(TypedDict, total=False):
        packages: List[str]

    class MissingLibraryRow(_Provided):
        """A library that a package's file needs and that is not there; `packages` may bring it."""

        package: str
        file: str
        library: str

    class MissingVersionRow(_Provided):
        """A symbol version that a package's file needs and that a library does not have."""

        package: str
        file: str
        library: str
        version: str

    class TagLieRow(_Provided):
        """A file that needs more than its wheel's tag promises."""

        package: str
        file: str
        needs: str
        tag: str

    class GlibcNeeded(TypedDict):
        """The newest glibc whose symbols are needed."""

        version: str

    class ProofDocument(TypedDict):
        """proof.json, as far as a reader may rely on it."""

        image: ImageDocument
        machine: MachineDocument
        imports: List[TriedRow]
        missing_libraries: List[MissingLibraryRow]
        missing_versions: List[MissingVersionRow]
        tag_lies: List[TagLieRow]
        glibc_needed: Optional[GlibcNeeded]
