"""Options of commands as a run file writes them: their names and types are the commands' own."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Command: TypeAlias = Callable[..., None]


def option_names(command: Command) -> dict[str, str]:
    """Return the parameter of each option of a command, by the option's name with _ for -."""
    hints = get_type_hints(command, include_extras=True)
    found = {}
    for name in inspect.signature(command).parameters:
        declared = [
            text.partition("/")[0].removeprefix("--").replace("-", "_")
            for each in getattr(hints[name], "__metadata__", ())
            if isinstance(each, OptionInfo)
            # In an annotation, the first name stands where the default would.
            for text in (each.default, *(each.param_decls or ()))
            if isinstance(text, str) and text.startswith("--")
        ]
        found[declared[0] if declared else name] = name
    return found


def command_arguments(
    command: Command, options: Mapping[str, object], place: str
) -> dict[str, Any]:
    """Return arguments for a command from what a table of a run file says.

    Parameters
    ----------
    options
        By name of the option (or of the argument), with _ for -; None = not said.
    place
        File and table, for messages.

    Raises
    ------
    ConfigError
        Names an unknown key with those that are known, or a value that the option does not take.
    """
    names = option_names(command)
    hints = get_type_hints(command)
    arguments = {}
    for key, value in options.items():
        name = names.get(key, key if key in names.values() else "")
        if not name or name == "definition":
            known = ", ".join(key for key in names if key != "definition")
            raise ConfigError(place, key, f"is unknown; known: {known}")
        if value is not None:
            arguments[name] = _converted(value, hints[name], f"{place}.{key}")
    return arguments


def _converted(value: object, wanted: Any, place: str) -> Any:
    kinds = [wanted]
    if get_origin(wanted) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
    kind = kinds[0]
    if get_origin(kind) is list:
        values = value if isinstance(value, list | tuple) else [value]
        return [_converted(each, get_args(kind)[0], place) for each in values]
    if kind is bool or isinstance(value, bool):
        if not isinstance(value, bool) or kind is not bool:
            raise ConfigError(place, repr(value), f"expected {_accepted(kind)}")
        return value
    if kind is str:
        return _text(value)
    try:
        return kind(value)
    except (ValueError, TypeError) as err:
        raise ConfigError(place, repr(value), f"expected {_accepted(kind)}") from err


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_text(each) for each in value)
    return str(value)


def _accepted(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(each.value) for each in kind)
    words = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}
    return words.get(kind, "a text")
