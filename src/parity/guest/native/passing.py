"""What opens shared libraries: calls by their names, and a package's own functions that hand a name on."""

import ast
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple, Union

FIND = "find_library"
_OPEN = ("CDLL", "PyDLL", "LoadLibrary", "dlopen")
_WINDOWS = ("windll", "oledll", "WinDLL", "OleDLL")
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_BINDING = {"Assign", "AnnAssign", "For", "comprehension", "NamedExpr"}
_ROUNDS = 3  # functions between the name and the call
_STEPS = 8  # variables between a parameter and the call

Wrappers = Dict[str, Tuple[int, ...]]
Aliases = Dict[str, str]


class SyntaxOfFile(NamedTuple):
    """A file's syntax tree, all its nodes, and under which names it imports what opens libraries.

    Read once: a tree is asked several times, and to walk it takes as long as to parse it.
    """

    tree: ast.Module
    nodes: List[ast.AST]
    aliases: Aliases


def source_of(tree: ast.Module) -> SyntaxOfFile:
    """What is asked of a file again and again."""
    nodes = list(ast.walk(tree))
    return SyntaxOfFile(tree, nodes, _aliases_of(nodes))


def _aliases_of(nodes: List[ast.AST]) -> Aliases:
    return {
        alias.asname: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name in (FIND, *_OPEN)
    }


def opener(node: ast.Call, aliases: Aliases) -> str:
    """What a call opens with; empty for any other call."""
    function = node.func
    if isinstance(function, ast.Name):
        name = aliases.get(function.id, function.id)
    elif isinstance(function, ast.Attribute):
        owner = function.value
        above = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        name = "" if above in _WINDOWS else function.attr
    else:
        return ""
    return name if name == FIND or name in _OPEN else ""


def called(node: ast.Call) -> str:
    """The bare name of what is called."""
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def opening(node: ast.Call, aliases: Aliases, known: Wrappers) -> Tuple[str, Tuple[int, ...]]:
    """What a call opens with, `wrapper` for the package's own, and by which arguments; empty for others.

    A function of the package's own that has an opener's name is meant where no object is called upon.

    Args:
        node: the call.
        aliases: of its file, see `source_of`.
        known: of its package, see `wrappers`.
    """
    own = known.get(called(node))
    if own is not None and (isinstance(node.func, ast.Name) or not opener(node, aliases)):
        return "wrapper", own
    return opener(node, aliases), (0,)


class _OwnFunction(NamedTuple):
    """One of the package's: its arguments, what its variables may stand for, and what it calls."""

    name: str
    arguments: List[str]
    bound: Dict[str, List[ast.expr]]
    calls: List[ast.Call]
    aliases: Aliases


def wrappers(sources: Iterable[SyntaxOfFile]) -> Wrappers:
    """The package's own functions and classes that open what they are given: by which arguments."""
    found: Wrappers = {}
    functions = [each for source in sources for each in _functions(source)]
    # Each round finds the functions that call those of the round before.
    for _ in range(_ROUNDS):
        new = {}
        for function in functions:
            places = () if function.name in found else _passed_on(function, found)
            if places:
                new[function.name] = places
        if not new:
            break
        found.update(new)
    return found


def _functions(source: SyntaxOfFile) -> Iterator[_OwnFunction]:
    """Each function, by the name under which it is called: a class's for what makes its objects."""
    made: Dict[ast.AST, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.ClassDef):
            made.update((each, node.name) for each in node.body if _is_init(each))
    for function, inside in _insides(source.tree):
        if not _is_init(function) or function in made:
            yield _opened_up(made.get(function, function.name), function, inside, source.aliases)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _insides(tree: ast.Module) -> Iterator[Tuple[Function, List[ast.AST]]]:
    """Each function that is given something; its calls and bindings, those of functions within it, too."""
    found: List[Tuple[Function, List[ast.AST]]] = []
    todo: List[Tuple[ast.AST, Tuple[List[ast.AST], ...]]] = [(tree, ())]
    while todo:
        node, around = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.args.args:
            found.append((node, []))
            around = (*around, found[-1][1])
        elif isinstance(node, ast.Call) or type(node).__name__ in _BINDING:
            for inside in around:
                inside.append(node)
        todo.extend((child, around) for child in ast.iter_child_nodes(node))
    return iter(found)


def _opened_up(name: str, function: Function, inside: List[ast.AST], aliases: Aliases) -> _OwnFunction:
    """What is to be known of a function, read once."""
    arguments = [each.arg for each in function.args.args]
    bound: Dict[str, List[ast.expr]] = {}
    for node in inside:
        for target, value in bindings(node):
            bound.setdefault(target, []).append(value)
    # Whoever calls a method does not write its first argument.
    if arguments[0] in ("self", "cls"):
        arguments = arguments[1:]
    return _OwnFunction(
        name, arguments, bound, [node for node in inside if isinstance(node, ast.Call)], aliases
    )


def _passed_on(function: _OwnFunction, known: Wrappers) -> Tuple[int, ...]:
    """Which arguments of a function are opened."""
    opened = []
    for node in function.calls:
        how, places = opening(node, function.aliases, known)
        opened += [node.args[place] for place in places if how and len(node.args) > place]
    names = {name for call in opened for name in _names(call, function.bound, _STEPS)}
    return tuple(place for place, name in enumerate(function.arguments) if name in names)


def _names(node: ast.expr, bound: Dict[str, List[ast.expr]], left: int) -> Iterator[str]:
    """The names that an expression begins with, and those that these stand for."""
    while isinstance(node, (ast.Subscript, ast.BinOp)):
        node = node.value if isinstance(node, ast.Subscript) else node.left
    if isinstance(node, ast.Name) and left:
        yield node.id
        for value in bound.get(node.id, ()):
            yield from _names(value, bound, left - 1)


def bindings(node: ast.AST) -> Iterator[Tuple[str, ast.expr]]:
    """Names and the expressions that they may stand for."""
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, (ast.For, ast.comprehension)):
        pairs = [(node.target, node.iter)]
    # By its name: Python 3.6 and 3.7 have no such class.
    elif type(node).__name__ == "NamedExpr":
        pairs = [(node.target, node.value)]  # type: ignore[attr-defined]
    else:
        return
    for target, value in pairs:
        if isinstance(target, ast.Name):
            yield target.id, value
