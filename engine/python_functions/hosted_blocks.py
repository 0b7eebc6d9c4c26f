"""Pixel blocks as users' functions get them, and what they give as pixel blocks.

A raster of one band is an array (rows, cols), one of several (bands, rows, cols); masks are uint8 of the same
shape, 1 = usable. What is not usable holds 0, whatever it held.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.pixel_type import pixel_type_of_dtype
from engine.pixels import PixelBlock
from engine.python_functions.user_code import UserFault


def input_blocks(
    blocks: dict[str, Any], *, wants_mask: bool
) -> tuple[dict[str, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return what `updatePixels` gets, and where all rasters are usable.

    Parameters
    ----------
    blocks
        By the name of the parameter a block, or a tuple of blocks.

    Returns
    -------
    pixel blocks : dict
    valid : bool (1 or bands, rows, cols)
        Band by band where there is one raster alone.
    """
    found: dict[str, Any] = {}
    every: list[PixelBlock] = []
    for name, value in blocks.items():
        several = value if isinstance(value, tuple) else (value,)
        every += several
        pixels = tuple(_pixels(block) for block in several)
        masks = tuple(_mask(block) for block in several) if wants_mask else ()
        found[f"{name}_pixels"] = pixels if isinstance(value, tuple) else pixels[0]
        if masks:
            found[f"{name}_mask"] = masks if isinstance(value, tuple) else masks[0]
    if len(every) == 1:
        return found, every[0].valid
    together = np.logical_and.reduce([block.valid_all() for block in every])
    return found, together[np.newaxis]


def _pixels(block: PixelBlock) -> Any:
    data = np.where(block.valid, block.data, block.data.dtype.type(0))
    return data[0] if block.bands == 1 else data


def _mask(block: PixelBlock) -> Any:
    mask = np.broadcast_to(block.valid, block.data.shape).astype(np.uint8)
    return mask[0] if block.bands == 1 else mask


def checked_pixels(
    made: dict[str, Any],
    shape: tuple[int, ...],
    valid: np.ndarray[Any, np.dtype[np.bool_]],
) -> PixelBlock:
    """Return what `updatePixels` gave.

    Parameters
    ----------
    valid
        Where the rasters are usable: so are the results where the function gives no `output_mask`.

    Raises
    ------
    UserFault
        Their shape is not the one that was asked for, or they are no numbers.
    """
    given = made["output_pixels"]
    data = _numbers(given)
    _check_shape("output_pixels", data, shape)
    planes = data.reshape((1, *shape) if len(shape) == 2 else shape)
    mask = made.get("output_mask")
    if mask is not None:
        found = np.asarray(mask)
        if len(shape) == 3 and found.shape == shape[1:]:
            found = found[np.newaxis]
        else:
            _check_shape("output_mask", found, shape)
            found = found.reshape(planes.shape)
        usable = found.astype(np.bool_)
    else:
        usable = valid
        if valid.shape[0] not in (1, planes.shape[0]):
            usable = np.logical_and.reduce(valid, axis=0, keepdims=True)
    if isinstance(given, np.ma.MaskedArray):
        usable = usable & ~np.ma.getmaskarray(given).reshape(planes.shape)
    if planes.dtype.kind == "f":
        finite = np.isfinite(planes)
        if not finite.all():
            usable = usable & finite
            planes = np.where(finite, planes, planes.dtype.type(0))
    return PixelBlock(np.ascontiguousarray(planes), np.ascontiguousarray(usable))


def _numbers(given: Any) -> Any:
    """Return an array of a type that pixels may have."""
    data = np.ma.getdata(given) if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind in "iu" and data.dtype.itemsize == 8:
        return data.astype(np.float64)
    if data.dtype.kind == "f" and pixel_type_of_dtype(data.dtype.name) is None:
        return data.astype(np.float32 if data.dtype.itemsize < 4 else np.float64)
    if pixel_type_of_dtype(data.dtype.name) is None:
        raise UserFault(f"output_pixels are {data.dtype}, not real numbers")
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _check_shape(name: str, found: Any, shape: tuple[int, ...]) -> None:
    # One band may come as three dimensions, too.
    if found.shape not in (shape, (1, *shape)):
        raise UserFault(f"{name} has the shape {found.shape}, asked for was {shape}")
