"""A reporter that remembers what it heard."""

from __future__ import annotations


class Recorder:
    """Keeps every line, with the kind of call in front."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def stage(self, name: str, detail: str = "") -> None:
        self.lines.append(f"stage {name} {detail}".rstrip())

    def note(self, text: str) -> None:
        self.lines.append(f"note {text}")

    def warn(self, text: str, kind: str = "") -> None:
        del kind
        self.lines.append(f"warn {text}")

    def debug(self, text: str) -> None:
        self.lines.append(f"debug {text}")

    def advance(self, done: int, total: int, label: str = "") -> None:
        self.lines.append(f"advance {done}/{total} {label}".rstrip())

    def count(self, done: int, total: int, what: str) -> None:
        self.lines.append(f"count {done}/{total} {what}")
