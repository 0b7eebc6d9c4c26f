"""A service that draws pictures, as the comparison sees it, and what two have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.errors import ConfigError, InvalidParameter
from engine.extent import WORLD, Extent
from engine.geometry.extent_transform import transform_extent
from engine.geometry.projection import LONLAT, MERCATOR, describe_crs, operation
from server.comparison.view import Ground

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from server.comparison.view import View

_WORLD = {
    MERCATOR: Extent(-20037508.34, -20037508.34, 20037508.34, 20037508.34),
    LONLAT: WORLD,
}
# Beyond it there is no place in Web Mercator's square.
_MERCATOR_LONLAT = Extent(-180.0, -85.051128, 180.0, 85.051128)


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What a service says of itself.

    Attributes
    ----------
    address : str
        As it may be shown.
    boxes : mapping of str to Extent
        Its extent by key of a CRS; the first is its own.
    pixel_size : float
        Finest, in units of its own CRS; 0 = not said.
    max_side : int
        Largest width and height of a picture; 0 = not said.
    """

    kind: str
    address: str
    boxes: Mapping[str, Extent]
    pixel_size: float = 0.0
    max_side: int = 0

    @property
    def crs(self) -> str:
        """Key of its own CRS."""
        return next(iter(self.boxes))


class PictureService(Protocol):
    """Something that draws any view."""

    @property
    def facts(self) -> ServiceFacts:
        """What it says of itself."""
        ...

    def picture_url(self, view: View) -> str:
        """Return the URL whose GET is the view as a PNG with transparency."""
        ...


def common_ground(services: Sequence[PictureService], crs: str) -> Ground:
    """Return where both services have something, in the CRS of the comparison.

    Raises
    ------
    ConfigError
        They have no common place.
    InvalidParameter
        One has none in this CRS.
    """
    placed = [_placed(service.facts, crs) for service in services]
    common: Extent | None = _WORLD.get(crs, placed[0].extent)
    for ground in placed:
        common = ground.extent.intersection(common) if common is not None else None
    if common is None or common.width <= 0 or common.height <= 0:
        first, second = (_text(ground.extent) for ground in placed)
        why = f"share no place, so there is nothing to compare: {first} and {second}"
        raise ConfigError("the two services", "", why)
    sizes = [ground.pixel_size for ground in placed if ground.pixel_size > 0]
    return Ground(crs=crs, extent=common, pixel_size=min(sizes, default=0.0))


def _placed(facts: ServiceFacts, crs: str) -> Ground:
    """Return a service's extent and finest pixel size in a CRS."""
    own = facts.boxes[facts.crs]
    extent = facts.boxes[crs] if crs in facts.boxes else _transformed(own, facts, crs)
    if not facts.pixel_size or crs == facts.crs:
        return Ground(crs=crs, extent=extent, pixel_size=facts.pixel_size)
    half = facts.pixel_size / 2
    middle = Extent(own.center_x, own.center_y, own.center_x, own.center_y).expand(half, half)
    pixel = _transformed(middle, facts, crs)
    return Ground(crs=crs, extent=extent, pixel_size=min(pixel.width, pixel.height))


def _transformed(extent: Extent, facts: ServiceFacts, crs: str) -> Extent:
    source = extent
    if crs == MERCATOR and describe_crs(facts.crs).is_geographic:
        source = extent.intersection(_MERCATOR_LONLAT) or extent
    found = transform_extent(operation(facts.crs, crs).pipeline, source)
    if found is None or not found.is_finite:
        accepted = f"a CRS in which {facts.address} has a place ({facts.crs} is its own)"
        raise InvalidParameter("--crs", crs, accepted)
    return found


def _text(box: Extent) -> str:
    return " ".join(f"{value:.10g}" for value in (box.xmin, box.ymin, box.xmax, box.ymax))
