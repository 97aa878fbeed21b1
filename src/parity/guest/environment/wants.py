"""What a failed import wanted, read off its exception. Runs beside the package's code, which it believes.

A package can raise what it likes: this says of it no more than its own words do.
"""

import re
import types
from typing import Iterator, Optional, Tuple

MODULE, SETTINGS, DISPLAY = "module", "settings", "display"
_SETTINGS = {
    "AppRegistryNotReady",  # Django's
    "ConfigurationMissingError",
    "DefaultCredentialsError",
    "EnvError",
    "ImproperlyConfigured",  # Django's, django-environ's, Celery's
    "MissingMandatoryValue",
    "NoCredentialsError",
    "NoRegionError",
    "UndefinedValueError",
}
_SETTINGS_WORDS = re.compile(r"\bINSTALLED_APPS\b|\bDJANGO_SETTINGS_MODULE\b")
_DISPLAY = {"DisplayConnectionError", "DisplayNameError", "NoSuchDisplayException"}
_DISPLAY_WORDS = re.compile(
    r"\$DISPLAY\b|\bno display\b|\bbad display name\b|\bX connection\b|\bX server\b"
    r"|\b(?:open|connect to)\b[^.]{0,30}\bdisplay\b|\bGtk couldn't be initialized\b",
    re.IGNORECASE,
)
_LIBRARY_WORDS = re.compile(r"\blib[\w.+-]+|\.so\b|\bsymbol\b", re.IGNORECASE)
_SPLIT = re.compile(r"_?(?:curses|dbm|sqlite3|tkinter)\b|_gdbm\b|idlelib\b|turtle\b")
"""Modules of Python's own that distributions have in packages apart."""
_MOST = 50  # exceptions of a chain, and
_DEEPEST = 1000  # frames
_TEXT = 4000


def of(problem: BaseException) -> Tuple[str, str]:
    """What it wanted, and that module's name: one of the kinds, or empty.

    A module without a name is one that the package's own words ask for.
    """
    for each in _chain(problem):
        kind = _surroundings(each)
        if kind:
            return kind, ""
    missing = _module(problem)
    if missing:
        return MODULE, missing
    by_hand = isinstance(problem, ImportError) and problem.name is None and problem.path is None
    if by_hand and not _LIBRARY_WORDS.search(str(problem)[:_TEXT]):
        return MODULE, ""
    return "", ""


def _surroundings(problem: BaseException) -> str:
    # By name: the classes are those of packages, and none of them is imported here.
    names = {kind.__name__ for kind in type(problem).__mro__}
    text = str(problem)[:_TEXT]
    where = _raised_in(problem)
    variable = where == "os" and isinstance(problem, KeyError)
    if names & _DISPLAY or _DISPLAY_WORDS.search(text) or (variable and text.endswith("DISPLAY'")):
        return DISPLAY
    if variable or names & _SETTINGS or _SETTINGS_WORDS.search(text):
        return SETTINGS
    return SETTINGS if "ValidationError" in names and "pydantic_settings" in where else ""


def _raised_in(problem: BaseException) -> str:
    """The module that raised it; all on the way where one of them is pydantic's for settings."""
    last = ""
    trace: Optional[types.TracebackType] = problem.__traceback__
    for _ in range(_DEEPEST):
        if trace is None:
            break
        last = str(trace.tb_frame.f_globals.get("__name__", ""))
        if last.partition(".")[0] == "pydantic_settings":
            break
        trace = trace.tb_next
    return last


def _chain(problem: Optional[BaseException]) -> Iterator[BaseException]:
    for _ in range(_MOST):
        if problem is None:
            return
        yield problem
        problem = problem.__cause__ or problem.__context__


def _module(problem: BaseException) -> str:
    """The name of the module that was not found; errors that are raised in its stead count, too.

    Of several, tried one behind the other (`tkinter`, then `Tkinter`), one that the distribution has.
    """
    told = isinstance(problem, (ImportError, RuntimeError, SystemExit)) or problem.__cause__ is not None
    chain = _chain(problem) if told else ()
    names = [str(each.name) for each in chain if isinstance(each, ModuleNotFoundError) and each.name]
    return next(filter(_SPLIT.match, names), names[0] if names else "")
