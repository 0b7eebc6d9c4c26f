"""What products' numbers mean: gain and offset of each band as a process of the item's raster chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item
from engine.chain import BY_RASTER_TYPE, RasterFunctionProcess
from engine.function_rules import GainOffsetRule
from engine.pixel_type import PixelType
from raster_types.sensor_files.sunlight import gains_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.raster_record import RasterDefinition
    from raster_types.sensor_files.acquisition import Attributes


@dataclass(frozen=True, slots=True)
class BandValues:
    """How a band's numbers become values: number · gain + offset."""

    gain: float = 1.0
    offset: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether numbers are the values."""
        return self.gain == 1.0 and self.offset == 0.0


def reflectance_fields(
    values: Sequence[BandValues | None], sun_elevation_deg: float | None
) -> Attributes:
    """Return the fields by which the function Reflectance makes reflectance of plain numbers.

    Parameters
    ----------
    values : one per band
        How numbers become reflectance for the sun as it stood; None = not known.

    Returns
    -------
    dict
        Gains and biases for the sun overhead; {} where something is not known.
    """
    known = [each for each in values if each is not None]
    if not known or len(known) < len(values) or sun_elevation_deg is None or sun_elevation_deg <= 0:
        return {}
    sine = math.sin(math.radians(sun_elevation_deg))
    return {
        "ReflectanceGain": gains_text([each.gain * sine for each in known]),
        "ReflectanceBias": gains_text([each.offset * sine for each in known]),
    }


def with_values(
    name: str, raster: RasterDefinition, bands: Sequence[BandValues]
) -> RasterDefinition:
    """Return an item's record with a process that makes float values of its numbers.

    Parameters
    ----------
    name
        Of the item.
    bands
        One per band that the item offers; where all are plain the record stays as it is.
    """
    if all(band.is_plain for band in bands):
        return raster
    # Twelve digits: a product's own have fewer, and 0.0001 · 1000 leaves dust in the last.
    rule = GainOffsetRule(
        gains=tuple(float(f"{band.gain:.12g}") for band in bands),
        offsets=tuple(float(f"{band.offset:.12g}") for band in bands),
    )
    process = RasterFunctionProcess(
        function="GainOffset",
        arguments=rule,
        output_pixel_type=PixelType.F32,
        made_by=BY_RASTER_TYPE,
    )
    definition = definition_of_item(name, msgspec.structs.replace(raster, process=None))
    first = msgspec.structs.replace(definition.rasters[0], process_chain=(process,))
    made = msgspec.structs.replace(definition, rasters=(first, *definition.rasters[1:]))
    return msgspec.structs.replace(raster, process=made)
