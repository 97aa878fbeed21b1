"""The locks beside the wheels' lock, all of one form: of system packages, of gems, of an interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from parity.errors import LockInvalid
from parity.files import read_lock_file
from parity.model.toml import parse, place_of, reason
from parity.portable.texts import Toml, toml

T = TypeVar("T")


@dataclass(frozen=True)
class LockFormat(Generic[T]):
    """How one kind of lock is called, written and read: TOML 1.0, texts, whole numbers and flags alone.

    Attributes:
        name: what its key `format` says, `parity-gems/1`.
        things: what it locks, for errors: "gems".
        suffix: of its file, after the wheels' lock's name: `.gems.toml`.
        heading: its first line's comment, for people.
        from_document: the value that a document holds; ValueError says why it holds none.
    """

    name: str
    things: str
    suffix: str
    heading: str
    from_document: Callable[[Mapping[str, Any]], T]

    def path(self, lock_path: Path) -> Path:
        """Where it lies: `pylock.NAME.gems.toml` beside `pylock.NAME.toml`."""
        return lock_path.with_suffix(self.suffix)

    def text(self, said: Mapping[str, Toml], packages: Iterable[object] = ()) -> str:
        """The file's text; the same values always give the same.

        Args:
            said: its keys besides `format`.
            packages: a table for each, with the fields of the dataclass that it is.
        """
        lines = [f"# {self.heading}", f"format = {toml(self.name)}", *_keys(said)]
        for package in packages:
            lines += ["", "[[packages]]", *_keys(vars(package))]
        return "\n".join(lines) + "\n"

    def read(self, path: Path) -> T | None:
        """The lock in a file, None where there is none.

        Raises:
            LockInvalid: it is not one that was written by `text`.
        """
        data = read_lock_file(path)
        return None if data is None else self.parse(data, str(path))

    def parse(self, data: bytes, where: str) -> T:
        """The lock in a file's bytes; errors as `read`, with `where` as the file."""
        try:
            return self._value(parse(data.decode("utf-8")))
        except (RecursionError, ValueError) as error:
            place = place_of(where, data, error)
            raise LockInvalid(f"not a lock of {self.things}: {reason(error)}", where=place) from error

    def _value(self, document: Mapping[str, Any]) -> T:
        if document.get("format") != self.name:
            raise ValueError(f"the format is not {self.name}")
        return self.from_document(document)


def _keys(values: Mapping[str, Toml]) -> list[str]:
    return [f"{name} = {toml(value)}" for name, value in values.items()]
