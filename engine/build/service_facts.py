"""What build found out about the whole service; kept in the definition, compiled into its summary."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.build.dimension_census import VariableCounts
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.summary import AttributeTable, BandInfo, BandStatistics, Histogram


class ServiceFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of the service in force after build.

    `crs`, `pixel_type` and `bands` are settled by the first build and stay, whatever is added later,
    unless definition.toml states them.

    Attributes
    ----------
    no_data_texts : one per band
        "" = none; texts because JSON has no NaN. See `no_data`.
    extent : Extent or None
        In `crs`, a whole number of pixels from a rounded origin; None = no item could be placed.
    overview_ps : float
        Pixel size from which service overviews show; 0 = there are none.
    overview_sizes : rising
        Pixel sizes where the generations of overviews begin.
    overview_field : str
        There are overviews of each value of this field; "" = of none.
    coarsest_ps : float
        Coarsest pixel size served without averaging over many pixels; 0 = none known.
    block_width, block_height : int
        Of the most common block.
    variables : dict
        What was counted of each variable of a multidimensional service.
    """

    crs: str
    pixel_type: PixelType
    bands: tuple[BandInfo, ...]
    no_data_texts: tuple[str, ...] = ()
    extent: Extent | None = None
    pixel_size_x: float = 0.0
    pixel_size_y: float = 0.0
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    data_type: Literal["generic", "rgb", "thematic", "elevation"] = "generic"
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    picture_bands: tuple[int, ...] = (0,)
    time_field: str = ""
    overview_ps: float = 0.0
    overview_sizes: tuple[float, ...] = ()
    overview_field: str = ""
    coarsest_ps: float = 0.0
    uncompressed_size: int = 0
    block_width: int = 0
    block_height: int = 0
    attribute_table: AttributeTable | None = None
    variables: dict[str, VariableCounts] = {}

    @property
    def no_data(self) -> tuple[float | None, ...]:
        """One value per band that means "no data", or None."""
        return tuple(float(text) if text else None for text in self.no_data_texts)
