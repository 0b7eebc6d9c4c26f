"""Items of several rasters: one OBJECTID, one place in the mosaic order, several pictures.

Rules: such an item's record is that of its first raster but for the extent and the pixel sizes, which
are those of all. Each raster has a record of its own with an own number, which still tells the OBJECTID
(`engine.world_turns.object_id`); what orders mosaics is the item's in all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.item import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.service import Appearance, ImageService
    from engine.target_grid import TargetGrid

# A multiple of what turns around the world are numbered by, and above their few.
_NUMBERS_OF_A_RASTER = 2**56
MAX_RASTERS = 100

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Item)


def pack_rasters(rasters: Sequence[Item]) -> tuple[bytes, ...]:
    """Return what an item carries of its rasters, topmost first; the first is what mosaics order by."""
    first = rasters[0]
    return tuple(
        _encoder.encode(
            msgspec.structs.replace(
                raster,
                id=first.id + number * _NUMBERS_OF_A_RASTER,
                ground_size_m=first.ground_size_m,
                z_order=first.z_order,
                center_x=first.center_x,
                center_y=first.center_y,
                nadir_x=first.nadir_x,
                nadir_y=first.nadir_y,
            )
        )
        for number, raster in enumerate(rasters)
    )


def rasters_of(item: Item) -> tuple[Item, ...]:
    """Return the rasters of an item that has several, topmost first.

    Raises
    ------
    ConfigError
        A record is damaged.
    """
    try:
        return tuple(_decoder.decode(packed) for packed in item.rasters)
    except msgspec.MsgspecError as err:
        raise ConfigError(f"item {item.name!r}", "rasters", f"a record is damaged: {err}") from err


def shown_at(
    service: ImageService, item: Item, grid: TargetGrid, found: tuple[Appearance, ...]
) -> tuple[Appearance, ...]:
    """Return those appearances of an item of several rasters that show at a grid's pixel size.

    All are asked for one size, that at the first's centre: ranges that meet leave no gap.
    """
    if not found or found[0].item is item:
        # In its image space it is its first raster, at any size.
        return found
    size = pixel_size_of(service, item, grid)
    return tuple(each for each in found if size is not None and shows(each.item, size))


def shows(item: Item, size: float) -> bool:
    """Tell whether a pixel size lies in an item's half-open range."""
    return item.min_ps <= size and (item.max_ps <= 0 or size < item.max_ps)


def pixel_size_of(service: ImageService, item: Item, grid: TargetGrid) -> float | None:
    """Return a grid's pixel size in service units at an item's own centre; None = it has no place."""
    lattice = grid.lattice
    if lattice.crs == service.summary.crs:
        if lattice.pixel_x == lattice.pixel_y:
            return lattice.pixel_x
        return math.sqrt(lattice.pixel_x * lattice.pixel_y)
    found = service.appearances(item, lattice.crs)
    if not found:
        return None
    placed, (sx, sy) = found[0].placed, found[0].item.scale_service
    if sx <= 0 or sy <= 0:
        return None
    return math.sqrt(lattice.pixel_x * placed.scale_x / sx * lattice.pixel_y * placed.scale_y / sy)
