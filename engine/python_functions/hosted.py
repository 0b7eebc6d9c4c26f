"""One user's function, loaded: asked in the order of the convention, its answers checked.

Of each binding (scalars and rasters) there is an object of its own, because functions keep in it what
`updateRasterInfo` was told. Runs in a process made for it.

References
----------
Esri, raster-functions wiki: Anatomy of a Python Raster Function.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from cachetools import LRUCache

from engine.pixel_type import PixelType
from engine.python_functions.esri_info import (
    array_code,
    facts_of,
    info_of,
    key_metadata,
    some_bands,
    with_key_metadata,
)
from engine.python_functions.hosted_blocks import checked_pixels, input_blocks
from engine.python_functions.messages import Bound, Described, RasterFacts
from engine.python_functions.parameters import parameters_of
from engine.python_functions.user_code import UserFault, load_class

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.python_functions.messages import Bind, Compute

_MOST_BOUND = 32
_MOST_PADDING = 512
# Dimensions and resampling are the service's; no data travels as masks.
_PIXEL_TYPE = 1
_STATISTICS, _HISTOGRAM, _KEY_PROPERTIES = 2, 4, 8
_EVERYTHING = 0xFF
COMPOSITE = "compositeraster"


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What `getConfiguration` says."""

    extract_bands: tuple[int, ...] = ()
    is_composite: bool = False
    inherit: int = _EVERYTHING
    invalidate: int = 0
    padding: int = 0
    wants_mask: bool = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """An object that has been told of its rasters."""

    own: Any
    configuration: _Configuration
    output: RasterFacts


