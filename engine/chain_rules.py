"""What a process chain must keep to; every fault is found before anything runs.

Rule: pure. Geotransforms are bound (their numbers checked, splines solved), raster functions too where
the bands are known; nothing is evaluated on positions or pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.chain import (
    NO_FUNCTION,
    Functions,
    Kind,
    Process,
    RasterFunctionProcess,
    Sampler,
    SamplerOrtho,
    is_sensor,
    kind_of,
    padding_of,
    process_name,
)
from engine.errors import InvalidParameter
from engine.function_rules import ClipRule, OutsideRule, StretchRule
from engine.functions import FUNCTIONS
from engine.functions.stretch import NONE
from engine.geometry.terrain_definition import AverageHeight
from engine.process_steps import bind_step
from engine.request_parts import ConstantInput, MosaicInput, RenderingRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.functions.base import BandsInfo


# The function whose results depend on where in its raster a pixel lies.
_PLACED = "GainSurface"
# The function that draws on the pixels of views, which the raster of an item has none of.
_DRAWN = "VectorFieldRenderer"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a chain is refused.

    Attributes
    ----------
    index : int
        Of the process at fault, from 0; -1 = the chain as a whole.
    why : str
    """

    index: int
    why: str


def item_faults(
    chain: Sequence[Process], info: BandsInfo | None = None, functions: Functions = FUNCTIONS
) -> list[Fault]:
    """Return what is wrong with an item's chain: a raster's processes, then its group's.

    Parameters
    ----------
    info
        Bands of the source; None = not known, then arguments are not checked against bands.
    """
    faults = [Fault(i, why) for i, process in enumerate(chain) for why in _number_faults(process)]
    faults += _function_faults(chain, info, functions)
    faults += _sensor_faults(chain)
    faults += _place_faults(chain)
    return sorted(faults, key=lambda fault: fault.index)


def service_faults(
    chain: Sequence[Process], info: BandsInfo | None = None, functions: Functions = FUNCTIONS
) -> list[Fault]:
    """Return what is wrong with a service's chain, which comes after the mosaic."""
    faults = [
        Fault(
            i,
            f"a {kind_of(process)} in the chain of a service; after the mosaic there are only "
            f"radiometric processes: put it into the chains of the items",
        )
        for i, process in enumerate(chain)
        if kind_of(process) is not Kind.RADIOMETRIC
    ]
    faults += _function_faults(chain, info, functions)
    faults += [
        Fault(i, f"{_PLACED} knows places in one raster; put it into the chains of the items")
        for i, process in enumerate(chain)
        if isinstance(process, RasterFunctionProcess) and _is_placed(process)
    ]
    return sorted(faults, key=lambda fault: fault.index)


def _is_placed(process: RasterFunctionProcess) -> bool:
    return process.function.casefold() == _PLACED.casefold()


def _draws(rule: RenderingRule) -> bool:
    inner = (each for each in rule.inputs if isinstance(each, RenderingRule))
    return rule.function.casefold() == _DRAWN.casefold() or any(map(_draws, inner))


def _place_faults(chain: Sequence[Process]) -> Iterator[Fault]:
    """Check that what depends on places in the file is done before pixels are sampled."""
    was_sampled = False
    for index, process in enumerate(chain):
        if isinstance(process, RasterFunctionProcess) and _draws(process.rule()):
            yield Fault(index, f"{_DRAWN} draws on views; put it into the chain of the service")
        if isinstance(process, Sampler):
            was_sampled = True
        elif isinstance(process, RasterFunctionProcess) and was_sampled and _is_placed(process):
            yield Fault(index, f"{_PLACED} needs pixels of the file; put it before the sampler")


def _number_faults(process: Process) -> Iterator[str]:
    if isinstance(process, Sampler):
        yield from _sampler_faults(process)
    elif not isinstance(process, RasterFunctionProcess):
        try:
            process.bind()
        except InvalidParameter as error:
            yield str(error)


def _sampler_faults(sampler: Sampler) -> Iterator[str]:
    tolerance = sampler.tolerance_px
    if tolerance is not None and not 0 < tolerance < math.inf:
        yield _told("tolerance_px", tolerance, "a finite number of output pixels above 0")
    if not 0 < sampler.pixel_size < math.inf:
        yield _told("pixel_size", sampler.pixel_size, "a finite size above 0")
    if isinstance(sampler, SamplerOrtho) and not isinstance(sampler.terrain, AverageHeight):
        try:
            sampler.terrain.check()
        except InvalidParameter as error:
            yield str(error)


