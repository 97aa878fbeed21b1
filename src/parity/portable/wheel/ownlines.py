"""Lines of `.pth` files that use what their own wheel brings and nothing else. Python 3.6 and later.

Such a line gives the wheel no power that importing it would not: it imports the wheel's own modules, calls
what is theirs, and asks the environment whether it should. The line is parsed and every node of its tree must
be known here; whatever is not is refused.
"""

import ast
from typing import Dict, FrozenSet

_OWN, _VALUE = "own", "value"
_PLAIN = {
    *("Module", "Expr", "Pass", "If", "IfExp", "Try", "Assign", "Load", "Store", "keyword", "alias", "Index"),
    *("BoolOp", "And", "Or", "UnaryOp", "Not", "Compare", "Eq", "NotEq", "In", "NotIn", "Is", "IsNot"),
    *("Constant", "Str", "NameConstant"),
}
_ERRORS = frozenset(
    ("ImportError", "ModuleNotFoundError", "AttributeError", "OSError", "Exception", "BaseException")
)
_ENVIRONMENT = {"os": frozenset(("environ", "getenv")), "sys": frozenset(("version_info", "platform"))}
_DEEPEST = 3  # exec within exec
_LONGEST = 8192


def uses_only_own(line: str, own: FrozenSet[str]) -> bool:
    """Whether a line that begins with `import` reaches nothing but its wheel's modules and the environment.

    Args:
        line: the line, in ASCII.
        own: the wheel's top modules, none of which has a name of Python's own.
    """
    return line.startswith("import ") and _is_own(line, own, {}, 0)


class _Further(Exception):
    """Something that is not the wheel's own."""


def _is_own(source: str, own: FrozenSet[str], names: Dict[str, str], depth: int) -> bool:
    # The parser and the walk recurse: size and depth are a stranger's.
    if depth > _DEEPEST or len(source) > _LONGEST:
        return False
    try:
        tree = ast.parse(source)
        reader = _LineReader(own, names, depth)
        for statement in ast.walk(tree):
            reader.bind(statement)
        reader.check(tree)
    except (_Further, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class _LineReader:
    def __init__(self, own: FrozenSet[str], names: Dict[str, str], depth: int) -> None:
        self._own = own
        self._names = names  # what each name stands for: `own`, `value`, or the module `os` or `sys`
        self._depth = depth

    def bind(self, node: ast.AST) -> None:
        """Learn what a statement gives a name to; a name has one meaning."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._import(alias)
        elif isinstance(node, ast.ImportFrom):
            if node.level or (node.module or "").partition(".")[0] not in self._own:
                raise _Further(node.module)
            for alias in node.names:
                self._name(alias.asname or alias.name, _OWN)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._name(target.id if isinstance(target, ast.Name) else "*", _VALUE)

    def _import(self, alias: ast.alias) -> None:
        top = alias.name.partition(".")[0]
        if top in self._own:
            self._name(alias.asname or top, _OWN)
        elif alias.name in _ENVIRONMENT:
            self._name(alias.asname or alias.name, alias.name)
        else:
            raise _Further(alias.name)

    def _name(self, name: str, meaning: str) -> None:
        if (
            self._names.setdefault(name, meaning) != meaning
            # A wheel that gives `exec` another meaning would make the check below one of something else.
            or name in ("exec", "__import__", "*")
            or name in _ERRORS
        ):
            raise _Further(name)

    def check(self, node: ast.AST) -> None:
        """Demand that every part is known."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return  # see `bind`
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Name):
            self._known(node.id)
        elif isinstance(node, ast.Subscript) and self._is_environment(node.value, "environ"):
            self.check(node.slice)
        elif type(node).__name__ in _PLAIN or (isinstance(node, ast.ExceptHandler) and not node.name):
            self._inner(node)
        else:
            raise _Further(type(node).__name__)

    def _known(self, name: str) -> None:
        """Demand that a name is bound here, and not to `os` or `sys`, which nobody else is handed."""
        if (name not in self._names and name not in _ERRORS) or self._names.get(name) in _ENVIRONMENT:
            raise _Further(name)

    def _inner(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.check(child)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        for each in [*node.args, *node.keywords]:
            self.check(each)
        if isinstance(function, ast.Name) and function.id in ("exec", "__import__"):
            text = _text(node)
            if function.id == "exec" and not _is_own(text, self._own, self._names, self._depth + 1):
                raise _Further("exec")
            if function.id == "__import__" and text.partition(".")[0] not in self._own:
                raise _Further(text)
        elif isinstance(function, ast.Name):
            if self._names.get(function.id) != _OWN:
                raise _Further(function.id)
        elif isinstance(function, ast.Attribute):
            if not (self._is_environment(function, "getenv") or self._reads_environment(function)):
                self._rooted(function)
        else:
            raise _Further("call")

    def _attribute(self, node: ast.Attribute) -> None:
        if not any(self._is_environment(node, name) for names in _ENVIRONMENT.values() for name in names):
            self._rooted(node)

    def _rooted(self, node: ast.expr) -> None:
        """Demand that a chain of attributes and calls begins at a module of the wheel's own."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if isinstance(node, ast.Call):
            self._call(node)
            if isinstance(node.func, ast.Attribute) and self._reads_environment(node.func):
                raise _Further("environ")  # a text, and its methods could be anybody's
        elif not isinstance(node, ast.Name) or self._names.get(node.id) != _OWN:
            raise _Further("attribute")

    def _is_environment(self, node: ast.expr, name: str) -> bool:
        """Whether this is `os.environ`, `os.getenv`, `sys.version_info` or `sys.platform`."""
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr == name):
            return False
        return name in _ENVIRONMENT.get(self._names.get(node.value.id, ""), ())

    def _reads_environment(self, node: ast.Attribute) -> bool:
        return node.attr == "get" and self._is_environment(node.value, "environ")


def _text(node: ast.Call) -> str:
    """The one constant text that a call is given."""
    if len(node.args) != 1 or node.keywords:
        raise _Further("arguments")
    first = node.args[0]
    # `s` before Python 3.8; to ask for it is a warning since 3.12.
    text = getattr(first, "value", None) if hasattr(first, "value") else getattr(first, "s", None)
    if not isinstance(text, str) or type(node.args[0]).__name__ not in ("Constant", "Str"):
        raise _Further("arguments")
    return text
