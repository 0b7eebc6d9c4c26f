"""Direct location grids: longitude and latitude of regular image positions, at several heights.

A GeoTIFF as the French toolchains (Orfeo ToolBox's physical models, shareloc) write it: two bands a height,
the tags LG_FIELD_Bn ("lon", "lat"), LG_ALTITUDE_Bn (metres) and LG_REF (CRS) in its GTiff domain. Nodes
stand at the *corners* of the grid's pixels as GDAL's geotransform has them, its origin being the first node;
it counts pixels of the whole scene, 0.5 being the centre of the first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.grid_sensor import GridSensorRecord
from raster_types.sensor_files.image_window import WHOLE_IMAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from raster_types.sensor_files.image_window import ImageWindow

_DIRECT = "DIRECT_LOCATION"
_FIELDS = {"lon": "x", "lat": "y", "x": "x", "y": "y"}


def read_location_grid(
    bands: NDArray[np.float64],
    geotransform: Sequence[float],
    tags: Mapping[str, str],
    *,
    window: ImageWindow = WHOLE_IMAGE,
    vertical_datum: str = "ellipsoid",
) -> GridSensorRecord:
    """Return the sensor model that a location grid holds.

    Parameters
    ----------
    bands : float64 (bands, rows, columns)
    geotransform : 6 floats
        The grid file's own, GDAL order.
    tags : mapping
        Those of its GTiff domain.
    window : ImageWindow
        The raster's place in the whole scene, for crops and reduced copies.
    vertical_datum : str
        What the altitudes count from; the files say nothing.

    Raises
    ------
    InvalidParameter
        Not a direct location grid, tags missing, a rotated lattice.
    """
    window.check()
    if tags.get("LG_GRID_TYPE", _DIRECT) != _DIRECT:
        raise InvalidParameter("LG_GRID_TYPE", tags["LG_GRID_TYPE"], _DIRECT)
    crs = tags.get("LG_REF", "")
    if not crs:
        raise InvalidParameter("LG_REF", "", "the CRS of the ground positions")
    left, step_x, skew_x, top, skew_y, step_y = (float(value) for value in geotransform)
    if skew_x or skew_y:
        raise InvalidParameter("geotransform", tuple(geotransform), "a lattice that is not rotated")
    layers = _layers(tags, len(bands))
    heights = sorted(layers)
    for height in heights:
        if set(layers[height]) != {"x", "y"}:
            raise InvalidParameter("LG_FIELD", height, "a lon and a lat band for each altitude")
    values = {
        axis: np.stack([bands[layers[height][axis]] for height in heights]).ravel().tolist()
        for axis in ("x", "y")
    }
    return GridSensorRecord(
        ground_crs=crs,
        vertical_datum=vertical_datum,
        columns=bands.shape[2],
        rows=bands.shape[1],
        first_x=(left - window.first_col) / window.col_step,
        first_y=(top - window.first_row) / window.row_step,
        step_x=step_x / window.col_step,
        step_y=step_y / window.row_step,
        heights_m=tuple(heights),
        x=tuple(values["x"]),
        y=tuple(values["y"]),
    )


def _layers(tags: Mapping[str, str], count: int) -> dict[float, dict[str, int]]:
    """Band of each axis, by altitude."""
    layers: dict[float, dict[str, int]] = {}
    for band in range(count):
        field = tags.get(f"LG_FIELD_B{band}", "")
        if field not in _FIELDS:
            raise InvalidParameter(f"LG_FIELD_B{band}", field, "lon, lat, x or y")
        text = tags.get(f"LG_ALTITUDE_B{band}", "")
        try:
            height = float(text)
        except ValueError:
            height = math.nan
        if not math.isfinite(height):
            raise InvalidParameter(f"LG_ALTITUDE_B{band}", text, "an altitude in metres")
        layers.setdefault(height, {})[_FIELDS[field]] = band
    return layers
