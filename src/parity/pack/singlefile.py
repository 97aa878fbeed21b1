"""The far side as one file that can be carried ahead of all bundles, together with the public key.

The modules' sources stand in it as text, so that a reviewer reads them in an editor, and so that an old
Python, which could not even parse them, still gets as far as the line that tells it so.
"""

from __future__ import annotations

from pathlib import Path

from parity import __version__, farside
from parity.pack.draft import travelling_modules

NAME = "parity-farside.py"
_QUOTES = "'''"
_RULE = "# " + "-" * 98
_LEFT_OUT = "__main__"


def single_file() -> str:
    """The file's text: the same for the same version of parity, whoever makes it, wherever."""
    folder = Path(farside.__file__).parent
    template = (folder / "stubs" / "single.py").read_text(encoding="utf-8")
    sections = "\n".join(
        _section(name, path.read_text(encoding="utf-8"))
        for name, path in travelling_modules()
        if path.stem != _LEFT_OUT
    )
    return template.replace("@VERSION@", __version__).replace("# @SOURCES@\n", sections)


def loaders() -> dict[str, bytes]:
    """What travels beside an image, by name: `install.sh --load ENGINE` and the single file that it runs."""
    stub = Path(farside.__file__).parent / "stubs" / "install.sh"
    return {"install.sh": stub.read_bytes(), "install.py": single_file().encode()}


def _section(name: str, source: str) -> str:
    """One module, `name` its path: its source is a raw string that begins with a newline of our own.

    Raises:
        ValueError: the source cannot stand in one; a test sees to it that this is never released.
    """
    if _QUOTES in source or "\r" in source or (source and not source.endswith("\n")):
        raise ValueError(f"{name} cannot stand between triple quotes")
    module = ".".join(["parity", *name[: -len(".py")].split("/")]).replace(".__init__", "")
    title = f"{_RULE}\n# parity/{name}\n{_RULE}"
    return f'{title}\nSOURCES["{module}"] = r{_QUOTES}\n{source}{_QUOTES}\n'
