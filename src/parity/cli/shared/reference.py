"""Pages of the reference that are read off the code when they are shown: they cannot be out of date."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from parity import errors
from parity.cli.shared.apps import DocumentedCommand, Parameter, argument_in_usage, argument_name, is_argument
from parity.portable import errors as farside
from parity.profile import schema_text

_ROOTS = (errors.ParityError, farside.FarsideError)


def reference_pages(group: DocumentedCommand) -> dict[str, str]:
    """The generated pages by name.

    Args:
        group: the whole command line, as typer made it.
    """
    return {
        "reference/commands": commands_page(group),
        "reference/exit-codes": exit_codes_page(),
        "reference/profile-keys": profile_keys_page(),
    }


def every_command(
    group: DocumentedCommand, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], DocumentedCommand]]:
    """All commands with the words that call them; groups are opened."""
    commands: Mapping[str, DocumentedCommand] = getattr(group, "commands", {})
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, (*words, name))
        elif not getattr(command, "hidden", False):
            yield (*words, name), command


def commands_page(group: DocumentedCommand) -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands", "The same as `parity COMMAND --help`, all on one page."]
    for words, command in every_command(group):
        parts.append(f"## parity {' '.join(words)}")
        parts.append("\n\n".join(filter(None, (flowing(command.help), _call(words, command)))))
        rows = [_row(each) for each in command.params if not getattr(each, "hidden", False)]
        if rows:
            parts.append("\n".join(["| option or argument | means |", "| --- | --- |", *rows]))
        parts.append(_examples(flowing(command.epilog)))
    return "\n\n".join(filter(None, parts)) + "\n"


def error_kinds() -> list[type[errors.RootError]]:
    """Every error that a user can meet, by exit code."""
    found = [
        each
        for module in (errors, farside)
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, _ROOTS) and each not in _ROOTS
    ]
    return sorted(set(found), key=lambda each: int(each.exit_code))


def exit_codes_page() -> str:
    """The table of exit codes, from the errors' own first lines."""
    lines = [
        "# Exit codes",
        "",
        "Every error says what, where and what to do next, and has its own exit code.",
        "`parity explain CODE` tells more.",
        "",
        "0 is success, 1 a fault in parity itself, 2 wrong usage. 60 to 79 are the far side's:",
        "the installer in the bundle uses the same.",
        "",
        "| code | error | means |",
        "| --- | --- | --- |",
    ]
    for kind in error_kinds():
        meaning = (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".")
        lines.append(f"| {kind.exit_code} | `{kind.__name__}` | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def profile_keys_page() -> str:
    """Every key of a profile, from the JSON Schema."""
    lines = [
        "# Keys of a profile",
        "",
        "From the JSON Schema that `parity schema` prints; an editor that knows it completes and checks",
        "while you write. `parity profile check FILE` tells every problem at once.",
        "",
        "| key | means | for example |",
        "| --- | --- | --- |",
    ]
    for path, node in _keys(json.loads(schema_text())):
        examples = ", ".join(f"`{_cell(json.dumps(each))}`" for each in node.get("examples", ())[:2])
        lines.append(f"| `{path}` | {_cell(node.get('description', node.get('title', '')))} | {examples} |")
    return "\n".join(lines) + "\n"


def _keys(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in node.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, each
        yield from _keys(each, here)
        yield from _keys(each.get("items", {}), f"{here}[]")


def _call(words: tuple[str, ...], command: DocumentedCommand) -> str:
    arguments = [argument_in_usage(each) for each in command.params if is_argument(each)]
    return f"`{' '.join(['parity', *words, '[OPTIONS]', *arguments])}`"


def _examples(epilog: str) -> str:
    return "\n".join(f"- {each}" for each in epilog.split("\n\n")) if epilog else ""


def option_words(parameter: Parameter) -> str:
    """An option with all its spellings and its value, or an argument."""
    if is_argument(parameter):
        return argument_name(parameter)
    value = "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or 'VALUE'}"
    return ", ".join([*parameter.opts, *parameter.secondary_opts]) + value


def _row(parameter: Parameter) -> str:
    return f"| `{_cell(option_words(parameter))}` | {_cell(getattr(parameter, 'help', None) or '')} |"


def flowing(text: str | None) -> str:
    """A docstring's or epilog's paragraphs, without its indentation."""
    return inspect.cleandoc((text or "").replace("\f", "")).strip()


def _cell(text: str) -> str:
    # A bar would end the cell, and so would a line's end.
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")
