"""Processes as a person writes them, and as records are read: whose arguments they are is said within.

A function's inputs are a list; "$$" is the raster of the chain, a number the same value everywhere, an object
a function again: {"function": …, "arguments": …, "inputs": …, "output_pixel_type": …}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.errors import InvalidParameter
from engine.function_rules.local_names import LOCAL_NAMES
from engine.functions import FUNCTIONS

THE_RASTER = "$$"
_INPUTS = f"a list of {THE_RASTER} (the raster of the chain), numbers and functions"
_KEYS = ("function", "arguments", "inputs", "output_pixel_type")
_MOST_DEEP = 32
# Records in which those of plug-ins travel.
_CARRIERS = ("OutsidePlane", "OutsideSensor")


def with_tags(entry: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Say inside the arguments of functions whose they are, as records have it.

    Raises
    ------
    InvalidParameter
        An input is none.
    """
    fields = dict(entry)
    if "inputs" in fields and entry.get("process", "RasterFunction") == "RasterFunction":
        fields["inputs"] = _tagged_inputs(fields["inputs"], depth)
    arguments, name = entry.get("arguments"), entry.get("function")
    if isinstance(name, str) and name.casefold() in LOCAL_NAMES and name not in FUNCTIONS:
        fields["function"], name = "Local", "Local"
        arguments = {
            **(arguments if isinstance(arguments, Mapping) else {}),
            "operation": LOCAL_NAMES[str(entry["function"]).casefold()],
        }
    if not isinstance(arguments, Mapping) or not isinstance(name, str) or name not in FUNCTIONS:
        return fields
    if not FUNCTIONS.is_own(name):
        text = msgspec.json.encode(arguments, order="sorted").decode()
        return {**fields, "arguments": {"function": "Outside", "text": text}}
    return {**fields, "arguments": {"function": FUNCTIONS.own_name(name), **arguments}}


def _tagged_inputs(given: object, depth: int) -> list[dict[str, Any]]:
    if not isinstance(given, list | tuple):
        raise InvalidParameter("inputs", given, _INPUTS)
    if depth >= _MOST_DEEP:
        raise InvalidParameter("inputs", "functions of functions", f"at most {_MOST_DEEP} deep")
    return [_tagged_input(each, depth + 1) for each in given]


def _tagged_input(each: object, depth: int) -> dict[str, Any]:
    if each == THE_RASTER:
        return {"input": "mosaic"}
    if isinstance(each, int | float) and not isinstance(each, bool):
        return {"input": "constant", "value": float(each)}
    if not isinstance(each, Mapping) or not isinstance(each.get("function"), str):
        raise InvalidParameter("inputs", each, _INPUTS)
    unknown = sorted(set(each) - set(_KEYS))
    if unknown:
        raise InvalidParameter("inputs", unknown[0], ", ".join(_KEYS))
    found = {"input": "function", **with_tags(each, depth)}
    if found["function"] in FUNCTIONS:
        found["function"] = FUNCTIONS.own_name(found["function"])
    return found


def without_tags(plain: Any) -> Any:
    """Take out of records what `with_tags` puts in."""
    if isinstance(plain, list | tuple):
        return [without_tags(entry) for entry in plain]
    if not isinstance(plain, dict):
        return plain
    if plain.get("process") in _CARRIERS:
        return {"process": plain["name"], **msgspec.json.decode(plain["parameters"])}
    kind = plain.get("input")
    if kind == "mosaic":
        return THE_RASTER
    if kind == "constant":
        return plain["value"]
    is_function = kind == "function" or plain.get("process") == "RasterFunction"
    found = {
        key: without_tags(value)
        for key, value in plain.items()
        if not (kind == "function" and key == "input")
    }
    if is_function and isinstance(found.get("arguments"), dict):
        if found["arguments"].pop("function", None) == "Outside":
            found["arguments"] = msgspec.json.decode(found["arguments"].get("text", "{}"))
        if not found["arguments"]:
            del found["arguments"]
    return found
