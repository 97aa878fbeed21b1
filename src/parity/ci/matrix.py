"""The targets of a call as the matrix of a pipeline's host: a job for each, on its architecture. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from parity.ci.pipelines import pipeline_text, plain_word

_RUNNER = "ubuntu-24.04"
_RUNNERS = {"aarch64": f"{_RUNNER}-arm"}
"""GitHub's hosted runners by architecture; others emulate it (qemu-user-static) or are the user's own."""


class MatrixRow(NamedTuple):
    """One target: the word that names it, and what its profile says."""

    target: str
    name: str
    os: str
    python: str
    arch: str

    @property
    def runner(self) -> str:
        """The label of a hosted runner of GitHub that builds it."""
        return _RUNNERS.get(self.arch, _RUNNER)


def matrix_text(rows: Sequence[MatrixRow], what: tuple[str, ...], form: str) -> str:
    """The matrix as one of MATRIX_FORMS.

    Args:
        rows: at least one.
        what: the words of `parity build` that say contents.
        form: one of MATRIX_FORMS.

    Raises:
        OptionConflict: a word that would need quotes in a pipeline.
    """
    for row in rows:
        plain_word(row.target)
        plain_word(row.name)
    return MATRIX_FORMS[form](rows, what)


def _document(rows: Sequence[MatrixRow], what: tuple[str, ...]) -> list[dict[str, str]]:
    """Each target, and all words of its build."""
    words = [plain_word(word) for word in what]
    return [{**row._asdict(), "runner": row.runner, "what": " ".join([row.target, *words])} for row in rows]


def _json(rows: Sequence[MatrixRow], what: tuple[str, ...]) -> str:
    return json.dumps({"targets": _document(rows, what)}, indent=2) + "\n"


def _github(rows: Sequence[MatrixRow], what: tuple[str, ...]) -> str:
    """One line for $GITHUB_OUTPUT, which `fromJSON` reads."""
    # Without spaces or line ends: $GITHUB_OUTPUT ends a value at the end of its line.
    return "matrix=" + json.dumps({"include": _document(rows, what)}, separators=(",", ":")) + "\n"


def _gitlab(rows: Sequence[MatrixRow], what: tuple[str, ...]) -> str:
    """A child pipeline: the job that `parity init --ci gitlab` writes, once for each target."""
    variables = [{"PARITY_TARGET": row.target, "PARITY_ARCH": row.arch} for row in rows]
    lines = ["  parallel:", "    matrix:", *(f"      - {json.dumps(each)}" for each in variables)]
    # A store of another architecture holds other wheels; runners are chosen where there is a choice.
    if len({row.arch for row in rows}) > 1:
        lines.append('  tags: ["$PARITY_ARCH"]')
    text = pipeline_text("gitlab", what, target='"$PARITY_TARGET"')
    text = text.replace("key: parity-store\n", "key: parity-store-$PARITY_ARCH\n")
    return text.replace("bundle:\n", "\n".join(["bundle:", *lines, ""]), 1)


MATRIX_FORMS: Mapping[str, Callable[[Sequence[MatrixRow], tuple[str, ...]], str]] = {
    "github": _github,
    "gitlab": _gitlab,
    "json": _json,
}
