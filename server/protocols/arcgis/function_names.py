"""The names of raster functions in rendering rules: Swath's own, registered ones, and those of plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.contract import FUNCTIONS as GROUP
from engine.contract import entry_points_of
from engine.errors import InvalidParameter
from engine.function_rules import OutsideRule
from engine.function_rules.local_names import LOCAL_NAMES
from server.protocols.arcgis.function_arguments import FUNCTION_RULES
from server.protocols.input_limits import MAX_ARGUMENT_CHARACTERS
from server.python_functions.known import known_functions
from server.python_functions.manifest import key_of

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

NOTHING = ("none", "identity", "")
# What names a file of code; clients name registered functions instead.
_NEVER = ("python", "pythonadapter", "pythonraster")


def accepted_functions() -> str:
    """Return the names of all functions, as errors list them."""
    own = sorted({str(kind.__struct_config__.tag) for kind in FUNCTION_RULES.values()})
    registered = (each.name for each in known_functions().values())
    outside = (entry.name for entry in entry_points_of(GROUP))
    return ", ".join(["None", *own, *registered, *outside])


def is_taken(name: str) -> bool:
    """Tell whether a name means a function that is no registered one."""
    folded = key_of(name)
    outside = (entry.name.casefold() for entry in entry_points_of(GROUP))
    own = (*FUNCTION_RULES, *LOCAL_NAMES, *NOTHING, *_NEVER, *outside)
    return folded in own


def outside_rule(name: str, arguments: Arguments) -> tuple[str, OutsideRule]:
    """Return the name and arguments of a function that a plug-in brings; keys are in lower case.

    Raises
    ------
    InvalidParameter
        No plug-in brings it.
    """
    own = {entry.name.casefold(): entry.name for entry in entry_points_of(GROUP)}
    if name.casefold() in _NEVER:
        accepted = "the name under which a function in Python is registered; code is never taken"
        raise InvalidParameter("renderingRule.rasterFunction", name, accepted)
    if name.casefold() not in own:
        raise InvalidParameter("renderingRule.rasterFunction", name, accepted_functions())
    given = {key: value for key, value in arguments.items() if key != "raster"}
    text = msgspec.json.encode(given, order="sorted").decode()
    if len(text) > MAX_ARGUMENT_CHARACTERS:
        accepted = f"at most {MAX_ARGUMENT_CHARACTERS} characters"
        raise InvalidParameter("renderingRule.rasterFunctionArguments", len(text), accepted)
    return own[name.casefold()], OutsideRule(text=text)
