"""What an author says of the terrain under sensor images."""

from __future__ import annotations

import math

import msgspec

from engine.errors import InvalidParameter


class RasterTerrain(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="terrain",
    tag="Raster",
):
    """Heights from a raster, or from a compiled image service of rasters.

    Attributes
    ----------
    path : str
        A single-band raster, a .zmd file, or the folder of a published service.
    crs : str
        Used instead of the raster's own; "" = as it says.
    vertical_datum : str
        What its heights count from: "ellipsoid", "egm96", "egm2008" or the path of a grid of
        undulations; "" = as its compound coordinate system says.
    z_factor, z_offset_m : float
        height = sample × z_factor + z_offset_m, metres.
    void_height_m : float or None
        Height in `vertical_datum` where the raster has none, also beside it; None: nothing is seen
        there.
    """

    path: str
    crs: str = ""
    vertical_datum: str = ""
    z_factor: float = 1.0
    z_offset_m: float = 0.0
    void_height_m: float | None = None

    def check(self) -> None:
        """Raise InvalidParameter where a number cannot be."""
        _check("z_factor", self.z_factor)
        _check("z_offset_m", self.z_offset_m)
        _check("void_height_m", self.void_height_m or 0.0)
        if self.z_factor == 0:
            raise InvalidParameter("z_factor", self.z_factor, "a number other than 0")


class ConstantHeight(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="terrain",
    tag="Constant",
):
    """One height everywhere, metres above `vertical_datum`."""

    height_m: float
    vertical_datum: str = "ellipsoid"

    def check(self) -> None:
        """Raise InvalidParameter where the height is no number."""
        _check("height_m", self.height_m)


class AverageHeight(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="terrain",
    tag="Average",
):
    """The middle of the heights for which a sensor model is meant (for RPC its height offset)."""


TerrainDefinition = RasterTerrain | ConstantHeight | AverageHeight


def _check(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise InvalidParameter(name, value, "a finite number")