def _told(name: str, value: object, accepted: str) -> str:
    return str(InvalidParameter(name, value, accepted))


def _function_faults(
    chain: Sequence[Process], info: BandsInfo | None, functions: Functions
) -> Iterator[Fault]:
    for index, process in enumerate(chain):
        if not isinstance(process, RasterFunctionProcess):
            continue
        why = _misuse(process, info, functions)
        if why:
            yield Fault(index, why)
            # What this one would have made is not known: later ones are checked without it.
            info = None
        elif info is not None:
            try:
                step = bind_step(process, info)
            except InvalidParameter as error:
                yield Fault(index, str(error))
                info = None
            else:
                info = info if step is None else step.output


def _misuse(process: RasterFunctionProcess, info: BandsInfo | None, functions: Functions) -> str:
    """Return why a function cannot stand in a chain, whatever its bands; "" = it can."""
    why = next(_rule_misuses(process.rule(), functions), "")
    if why:
        return why
    try:
        padding_of(process, functions)
    except InvalidParameter as error:
        return str(error)
    arguments = process.arguments
    # What is known of the source is not what functions of functions get.
    known = None if process.inputs else info
    return _stretch_misuse(arguments, known) if isinstance(arguments, StretchRule) else ""


def _rule_misuses(
    rule: RenderingRule, functions: Functions, *, is_inner: bool = False
) -> Iterator[str]:
    """Yield what is wrong with a function, and with those that it takes, whatever their bands."""
    name, arguments = rule.function, rule.arguments
    if name != NO_FUNCTION and name not in functions:
        yield _told("function", name, ", ".join((NO_FUNCTION, *functions)))
        return
    if arguments is not None and not isinstance(arguments, OutsideRule):
        given = str(arguments.__struct_config__.tag)
        if name.casefold() != given.casefold():
            yield f"arguments of {given} at function {name!r}"
    if isinstance(arguments, StretchRule) and arguments.dynamic_range:
        yield (
            "dynamic_range takes statistics from each view, so that neighbouring tiles would differ; "
            "it is for rendering rules alone"
        )
    if isinstance(arguments, ClipRule):
        yield "Clip knows places on the map; it is for rendering rules alone"
    if is_inner and name.casefold() == _PLACED.casefold():
        yield f"{_PLACED} knows places in one raster; it cannot stand within another function"
    for each in rule.inputs:
        if isinstance(each, RenderingRule):
            yield from _rule_misuses(each, functions, is_inner=True)
        elif each != MosaicInput() and not isinstance(each, ConstantInput):
            yield "inputs are $$ (the raster of the chain), numbers and functions"


def _stretch_misuse(stretch: StretchRule, info: BandsInfo | None) -> str:
    if stretch.stretch_type != NONE and not stretch.statistics and not (info and info.statistics):
        return _told("statistics", "none", "(min, max, mean, deviation) of each band, or of all")
    return ""


def _sensor_faults(chain: Sequence[Process]) -> Iterator[Fault]:
    """Check that a sensor model and an ortho sampler find each other, once."""
    first_sensor = waiting = -1
    for index, process in enumerate(chain):
        if is_sensor(process):
            if first_sensor >= 0:
                yield Fault(
                    index,
                    f"a second sensor model; process {first_sensor + 1} "
                    f"({process_name(chain[first_sensor])}) has left the image for the ground already",
                )
            else:
                first_sensor = waiting = index
        elif isinstance(process, SamplerOrtho):
            if waiting < 0:
                yield Fault(index, "no sensor model before it to give heights to; use Sampler2D")
            waiting = -1
        elif isinstance(process, Sampler) and waiting >= 0:
            yield Fault(
                index,
                f"it cannot sample through the sensor model {process_name(chain[waiting])}, which "
                "needs heights; use SamplerOrtho",
            )
            waiting = -1
    if waiting >= 0:
        yield Fault(
            waiting, "a sensor model needs heights: put a SamplerOrtho after it in the chain"
        )
