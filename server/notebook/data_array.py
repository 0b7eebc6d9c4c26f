"""Pixel blocks as arrays of xarray, which is an extra: `pip install 'swath[notebook]'`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ConfigError

if TYPE_CHECKING:
    import xarray

    from engine.pixels import PixelBlock
    from engine.plan import Plan

# float32 holds whole numbers up to 2**24.
_NARROW = ("uint8", "int8", "uint16", "int16", "float32")


def data_array(block: PixelBlock, made: Plan, names: tuple[str, ...]) -> xarray.DataArray:
    """Return a block as an array (band, y, x) with coordinates at the centres of its pixels.

    Parameters
    ----------
    made
        The plan that the block was made by.
    names
        Of the bands.

    Raises
    ------
    ConfigError
        xarray is not installed.
    """
    try:
        import xarray  # noqa: PLC0415 -- an extra
    except ImportError as err:
        why = "is not installed; pip install 'swath[notebook]'"
        raise ConfigError("xarray", "", why) from err
    grid = made.grid
    box, lattice = grid.extent, grid.lattice
    kind = np.float32 if block.data.dtype.name in _NARROW else np.float64
    samples = np.where(block.valid, block.data.astype(kind), kind(np.nan))
    return xarray.DataArray(
        samples,
        dims=("band", "y", "x"),
        coords={
            "band": list(names),
            "y": box.ymax - (np.arange(grid.height) + 0.5) * lattice.pixel_y,
            "x": box.xmin + (np.arange(grid.width) + 0.5) * lattice.pixel_x,
        },
        attrs={
            "crs": lattice.crs,
            "transform": grid.geotransform,
            "pixel_type": made.pixel_type.value,
        },
    )
