"""Where the pixels of one catalog item lie on the ground, and the ground on its pixels.

An item with a sensor model is followed along its lines of sight to the terrain; one on a map through
its geotransform. Heights are metres in the sensor model's vertical datum; a height that is not given
(NaN) is the terrain's. Positions outside an image are worked out as long as its model is defined there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.geometry.projection import operation, transform
from engine.geometry.sight_line import SightLines
from engine.geotransforms.view_angles import view_angles
from engine.samplers.placement import level_affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.geolocation import BoundGeolocation
    from engine.geotransforms.base import SensorModel
    from engine.item import Item
    from engine.service import ImageService

    Floats = NDArray[np.float64]

# A line of sight that meets ground higher than this above a point does not reach the point.
_OCCLUDED_M = 0.5


@dataclass(frozen=True, slots=True)
class Points:
    """Positions, on the ground or in an image (level-0 pixels, corner origin: x is the column).

    Attributes
    ----------
    x, y, z : float64 (n,)
        NaN where there is no such place; z also where no height is known.
    """

    x: Floats
    y: Floats
    z: Floats

    def part(self, start: int, stop: int) -> Points:
        """Return some of them."""
        return Points(self.x[start:stop], self.y[start:stop], self.z[start:stop])


class ItemSpace(Protocol):
    """One item between ground and image.

    Attributes
    ----------
    crs : str
        Of the ground.
    vertical_datum : str
        Of heights; "" = the item has none.
    """

    @property
    def crs(self) -> str:
        """CRS of the ground."""
        ...

    @property
    def vertical_datum(self) -> str:
        """What heights count from."""
        ...

    def to_image(self, ground: Points) -> Points:
        """Return positions in the image, with the heights that were used.

        Raises
        ------
        SourceError
            The terrain cannot be read.
        """
        ...

    def to_ground(self, image: Points) -> Points:
        """Return the ground first met by the lines of sight of positions, or where they are at given heights.

        Raises
        ------
        SourceError
            The terrain cannot be read.
        """
        ...

    def lean(self, image: Points) -> Points:
        """Return the ground beside each position to which what rises there leans in the image; NaN where nothing does.

        Parameters
        ----------
        image
            With heights.
        """
        ...

    def sees(self, ground: Points, image: Points) -> NDArray[np.bool_]:
        """Tell which ground points the image shows: inside its edges and not behind other ground."""
        ...


class SensorSpace:
    """An item with a sensor model over terrain (an `ItemSpace`)."""

    def __init__(self, item: Item, bound: BoundGeolocation) -> None:
        self._item = item
        self.sensor: SensorModel = bound.sensor
        self._terrain = bound.terrain
        self._lines = SightLines(bound.sensor, bound.terrain)
        self._to_terrain = operation(bound.sensor.ground_crs, bound.terrain.crs).pipeline
        self.crs = bound.sensor.ground_crs
        low, high = bound.sensor.height_range
        # Geotransforms in the plane pose as a sensor model that knows one height alone.
        self.vertical_datum = bound.sensor.vertical_datum if low < high else ""

    def to_image(self, ground: Points) -> Points:
        """See `ItemSpace`."""
        z = ground.z.copy()
        unknown = np.isnan(z) & np.isfinite(ground.x) & np.isfinite(ground.y)
        if unknown.any():
            over = transform(self._to_terrain, ground.x[unknown], ground.y[unknown])
            z[unknown] = self._terrain.heights(*over, 0.0)
        col, row = self.sensor.ground_to_image(ground.x, ground.y, z)
        return Points(col, row, z)

    def to_ground(self, image: Points) -> Points:
        """See `ItemSpace`."""
        x, y, z = image.x * np.nan, image.y * np.nan, image.z.copy()
        given = np.isfinite(z)
        if given.any():
            x[given], y[given] = self.sensor.image_to_ground(
                image.x[given], image.y[given], z[given]
            )
        sought = ~given & np.isfinite(image.x) & np.isfinite(image.y)
        if sought.any():
            found = self._lines.to_ground(image.x[sought], image.y[sought])
            x[sought], y[sought], z[sought] = found.x, found.y, found.z
        return Points(x, y, z)

    def zenith_deg(self, image: Points) -> Floats:
        """Return the angles between the vertical and lines of sight."""
        return view_angles(self.sensor, image.x, image.y, image.z).zenith_deg

    def lean(self, image: Points) -> Points:
        """See `ItemSpace`: away from the sensor, by what a metre of height moves."""
        step = np.where(image.z + 1.0 <= self.sensor.height_range[1], 1.0, -1.0)
        x, y = self.sensor.image_to_ground(image.x, image.y, image.z)
        up_x, up_y = self.sensor.image_to_ground(image.x, image.y, image.z + step)
        return Points(x - (up_x - x) * step, y - (up_y - y) * step, image.z.copy())

    def sees(self, ground: Points, image: Points) -> NDArray[np.bool_]:
        """See `ItemSpace`."""
        inside = _inside(self._item, image)
        shown = inside.copy()
        first = self._lines.to_ground(image.x[inside], image.y[inside])
        with np.errstate(invalid="ignore"):
            shown[inside] = ~(first.z > image.z[inside] + _OCCLUDED_M)
        return shown & np.isfinite(ground.x)


class MapSpace:
    """An item on a map (an `ItemSpace`); heights pass through."""

    vertical_datum = ""

    def __init__(self, item: Item) -> None:
        self._item = item
        self._to_pixels = level_affine(item.geotransform, (1.0, 1.0), (item.width, item.height))
        self.crs = item.crs

    def to_image(self, ground: Points) -> Points:
        """See `ItemSpace`."""
        m = self._to_pixels
        col = m.a * ground.x + m.b * ground.y + m.c
        return Points(col, m.d * ground.x + m.e * ground.y + m.f, ground.z.copy())

    def to_ground(self, image: Points) -> Points:
        """See `ItemSpace`."""
        a, b, c, d, e, f = self._item.geotransform
        x, y = a + b * image.x + c * image.y, d + e * image.x + f * image.y
        return Points(x, y, image.z.copy())

    def lean(self, image: Points) -> Points:
        """See `ItemSpace`: nothing leans on a map."""
        nothing = np.full(image.x.shape, np.nan)
        return Points(nothing, nothing.copy(), nothing.copy())

    def sees(self, ground: Points, image: Points) -> NDArray[np.bool_]:
        """See `ItemSpace`."""
        return _inside(self._item, image) & np.isfinite(ground.x)


def item_space(service: ImageService, object_id: int) -> SensorSpace | MapSpace:
    """Return the way between ground and image of an item of a service.

    Raises
    ------
    ItemNotFound
    InvalidParameter, ConfigError, SourceError
        Its geolocation or terrain cannot be used.
    """
    item = service.catalog.item(object_id)
    if item.geolocation:
        return SensorSpace(item, service.geolocation(item))
    return MapSpace(item)


def project(points: Points, from_crs: str, to_crs: str, area_lonlat: Extent | None) -> Points:
    """Return points in another CRS; what has no place there is NaN.

    Raises
    ------
    InvalidParameter
        There is no operation between the two.
    """
    pipeline = operation(from_crs, to_crs, area_lonlat).pipeline
    x, y = transform(pipeline, points.x, points.y)
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x[lost] = np.nan
    y[lost] = np.nan
    return Points(x, y, points.z)


def _inside(item: Item, image: Points) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        across = (image.x >= 0) & (image.x <= item.width)
        return np.asarray(across & (image.y >= 0) & (image.y <= item.height))
