"""Requirements and versions as a guess needs them: PEP 508 and PEP 440, the parts that occur in practice.

What is not understood is passed over: nothing depends on a guess.
"""

import ast
import re
from typing import Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from ...portable.names import normalize_name

_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*\(?([^;@()]*)\)?\s*(?:;(.*))?$"
)
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:\.?post(\d+))?", re.ASCII)
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*v?([0-9][0-9a-z.*+!-]*)\s*$")
_VERSIONED = ("python_version", "python_full_version", "implementation_version")

_LONGEST_VERSION = 200
_LONGEST = 8192
"""Characters of a requirement or a marker; what is longer is passed over."""

_DEEPEST = 50

Version = Tuple[Tuple[int, ...], int]


class Requirement(NamedTuple):
    """A requirement: normalised name, extras, version specifier and marker as text."""

    name: str
    extras: FrozenSet[str]
    specifier: str
    marker: str

    def holds(self, markers: Dict[str, str], extras: FrozenSet[str]) -> bool:
        """Whether the marker is true, for the requirer alone or with one of its extras."""
        if not self.marker:
            return True
        return any(evaluate(self.marker, {**markers, "extra": extra}) for extra in extras | {""})


def parse_requirement(text: str) -> Optional[Requirement]:
    """Read a requirement; None for what is none, or one by address."""
    match = _REQUIREMENT.match(" ".join(text.split())) if len(text) <= _LONGEST else None
    if match is None:
        return None
    extras = frozenset(
        normalize_name(each.strip()) for each in (match.group(2) or "").split(",") if each.strip()
    )
    return Requirement(
        normalize_name(match.group(1)), extras, match.group(3).strip(), (match.group(4) or "").strip()
    )


def parse_version(text: str) -> Optional[Version]:
    """A final or post release as something to compare; None for pre-releases and the unknown."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST_VERSION else None
    if match is None:
        return None
    numbers = [int(part) for part in match.group(1).split(".")]
    # PEP 440: 1.0 and 1 are one version.
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    # Below every post release, post0 too.
    return tuple(numbers), int(match.group(2) or -1)


def satisfies(version: Version, specifier: str) -> bool:
    """Whether a version fits all clauses of a specifier; what is not understood fits."""
    return all(_fits(version, clause) for clause in specifier.split(",") if clause.strip())


def _fits(version: Version, clause: str) -> bool:
    match = _CLAUSE.match(clause)
    if match is None:
        return True
    operator, text = match.groups()
    if operator == "~=":
        stem = text.split(".")[:-1]
        return _fits(version, ">=" + text) and _starts(version, stem)
    if text.endswith(".*"):
        return _starts(version, text[:-2].split(".")) == (operator == "==")
    other = parse_version(text)
    return other is None or _compare(operator, version, other)


def _starts(version: Version, stem: List[str]) -> bool:
    padded = version[0] + (0,) * len(stem)
    return [str(number) for number in padded[: len(stem)]] == stem


def _compare(operator: str, one: Version, other: Version) -> bool:
    results = {
        "==": one == other,
        "!=": one != other,
        "<=": one <= other,
        ">=": one >= other,
        "<": one < other,
        ">": one > other,
    }
    return results[operator]


def evaluate(marker: str, environment: Dict[str, str]) -> bool:
    """A marker's truth. Its grammar is, but for `~=` and `===`, that of a Python expression."""
    try:
        # Python's parser recurses with parentheses, and an old one may take the process along.
        if len(marker) > _LONGEST or marker.count("(") > _DEEPEST:
            return False
        return _truth(ast.parse(marker.strip(), mode="eval").body, environment)
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return False


def _truth(node: ast.AST, environment: Dict[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        answers = [_truth(each, environment) for each in node.values]
        return all(answers) if isinstance(node.op, ast.And) else any(answers)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        raise ValueError("not a marker")
    left, right = _text(node.left, environment), _text(node.comparators[0], environment)
    operator = node.ops[0]
    if isinstance(operator, (ast.In, ast.NotIn)):
        return (left in right) == isinstance(operator, ast.In)
    versions = _about_version(node) and (parse_version(left), parse_version(right))
    if versions and versions[0] and versions[1]:
        return _compare(_SIGNS[type(operator)], versions[0], versions[1])
    return (left == right) == isinstance(operator, ast.Eq)


_SIGNS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


def _about_version(node: ast.Compare) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id in _VERSIONED for each in (node.left, node.comparators[0])
    )


def _text(node: ast.AST, environment: Dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return environment[node.id]
    return str(ast.literal_eval(node))
