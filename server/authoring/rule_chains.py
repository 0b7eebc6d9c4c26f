"""Chains of definitions written as rendering rules, as clients of ArcGIS send them.

A file holds a rule, or a list of processes and rules that are done one after the other; "$$" in a rule is the
raster of the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.build.chain_files import read_chain
from engine.chain import RasterFunctionProcess
from engine.errors import ConfigError, RequestError
from engine.process_definition import plain_json, processes_of
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json

if TYPE_CHECKING:
    from pathlib import Path

    from engine.chain import Chain
    from server.protocols.arcgis.sloppy_json import JsonValue


def read_chain_or_rule(file: Path) -> Chain:
    """Return the processes that a file holds, rendering rules being processes, too.

    Raises
    ------
    ConfigError
        Names the process at fault.
    """
    try:
        text = file.read_bytes()
    except OSError as err:
        raise ConfigError(file, "", f"cannot be read: {err.strerror or err}") from err
    plain = plain_json(text, file)
    entries = [plain] if isinstance(plain, Mapping) and _is_rule(plain) else plain
    if not isinstance(entries, list) or not any(map(_is_rule, entries)):
        return read_chain(file)
    chain: list[Chain] = []
    for number, entry in enumerate(entries, 1):
        if _is_rule(entry):
            chain.append((_process_of_rule(entry, file, number),))
        else:
            chain.append(processes_of([entry], file.name, f"process {number}"))
    return tuple(process for part in chain for process in part)


def _is_rule(plain: object) -> bool:
    return (
        isinstance(plain, Mapping)
        and "process" not in plain
        and (
            any(str(key).casefold() == "rasterfunction" for key in plain)
            or isinstance(plain.get("function"), Mapping)
        )
    )


def _process_of_rule(entry: JsonValue, file: Path, number: int) -> RasterFunctionProcess:
    try:
        rule = rendering_rule_of_json(entry)
    except RequestError as err:
        raise ConfigError(file.name, f"process {number}", str(err)) from err
    return RasterFunctionProcess(
        function=rule.function,
        arguments=rule.arguments,
        inputs=rule.inputs,
        output_pixel_type=rule.output_pixel_type,
    )
