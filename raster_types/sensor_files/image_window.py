"""Where a raster lies in the image that its sensor file describes: a crop, a tile, a reduced copy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from engine.geotransforms.rpc import RpcRecord


class ImageWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Place of a raster in the full image: full = first + step · own, with corner origins.

    Attributes
    ----------
    first_col, first_row : float
        Position in the full image of the raster's outer corner.
    col_step, row_step : float
        Pixels of the full image per pixel of the raster; 2 for a copy at half size.
    """

    first_col: float = 0.0
    first_row: float = 0.0
    col_step: float = 1.0
    row_step: float = 1.0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        InvalidParameter
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not math.isfinite(value) or (name.endswith("step") and value <= 0):
                raise InvalidParameter(f"image window: {name}", value, "a finite number, steps > 0")


WHOLE_IMAGE = ImageWindow()


def window_of_geotransform(geotransform: tuple[float, ...]) -> ImageWindow:
    """Return the window that a crop's geotransform states in pixels of the full image.

    Parameters
    ----------
    geotransform : 6 floats
        GDAL order. y may count downwards, or be negative downwards as in Esri's image space.

    Raises
    ------
    InvalidParameter
        Rotated, mirrored or not finite: no place in an image.
    """
    x0, dx, skew_x, y0, skew_y, dy = geotransform
    accepted = "an offset in the full image: no rotation, no mirrored columns"
    if not all(map(math.isfinite, geotransform)) or skew_x or skew_y or dx <= 0 or dy == 0:
        raise InvalidParameter("geotransform", geotransform, accepted)
    sign = math.copysign(1.0, dy)
    return ImageWindow(first_col=x0, first_row=sign * y0, col_step=dx, row_step=abs(dy))


def window_of_tile(tile: tuple[int, int], size: tuple[int, int]) -> ImageWindow:
    """Return the window of one tile of a regular tiling without overlap (DIMAP's R1C1).

    Parameters
    ----------
    tile : (row, column)
        Counted from 1.
    size : (rows, columns)
        Of a whole tile.

    Raises
    ------
    InvalidParameter
    """
    if min(tile) < 1 or min(size) < 1:
        raise InvalidParameter("tile", (*tile, *size), "rows and columns from 1")
    return ImageWindow(
        first_col=float((tile[1] - 1) * size[1]), first_row=float((tile[0] - 1) * size[0])
    )


def window_of_rpc(record: RpcRecord, window: ImageWindow) -> RpcRecord:
    """Return the RPC of a raster that is a window of the image `record` describes."""
    window.check()
    if window == WHOLE_IMAGE:
        return record
    col0, row0, col_step, row_step = msgspec.structs.astuple(window)
    c0, c1, c2, r0, r1, r2 = record.correction
    return msgspec.structs.replace(
        record,
        col_offset_px=(record.col_offset_px - col0) / col_step,
        row_offset_px=(record.row_offset_px - row0) / row_step,
        col_scale_px=record.col_scale_px / col_step,
        row_scale_px=record.row_scale_px / row_step,
        correction=(
            *((c0 + c1 * col0 + c2 * row0 - col0) / col_step, c1, c2 * row_step / col_step),
            *((r0 + r1 * col0 + r2 * row0 - row0) / row_step, r1 * col_step / row_step, r2),
        ),
        shift_px=(record.shift_px[0] / col_step, record.shift_px[1] / row_step),
    )
