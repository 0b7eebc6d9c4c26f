"""What can be measured in the items of a service: heights from images, from terrain, from shadows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.geolocation import unpack_geolocation
from engine.geometry.terrain_definition import AverageHeight

if TYPE_CHECKING:
    from engine.build.item_compiler import ItemParts


@dataclass(frozen=True, slots=True)
class MensurationFacts:
    """Whether some items have a sensor model, stated terrain under one, and a sun elevation."""

    has_sensors: bool = False
    has_terrain: bool = False
    has_sun: bool = False

    def __or__(self, other: MensurationFacts) -> MensurationFacts:
        """Return what either has."""
        return MensurationFacts(
            self.has_sensors or other.has_sensors,
            self.has_terrain or other.has_terrain,
            self.has_sun or other.has_sun,
        )


NO_MENSURATION = MensurationFacts()


def facts_of(parts: ItemParts) -> MensurationFacts:
    """Return the facts of one item."""
    placed = [each.geolocation for each in (parts, *parts.rasters) if each.geolocation]
    sensors = [_terrain_under(geolocation) for geolocation in placed]
    sun = next(
        (value for name, value in parts.attributes.items() if name.casefold() == "sunelevation"),
        None,
    )
    return MensurationFacts(
        has_sensors=any(found is not None for found in sensors),
        has_terrain=any(sensors),
        has_sun=sun is not None,
    )


@lru_cache(maxsize=4)
def _terrain_under(packed: bytes) -> bool | None:
    """Tell whether terrain under a sensor model is more than a guess; None = there is no sensor model."""
    geolocation = unpack_geolocation(packed)
    if geolocation.sensor is None:
        return None
    return not isinstance(geolocation.terrain, AverageHeight)
