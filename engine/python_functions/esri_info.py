"""Facts of rasters as the dictionaries that users' functions get and give back, and the other way round.

What a function may write is checked here: whatever it gives, a record or a `UserFault` comes out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.pixel_type import PixelType, pixel_type_of_dtype
from engine.python_functions.messages import RasterFacts
from engine.python_functions.user_code import UserFault
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Info = dict[str, Any]

MOST_BANDS = 4096
_MOST_COLOURS = 65_536
_MOST_BINS = 65_536
_MOST_TEXT = 200
_CODES = {
    PixelType.U1: "t1",
    PixelType.U2: "t2",
    PixelType.U4: "t4",
    PixelType.U8: "u1",
    PixelType.S8: "i1",
    PixelType.U16: "u2",
    PixelType.S16: "i2",
    PixelType.U32: "u4",
    PixelType.S32: "i4",
    PixelType.F32: "f4",
    PixelType.F64: "f8",
}
_OF_CODE = {code: kind for kind, code in _CODES.items()}
# As the first releases of the convention wrote them.
_OF_OLD_NAME = {
    "1_BIT": PixelType.U1,
    "2_BIT": PixelType.U2,
    "4_BIT": PixelType.U4,
    "8_BIT_UNSIGNED": PixelType.U8,
    "8_BIT_SIGNED": PixelType.S8,
    "16_BIT_UNSIGNED": PixelType.U16,
    "16_BIT_SIGNED": PixelType.S16,
    "32_BIT_UNSIGNED": PixelType.U32,
    "32_BIT_SIGNED": PixelType.S32,
    "32_BIT_FLOAT": PixelType.F32,
    "64_BIT": PixelType.F64,
}


def array_code(kind: PixelType) -> str:
    """Return the code with which numpy makes arrays of a type ("u1" for those of less than 8 bits)."""
    return np.dtype(kind.dtype_name).str[1:]


def info_of(facts: RasterFacts) -> Info:
    """Return the `<name>_info` of a raster."""
    place = facts.place
    extent = place.extent if place else ()
    return {
        "bandCount": facts.bands,
        "pixelType": _CODES[facts.pixel_type],
        "noData": None,
        "cellSize": place.cell_size if place else (1.0, 1.0),
        "extent": extent,
        "nativeExtent": extent,
        "spatialReference": place.wkid if place else 0,
        "nativeSpatialReference": place.wkid if place else 0,
        "geodataXform": "",
        "colormap": _colour_arrays(facts.colormap),
        "rasterAttributeTable": ("", ()),
        "levelOfDetails": 0,
        "origin": (extent[0], extent[3]) if len(extent) == 4 else (),
        "resampling": True,
        "bandSelection": False,
        "histogram": tuple(np.array(each.counts, np.int64) for each in facts.histograms),
        "statistics": tuple(
            {
                "minimum": each.min,
                "maximum": each.max,
                "mean": each.mean,
                "standardDeviation": each.std,
                "skipFactorX": 1,
                "skipFactorY": 1,
            }
            for each in facts.statistics
        ),
    }


def facts_of(info: Mapping[str, Any], before: RasterFacts) -> RasterFacts:
    """Return what `output_info` says.

    Parameters
    ----------
    before
        What the function was given as `output_info`.

    Raises
    ------
    UserFault
        Says which entry cannot be.
    """
    bands = _band_count(info.get("bandCount", before.bands))
    statistics = _statistics(info.get("statistics"), bands)
    if statistics == tuple(msgspec.structs.replace(each, count=0) for each in before.statistics):
        statistics = before.statistics
    same = bands == before.bands
    return RasterFacts(
        pixel_type=_pixel_type(info.get("pixelType")),
        bands=bands,
        statistics=statistics,
        histograms=_histograms(info.get("histogram"), statistics),
        names=before.names if same else (),
        wavelengths_nm=before.wavelengths_nm if same else (),
        colormap=_colours(info.get("colormap")) if bands == 1 else (),
        properties=before.properties,
        is_thematic=before.is_thematic,
        place=before.place,
    )


def some_bands(facts: RasterFacts, bands: Sequence[int]) -> RasterFacts:
    """Return what is known of some bands (from 0)."""

    def chosen(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(entries[band] for band in bands) if len(entries) == facts.bands else ()

    return msgspec.structs.replace(
        facts,
        bands=len(bands),
        statistics=chosen(facts.statistics),
        histograms=chosen(facts.histograms),
        names=chosen(facts.names),
        wavelengths_nm=chosen(facts.wavelengths_nm),
        colormap=facts.colormap if len(bands) == 1 else (),
    )


def key_metadata(facts: RasterFacts, band: int) -> Info:
    """Return the key metadata of a band (from 0), or with -1 of the raster."""
    if band < 0:
        return dict(facts.properties)
    found: Info = {}
    if band < len(facts.names):
        found["bandname"] = facts.names[band]
    if band < len(facts.wavelengths_nm):
        found["wavelengthmin"], found["wavelengthmax"] = facts.wavelengths_nm[band]
    return found


def with_key_metadata(facts: RasterFacts, found: Sequence[Mapping[str, Any]]) -> RasterFacts:
    """Return facts with key metadata as a function has left it: of the raster, then of each band."""
    properties = tuple(
        (str(key).casefold()[:_MOST_TEXT], _property(value))
        for key, value in found[0].items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    )
    names = tuple(str(each.get("bandname") or "")[:_MOST_TEXT] for each in found[1:])
    waves = tuple(
        (_finite(each.get("wavelengthmin")), _finite(each.get("wavelengthmax")))
        for each in found[1:]
    )
    return msgspec.structs.replace(
        facts,
        properties=properties,
        names=names if any(names) else (),
        wavelengths_nm=waves if any(wave != (None, None) for wave in waves) else (),
    )


def _property(value: str | float) -> str | float:
    return value[:_MOST_TEXT] if isinstance(value, str) else float(value)


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _band_count(value: object) -> int:
    if isinstance(value, int | np.integer) and 1 <= value <= MOST_BANDS:
        return int(value)
    raise UserFault(f"output_info['bandCount'] is {value!r}, not a count from 1 to {MOST_BANDS}")


def _pixel_type(value: object) -> PixelType:
    if isinstance(value, str):
        known = _OF_CODE.get(value.lower()) or _OF_OLD_NAME.get(value.upper())
        if known is not None:
            return known
    try:
        found = pixel_type_of_dtype(np.dtype(value).name)  # type: ignore[call-overload]  # -- whatever a function gave
    except (TypeError, ValueError):
        found = None
    if found is None:
        accepted = ", ".join(_OF_CODE)
        raise UserFault(f"output_info['pixelType'] is {value!r}, not one of {accepted}")
    return found


def _statistics(value: object, bands: int) -> tuple[BandStatistics, ...]:
    """Return one entry a band, or none where what is given does not tell lowest and highest of each."""
    rows: list[Any] = [value] if isinstance(value, dict) else _listed(value)
    if len(rows) == 1:
        rows *= bands
    found = []
    for row in rows[:bands]:
        entries = row if isinstance(row, dict) else {}
        low, high = _finite(entries.get("minimum")), _finite(entries.get("maximum"))
        if low is None or high is None or low > high:
            return ()
        mean, std = _finite(entries.get("mean")), _finite(entries.get("standardDeviation"))
        # Where a function tells the ends alone: as if all between were as frequent.
        mean = (low + high) / 2 if mean is None else mean
        std = (high - low) / math.sqrt(12) if std is None else std
        found.append(BandStatistics(min=low, max=high, mean=mean, std=std))
    return tuple(found) if len(found) == bands else ()


def _histograms(value: object, statistics: tuple[BandStatistics, ...]) -> tuple[Histogram, ...]:
    rows = _listed(value)
    if len(rows) != len(statistics):
        return ()
    found = []
    for row, own in zip(rows, statistics, strict=True):
        try:
            counts = np.asarray(row, np.float64)
        except (TypeError, ValueError):
            return ()
        if counts.ndim != 1 or not 1 <= counts.size <= _MOST_BINS or own.min >= own.max:
            return ()
        if not np.isfinite(counts).all() or (counts < 0).any() or counts.max() > 2**62:
            return ()
        found.append(Histogram(min=own.min, max=own.max, counts=tuple(map(int, counts))))
    return tuple(found)


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, tuple | list | np.ndarray) else []


def _colour_arrays(colormap: tuple[tuple[int, int, int, int], ...]) -> tuple[Any, ...]:
    if not colormap:
        return ()
    table = np.array(colormap, np.int64)
    colours = (table[:, column].astype(np.uint8) for column in (1, 2, 3))
    return (table[:, 0].astype(np.int32), *colours)


def _colours(value: object) -> tuple[tuple[int, int, int, int], ...]:
    if not isinstance(value, tuple | list) or not len(value):
        return ()
    try:
        columns = [np.asarray(each).astype(np.int64).reshape(-1) for each in value]
        table = np.stack(columns, axis=1)
    except (TypeError, ValueError) as err:
        raise UserFault("output_info['colormap'] is not four arrays of one length") from err
    if table.shape[1] != 4 or len(table) > _MOST_COLOURS or table[:, 1:].min(initial=0) < 0:
        raise UserFault("output_info['colormap'] is not values, red, green and blue")
    if table[:, 1:].max(initial=0) > 255:
        raise UserFault("output_info['colormap'] has a colour beyond 255")
    return tuple((int(v), int(r), int(g), int(b)) for v, r, g, b in table)
