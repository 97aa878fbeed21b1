"""Calls in a syntax tree that open shared libraries by constant names."""

import ast
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from .passing import FIND, Aliases, SyntaxOfFile, Wrappers, bindings, called, opening

_ERRORS = (
    "OSError",
    "IOError",
    "ImportError",
    "Exception",
    "BaseException",
    "AttributeError",
    "EnvironmentError",
)
_HERE = {"platform": "linux", "name": "posix", "system": "Linux"}
_MOST = 64  # names of one call, and rounds through its variables
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

Names = Dict[str, List[ast.expr]]


class NamedOpening(NamedTuple):
    """Names of which one is enough; `*` ends one whose rest is not known. `hard`: an error without it."""

    names: List[str]
    hard: bool


class _CallScope(NamedTuple):
    names: Names
    outer: Optional["_CallScope"]
    raises: bool


def opened(source: SyntaxOfFile, known: Wrappers) -> Iterator[NamedOpening]:
    """The calls of one file."""
    if _has_call(source, known):
        yield from _Statements(source.aliases, known).calls(source)


def _has_call(source: SyntaxOfFile, known: Wrappers) -> bool:
    """Whether a file has any call that may open something: words in a comment or a text are none."""
    calls = (node for node in source.nodes if isinstance(node, ast.Call))
    return any(opening(node, source.aliases, known)[0] for node in calls)


def imported(tree: ast.Module, module: str, is_package: bool) -> Set[str]:
    """The modules that a file's import statements name, relative ones resolved; those in functions, too."""
    found: Set[str] = set()
    own = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = own[: len(own) - node.level + 1] if node.level else []
            parts = base + ([node.module] if node.module else [])
            found.add(".".join(parts))
            found.update(".".join([*parts, alias.name]) for alias in node.names)
    return found


