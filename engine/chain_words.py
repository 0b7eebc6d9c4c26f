"""An item's chain in words: what is done, and how it is split into samplings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.chain import DEFAULT_SAMPLER, RasterFunctionProcess, kind_of, process_name, split
from engine.process_plain import THE_RASTER
from engine.request_parts import ConstantInput, RenderingRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.chain import Chain, Process, Stage
    from engine.item_process import BoundProcess
    from engine.process_definition import RasterProcessDefinition
    from engine.request_parts import RuleInput

_MOST = 8


def describe_definition(definition: RasterProcessDefinition) -> Iterator[str]:
    """Yield a definition line by line: rasters, their chains, the group's."""
    yield f"item      {definition.name}"
    group = {
        "description": definition.description,
        "CRS": definition.crs,
        "bands": definition.bands or "",
        "pixel type": definition.pixel_type or "",
        "shows at": _range(definition.min_pixel_size, definition.max_pixel_size),
    }
    yield from (f"  {name:<12}{value}" for name, value in group.items() if value)
    for number, raster in enumerate(definition.rasters, 1):
        yield f"raster {number}  {raster.source}{'' if raster.enabled else '   (not enabled)'}"
        own = {
            "description": raster.description,
            "format": raster.format,
            "no data": ", ".join(
                "none" if value is None else f"{value}" for value in raster.no_data
            ),
            "shows at": _range(raster.min_pixel_size, raster.max_pixel_size),
        }
        yield from (f"  {name:<12}{value}" for name, value in own.items() if value)
        yield from describe_chain(raster.process_chain)
    if definition.process_chain:
        yield "group"
        yield from describe_chain(definition.process_chain)


def _range(low: float, high: float) -> str:
    if not (low or high):
        return ""
    return f"pixel sizes from {low:g}" + (f" to below {high:g}" if high else "")


def describe_chain(chain: Chain) -> Iterator[str]:
    """Yield a line for each process, in the order in which pixels flow."""
    for number, process in enumerate(chain, 1):
        yield f"  {number}. {_words(process)}   ({kind_of(process)})"


def _words(process: Process) -> str:
    """Return a process by name, with what is not long."""
    if isinstance(process, RasterFunctionProcess):
        return _function_words(process.rule())
    plain = msgspec.to_builtins(process)
    plain.pop("process", None)
    return f"{process_name(process)} {_fields(plain)}".rstrip()


def _function_words(rule: RenderingRule) -> str:
    """Return a function with its arguments, and what it takes where that is not the raster alone."""
    plain: dict[str, Any] = msgspec.to_builtins(rule.arguments or {})
    plain.pop("function", None)
    output = f" as {rule.output_pixel_type}" if rule.output_pixel_type else ""
    inputs = f" of ({'; '.join(map(_input_words, rule.inputs))})" if rule.inputs else ""
    return f"{rule.function} {_fields(plain)}".rstrip() + output + inputs


def _input_words(given: RuleInput) -> str:
    if isinstance(given, RenderingRule):
        return _function_words(given)
    return f"{given.value:g}" if isinstance(given, ConstantInput) else THE_RASTER


def _fields(plain: dict[str, Any]) -> str:
    shown = []
    for name, value in plain.items():
        if isinstance(value, list) and len(value) > _MOST:
            shown.append(f"{name} of {len(value)}")
        elif isinstance(value, dict):
            shown.append(f"{name} ({_fields(value)})")
        else:
            shown.append(f"{name}={value}")
    return ", ".join(shown)


def describe_stages(process: BoundProcess) -> Iterator[str]:
    """Yield what a compiled chain does to pixels, in short."""
    for number, bound in enumerate(process.stages, 1):
        stage = bound.stage
        if stage.pointwise or stage.focal:
            yield f"{_names((*stage.pointwise, *stage.focal))} before sampling {number}"
    if process.after.functions:
        yield "functions after sampling"


def describe_split(chain: Chain) -> Iterator[str]:
    """Yield how a chain is split: what runs where, and how often pixels are sampled."""
    done = split(chain)
    count = len(done.stages)
    times = "once" if count == 1 else "twice" if count == 2 else f"{count} times"
    yield f"sampled {times} between source and mosaic"
    for number, stage in enumerate(done.stages, 1):
        heading = f"sampling {number}" if count > 1 else "sampling"
        view = ["the projection to the view"] if number == count else []
        yield from _stage_lines(stage, heading, view)
    if done.after:
        yield f"  on sampled pixels: {_names(done.after)}{_halo(done.after_halo_px)}"


def _stage_lines(stage: Stage, heading: str, view: list[str]) -> Iterator[str]:
    if stage.pointwise:
        yield f"  pixel by pixel, once a block: {_names(stage.pointwise)}"
    if stage.focal:
        yield f"  on windows of the source: {_names(stage.focal)}{_halo(stage.halo_px)}"
    names = [process_name(each) for each in stage.geotransforms] + view
    sampler = stage.sampler
    own = f", {sampler.interpolation}" if sampler.interpolation else ""
    size = "" if view else f", pixels of {sampler.pixel_size:g}"
    added = " (added)" if stage.is_default and sampler == DEFAULT_SAMPLER else ""
    through = " + ".join(names)
    yield f"  {heading}: {process_name(sampler)}{added}{own}{size}, through {through or 'nothing'}"


def _names(processes: Sequence[RasterFunctionProcess]) -> str:
    return ", ".join(process.function for process in processes)


def _halo(pixels: int) -> str:
    return f" with {pixels} pixels around" if pixels else ""