class HostedFunction:
    """A raster function of a file.

    Parameters
    ----------
    file
        Holds the class.

    Raises
    ------
    UserFault, Exception
        From all methods; `user_code.guarded` makes records of them.
    """

    def __init__(self, file: Path) -> None:
        self._class = load_class(file)
        self.parameters = parameters_of(self._class().getParameterInfo())
        self._lists = {each.name for each in self.parameters if each.data_type == "rasters"}
        self._ready: LRUCache[Bind, _Ready] = LRUCache(_MOST_BOUND)

    def describe(self) -> Described:
        """Return what the function is and takes."""
        own = self._class()
        told = str(getattr(own, "description", "") or "")
        return Described(
            class_name=self._class.__name__,
            description=" ".join(told.split())[:2000],
            parameters=self.parameters,
        )

    def bind(self, asked: Bind) -> Bound:
        """Return the padding, and with rasters what comes out of them."""
        if not asked.facts:
            own = self._class()
            return Bound(padding=_configuration(own, _scalars(asked)).padding)
        ready = self._bound(asked)
        return Bound(padding=ready.configuration.padding, output=ready.output)

    def compute(self, asked: Compute, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """Return pixels of blocks, one for each raster."""
        ready = self._bound(asked.bound)
        configuration, output, place = ready.configuration, ready.output, asked.place
        padding = configuration.padding
        rows, cols = blocks[0].rows - 2 * padding, blocks[0].cols - 2 * padding
        shape = (rows, cols) if output.bands == 1 else (output.bands, rows, cols)
        given, valid = input_blocks(
            self._named(asked.bound.rasters, self._extracted(configuration, blocks)),
            wants_mask=configuration.wants_mask,
        )
        properties = {
            "extent": place.extent,
            "pixelType": array_code(output.pixel_type),
            "spatialReference": place.wkid,
            "cellSize": place.cell_size,
            "width": cols,
            "height": rows,
            "noData": None,
        }
        if configuration.is_composite:
            given = _composited(given)
        made = _pixels(ready.own, (0.0, 0.0), shape, properties, given)
        inner = (slice(None), slice(padding, padding + rows), slice(padding, padding + cols))
        return checked_pixels(made, shape, np.ascontiguousarray(valid[inner]))

    def _bound(self, asked: Bind) -> _Ready:
        found = self._ready.get(asked)
        if found is None:
            found = self._ready[asked] = self._new(asked)
        return found

    def _new(self, asked: Bind) -> _Ready:
        own = self._class()
        scalars = _scalars(asked)
        configuration = _configuration(own, scalars)
        facts = [_extracted_facts(configuration, each) for each in asked.facts]
        first = facts[0]
        given: dict[str, Any] = dict(scalars)
        for name, infos in self._named(asked.rasters, [info_of(each) for each in facts]).items():
            given[f"{name}_info"] = infos
        if configuration.is_composite:
            first = _stacked(facts)
            given[f"{COMPOSITE}_info"] = info_of(first)
        before = _inherited(configuration, first)
        given["output_info"] = info_of(before)
        update = getattr(own, "updateRasterInfo", None)
        answer = update(**given) if callable(update) else given
        answer = given if answer is None else answer
        if not isinstance(answer, dict) or not isinstance(answer.get("output_info"), dict):
            raise UserFault("updateRasterInfo must return its arguments, with output_info")
        output = facts_of(answer["output_info"], before)
        return _Ready(own, configuration, _with_metadata(own, output))

    def _named(self, names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
        """Return values by the names of their parameters; of a list of rasters a tuple."""
        found: dict[str, Any] = {}
        for name, value in zip(names, values, strict=False):
            if name in self._lists:
                found[name] = (*found.get(name, ()), value)
            else:
                found[name] = value
        return found

    def _extracted(
        self, configuration: _Configuration, blocks: Sequence[PixelBlock]
    ) -> list[PixelBlock]:
        bands = list(configuration.extract_bands)
        if not bands:
            return list(blocks)
        return [
            type(block)(
                np.ascontiguousarray(block.data[bands]),
                block.valid if block.valid.shape[0] == 1 else block.valid[bands],
            )
            for block in blocks
        ]


def _scalars(asked: Bind) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked.scalars)
    return found


def _configuration(own: Any, scalars: dict[str, Any]) -> _Configuration:
    ask = getattr(own, "getConfiguration", None)
    given = ask(**scalars) if callable(ask) else {}
    if not isinstance(given, dict):
        raise UserFault("getConfiguration must return a dictionary")
    bands = given.get("extractBands")
    bands = (bands,) if isinstance(bands, int) else tuple(bands or ())
    whole = all(isinstance(band, int | np.integer) and band >= 0 for band in bands)
    if not whole:
        raise UserFault(f"getConfiguration: extractBands is {bands!r}, not numbers from 0")
    return _Configuration(
        extract_bands=tuple(int(band) for band in bands),
        is_composite=bool(given.get("compositeRasters", False)),
        inherit=_bits(given, "inheritProperties", _EVERYTHING),
        invalidate=_bits(given, "invalidateProperties", 0),
        padding=_bits(given, "padding", 0, _MOST_PADDING),
        wants_mask=bool(given.get("inputMask", False)),
    )


def _bits(given: dict[str, Any], key: str, default: int, most: int = 2**31) -> int:
    value = given.get(key)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise UserFault(f"getConfiguration: {key} is {value!r}, not a number")
    if not 0 <= value <= most or value != int(value):
        raise UserFault(f"getConfiguration: {key} is {value!r}, not a whole number to {most}")
    return int(value)


def _extracted_facts(configuration: _Configuration, facts: RasterFacts) -> RasterFacts:
    bands = configuration.extract_bands
    if not bands:
        return facts
    if max(bands) >= facts.bands:
        raise UserFault(f"it needs band {max(bands) + 1}, the raster has {facts.bands}")
    return some_bands(facts, bands)


def _stacked(facts: Sequence[RasterFacts]) -> RasterFacts:
    """Return what is known of all rasters as one of all their bands."""
    kinds = {np.dtype(each.pixel_type.dtype_name) for each in facts}
    widest = np.result_type(*kinds)
    kind = next((e.pixel_type for e in facts if e.pixel_type.dtype_name == widest), None)
    return RasterFacts(
        pixel_type=kind or max((e.pixel_type for e in facts), key=lambda e: e.bytes_per_sample),
        bands=sum(each.bands for each in facts),
        properties=facts[0].properties,
        place=facts[0].place,
    )


def _inherited(configuration: _Configuration, first: RasterFacts) -> RasterFacts:
    """Return the output as it is before the function speaks."""
    lost = configuration.invalidate
    gone: dict[str, Any] = {}
    if not configuration.inherit & _PIXEL_TYPE:
        gone["pixel_type"] = PixelType.F32
    if lost & _STATISTICS:
        gone["statistics"] = ()
    if lost & _HISTOGRAM:
        gone["histograms"] = ()
    if lost & _KEY_PROPERTIES:
        gone.update(properties=(), names=(), wavelengths_nm=())
    return msgspec.structs.replace(first, **gone)


def _with_metadata(own: Any, output: RasterFacts) -> RasterFacts:
    update = getattr(own, "updateKeyMetadata", None)
    if not callable(update):
        return output
    found = []
    for band in range(-1, output.bands):
        before = key_metadata(output, band)
        after = update((), band, **before)
        if not isinstance(after, dict):
            raise UserFault("updateKeyMetadata must return its keyMetadata")
        found.append(after)
    return with_key_metadata(output, found)


def _composited(given: dict[str, Any]) -> dict[str, Any]:
    """Return all rasters as one, `compositeraster`; the single ones stay."""
    found = dict(given)
    for ending in ("_pixels", "_mask"):
        parts: list[Any] = []
        for name, value in given.items():
            if name.endswith(ending):
                parts += value if isinstance(value, tuple) else [value]
        if parts:
            stacked = [part if part.ndim == 3 else part[np.newaxis] for part in parts]
            found[COMPOSITE + ending] = np.concatenate(stacked)
    return found


def _pixels(
    own: Any,
    tlc: tuple[float, float],
    shape: tuple[int, ...],
    properties: dict[str, Any],
    given: dict[str, Any],
) -> dict[str, Any]:
    update = getattr(own, "updatePixels", None)
    if not callable(update):
        raise UserFault("it has no updatePixels")
    names = list(inspect.signature(update).parameters.values())
    if names and names[0].kind is inspect.Parameter.VAR_KEYWORD:
        # As the first releases of the convention had it: results are written into arrays that are there.
        given = {**given, "output_pixels": np.zeros(shape, properties["pixelType"])}
        answer = update(**given)
    else:
        answer = update(tlc, shape, properties, **given)
    if not isinstance(answer, dict) or answer.get("output_pixels") is None:
        raise UserFault("updatePixels must return its pixelBlocks, with output_pixels")
    return answer