class _Statements:
    def __init__(self, aliases: Aliases, known: Wrappers) -> None:
        self._aliases = aliases
        self._known = known
        self._given: Names = {}

    def calls(self, source: SyntaxOfFile) -> Iterator[NamedOpening]:
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef):
                given = [each.value for each, _ in _reached(node, False) if isinstance(each, ast.Return)]
                self._given[node.name] = [value for value in given if value is not None]
        yield from self._in_scope(source.tree, None)

    def _in_scope(self, node: ast.AST, outer: Optional[_CallScope]) -> Iterator[NamedOpening]:
        reached = list(_reached(node, False))
        names: Names = {}
        for each, _ in reached:
            for name, value in bindings(each):
                names.setdefault(name, []).append(value)
        scope = _CallScope(names, outer, any(isinstance(each, ast.Raise) for each, _ in reached))
        for each, guarded in reached:
            if isinstance(each, ast.Call):
                yield from self._call(each, scope, guarded)
            elif isinstance(each, _FUNCTIONS):
                yield from self._in_scope(each, scope)

    def _call(self, node: ast.Call, scope: _CallScope, guarded: bool) -> Iterator[NamedOpening]:
        how, places = opening(node, self._aliases, self._known)
        values = [node.args[place] for place in places if how and len(node.args) > place]
        said = (name for value in values for name in self._strings(value, scope, _MOST))
        names = list(dict.fromkeys(said))[:_MOST]
        if how in ("CDLL", "PyDLL", "LoadLibrary"):  # which search for nothing but the very name
            names = [each for each in names if ".so" in each]
        if names:
            yield NamedOpening(names, not guarded and (how != FIND or scope.raises))

    def _strings(self, node: ast.expr, scope: Optional[_CallScope], left: int) -> Iterator[str]:
        """All constants that an expression may be."""
        if left <= 0:
            return
        # Before Python 3.8 a Str has `s`; to ask for it is a warning since 3.12.
        text = getattr(node, "value", None) if hasattr(node, "value") else getattr(node, "s", None)
        if isinstance(text, str):
            yield text
        elif isinstance(node, ast.Name):
            for value, where in _looked_up(node.id, scope):
                yield from self._strings(value, where, left // 2)
        elif isinstance(node, ast.Call):
            yield from self._of_call(node, scope, left)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
            yield from (each.partition("%")[0] + "*" for each in self._strings(node.left, scope, left // 2))
        elif isinstance(node, ast.JoinedStr) and node.values:
            yield from (each + "*" for each in self._strings(node.values[0], scope, left // 2))
        else:
            for part in _parts(node):
                yield from self._strings(part, scope, left - 1)

    def _of_call(self, node: ast.Call, scope: Optional[_CallScope], left: int) -> Iterator[str]:
        """What a function of the file gives back, or the words of a text."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "split" and not node.args:
            for text in self._strings(node.func.value, scope, left // 2):
                yield from text.split()
        for value in self._given.get(called(node), ()):
            yield from self._strings(value, None, left // 2)


def _looked_up(name: str, scope: Optional[_CallScope]) -> Iterator[Tuple[ast.expr, Optional[_CallScope]]]:
    while scope is not None:
        if name in scope.names:
            for value in scope.names[name]:
                yield value, scope
            return
        scope = scope.outer


def _parts(node: ast.expr) -> List[ast.expr]:
    """The expressions of which one is what this one gives."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return node.elts
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        test = _holds(node.test)
        return [part for part, goes in ((node.body, test is not False), (node.orelse, not test)) if goes]
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, (ast.Subscript, ast.Starred)):
        return [node.value]
    return []


def _reached(node: ast.AST, guarded: bool) -> Iterator[Tuple[ast.AST, bool]]:
    """The nodes of one scope that run on Linux, and whether an error there is caught. Functions end it."""
    for child, caught in _children(node, guarded):
        yield child, caught
        if not isinstance(child, _FUNCTIONS):
            yield from _reached(child, caught)


def _children(node: ast.AST, guarded: bool) -> Iterator[Tuple[ast.AST, bool]]:
    if isinstance(node, ast.If):
        test = _holds(node.test)
        yield node.test, guarded
        yield from ((each, guarded) for each in node.body if test is not False)
        yield from ((each, guarded) for each in node.orelse if test is not True)
    elif isinstance(node, ast.Try):
        caught = guarded or any(map(_catches, node.handlers))
        yield from ((each, caught) for each in node.body)
        yield from ((each, guarded) for each in [*node.handlers, *node.orelse, *node.finalbody])
    elif isinstance(node, ast.With):
        suppressed = any("suppress" in ast.dump(item.context_expr) for item in node.items)
        yield from ((each, guarded or suppressed) for each in [*node.items, *node.body])
    else:
        yield from ((each, guarded) for each in ast.iter_child_nodes(node))


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether a library that is not there goes on here: caught, and not raised again."""
    kinds = (
        {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type else None
    )
    fitting = kinds is None or bool(kinds.intersection(_ERRORS))
    return fitting and not any(isinstance(each, ast.Raise) for each in handler.body)


def _holds(test: ast.expr) -> Optional[bool]:
    """Whether a question about the platform is true on Linux; None where nobody can tell."""
    if isinstance(test, ast.BoolOp):
        answers = [_holds(each) for each in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _holds(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        here, words = _platform(test.func.value), _words(test.args[0]) if test.args else []
        return here.startswith(tuple(words)) if here and words else None
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test.left, test.ops[0], test.comparators[0])
    return None


def _compared(left: ast.expr, how: ast.cmpop, right: ast.expr) -> Optional[bool]:
    here, words = _platform(left) or _platform(right), _words(right) or _words(left)
    if not here or not words:
        return None
    if isinstance(how, (ast.Eq, ast.In)):
        return here in words
    if isinstance(how, (ast.NotEq, ast.NotIn)):
        return here not in words
    return None


def _platform(node: ast.expr) -> str:
    """What `sys.platform`, `os.name` or `platform.system()` is here; empty for anything else."""
    lowered = False
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "lower":
            lowered, node = True, node.func.value
        else:
            node = node.func
    if not isinstance(node, ast.Attribute):
        return ""
    owner = getattr(node.value, "id", "").lstrip("_")
    fits = (owner, node.attr) in (("sys", "platform"), ("os", "name"), ("platform", "system"))
    here = _HERE[node.attr] if fits else ""
    return here.lower() if lowered else here


def _words(node: ast.expr) -> List[str]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    found = [
        getattr(part, "value", None) if hasattr(part, "value") else getattr(part, "s", None) for part in parts
    ]
    return [str(word) for word in found if isinstance(word, str)]
