"""Read what an author states about terrain: a raster, a service or a height, and what to do with it."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError, SourceError
from engine.geometry.projection import vertical_crs
from engine.geometry.published_terrain import is_published, published_file
from engine.geometry.terrain import COMPILED_SUFFIX, stated_datum
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geometry.void_height import void_height
from engine.process_memory import process_memory
from engine.readers.header import read_header
from engine.zmd import connect_read_only, read_summary

if TYPE_CHECKING:
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.summary import ServiceSummary

AVERAGE = "average"
_ACCEPTED = "expected a raster, a compiled service (.zmd), the name of a published service or a height in metres"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainOption:
    """Texts of the options about terrain; "" = not given.

    Attributes
    ----------
    dem : str
        File, folder of a published service, or metres.
    datum : str
        Of its heights, after factor and offset.
    z_factor, z_offset : float or None
        height = sample × factor + offset.
    fill : str
        Height where there is none: metres in `datum`, or "average".
    """

    dem: str = ""
    datum: str = ""
    z_factor: float | None = None
    z_offset: float | None = None
    fill: str = ""


def parse_terrain(option: TerrainOption) -> TerrainDefinition | None:
    """Return the terrain, None where none is stated.

    Raises
    ------
    ConfigError
        Naming the option, its value and what would be accepted.
    """
    if not option.dem.strip():
        _refuse_rest(option, "expected only together with --dem", ("datum", *_OF_RASTERS))
        return None
    constant = _metres(option.dem)
    if constant is not None:
        _refuse_rest(option, "expected only with a raster or a service as --dem", _OF_RASTERS)
        return ConstantHeight(height_m=constant, vertical_datum=option.datum or "ellipsoid")
    path = Path(option.dem)
    if not path.is_file() and not is_published(path):
        raise ConfigError("--dem", option.dem, _ACCEPTED)
    factor, offset = _number(option, "z_factor", 1.0), _number(option, "z_offset", 0.0)
    if factor == 0:
        raise ConfigError("--dem-zfactor", str(factor), "expected a number other than 0")
    return RasterTerrain(
        path=str(path.resolve()),
        vertical_datum=option.datum or _datum_of_service(path),
        z_factor=factor,
        z_offset_m=offset,
        void_height_m=_fill(option, path, factor, offset),
    )


_NAMES = {
    "datum": "--dem-datum",
    "z_factor": "--dem-zfactor",
    "z_offset": "--dem-zoffset",
    "fill": "--dem-fill",
}
_OF_RASTERS = ("z_factor", "z_offset", "fill")


def _refuse_rest(option: TerrainOption, why: str, fields: tuple[str, ...]) -> None:
    for field in fields:
        value = getattr(option, field)
        if value not in ("", None):
            raise ConfigError(_NAMES[field], str(value), why)


def _metres(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        raise ConfigError("--dem", text, _ACCEPTED)
    return value


def _number(option: TerrainOption, field: str, usual: float) -> float:
    value = getattr(option, field)
    if value is None:
        return usual
    if not math.isfinite(value):
        raise ConfigError(_NAMES[field], str(value), "expected a finite number")
    return float(value)


def _fill(option: TerrainOption, path: Path, factor: float, offset: float) -> float | None:
    """Return the height for voids in the stated datum."""
    if not option.fill:
        return None
    if option.fill != AVERAGE:
        try:
            value = float(option.fill)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ConfigError("--dem-fill", option.fill, f"expected metres or {AVERAGE}")
        return value
    summary = _summary(path)
    if summary is not None:
        if not summary.statistics:
            why = "its statistics were not built, so there is no average: state metres"
            raise ConfigError("--dem-fill", option.fill, why)
        return summary.statistics[0].mean * factor * vertical_crs(summary.crs)[1] + offset
    try:
        mean = void_height(str(path.resolve()), "mean", process_memory())
        metres = vertical_crs(read_header(str(path.resolve())).crs)[1]
    except SourceError as err:
        raise ConfigError("--dem-fill", option.fill, f"no average of {path.name}: {err}") from err
    return mean * factor * metres + offset


def _datum_of_service(path: Path) -> str:
    """Return the datum that a service states, "" where it states none or `path` is a raster."""
    summary = _summary(path)
    return "" if summary is None else stated_datum(summary.crs)


def _summary(path: Path) -> ServiceSummary | None:
    if is_published(path):
        path = published_file(path)
    if path.suffix.casefold() != COMPILED_SUFFIX:
        return None
    with closing(connect_read_only(path)) as handle:
        return read_summary(handle, path)
