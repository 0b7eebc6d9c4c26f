"""Casts that clamp and round, never rescale, and no-data values that a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.errors import InvalidParameter
from engine.no_data import representable
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType
    from engine.pixels import Array

NoDataMatch = Literal["any", "all", ""]


def cast(block: PixelBlock, pixel_type: PixelType) -> PixelBlock:
    """Return the samples as another type: clamped to its range, halves rounded to even.

    NaN becomes invalid where the new type cannot hold it; infinities are clamped.
    """
    dtype = np.dtype(pixel_type.dtype_name)
    data = block.data
    if pixel_type.is_float:
        return PixelBlock(_as_float(data, dtype), block.valid)
    low, high = (int(limit) for limit in pixel_type.limits)
    if data.dtype.kind == "f":
        return _rounded(block, low, high, dtype)
    held = np.iinfo(data.dtype)
    if held.min < low or held.max > high:
        data = np.clip(data, max(low, held.min), min(high, held.max))
    return PixelBlock(data.astype(dtype, copy=False), block.valid)


def _as_float(data: Array, dtype: np.dtype[np.floating]) -> Array:
    if data.dtype.itemsize <= dtype.itemsize or data.dtype.kind != "f":
        return data.astype(dtype, copy=False)
    limits = np.finfo(dtype)
    return np.clip(data, float(limits.min), float(limits.max)).astype(dtype)


def _rounded(block: PixelBlock, low: int, high: int, dtype: np.dtype[np.integer]) -> PixelBlock:
    is_nan = np.isnan(block.data)
    valid = block.valid
    # In float64 each integer limit is exact; in float32 4294967295 would round up and overflow.
    samples = np.clip(np.rint(block.data.astype(np.float64)), low, high)
    if is_nan.any():
        samples = np.where(is_nan, 0.0, samples)
        valid = valid & ~is_nan
    return PixelBlock(samples.astype(dtype), valid)


def mark_no_data(
    block: PixelBlock, values: tuple[float, ...], match: NoDataMatch = ""
) -> PixelBlock:
    """Return the block with samples of these values invalid.

    Parameters
    ----------
    values
        One for all bands, or one per band; NaN matches NaN.
    match
        "any": each band by itself; "all": only pixels where every band has its value; "": "any" for
        one value, "all" for a list.

    Raises
    ------
    InvalidParameter
        Neither one value nor one per band.
    """
    if not values:
        return block
    if len(values) not in (1, block.bands):
        raise InvalidParameter(
            "noData", ",".join(f"{value:g}" for value in values), f"1 or {block.bands} values"
        )
    hit = np.empty(block.data.shape, np.bool_)
    for band in range(block.bands):
        value = values[band if len(values) > 1 else 0]
        hit[band] = _equal(block.data[band], value)
    everywhere = match == "all" or (not match and len(values) > 1)
    marked = hit.all(axis=0, keepdims=True) if everywhere else hit
    return PixelBlock(block.data, block.valid & ~marked)


def _equal(samples: Array, value: float) -> NDArray[np.bool_]:
    if np.isnan(value):
        return np.isnan(samples)
    held = representable(value, samples.dtype)
    if held is None:
        return np.zeros(samples.shape, np.bool_)
    return np.asarray(samples == samples.dtype.type(held))
