"""CRSs as WMS names them, and boxes in the order of axes of each version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.extent import Extent
from server.protocols.arcgis.image_parameters import FARTHEST
from server.protocols.arcgis.parameters import as_number
from server.protocols.wms.refusal import WmsRefusal

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.wms.versions import Version

_FORM = re.compile(r"(?:EPSG|ESRI|IAU_2015):\d{1,7}|OGC:CRS84|urn:ogc:def:crs:[\w:.]{1,60}", re.I)
# Longitude first, in any version.
_LONGITUDE_FIRST = {
    "CRS:84": "EPSG:4326",
    "OGC:CRS84": "EPSG:4326",
    "CRS:83": "EPSG:4269",
    "CRS:27": "EPSG:4267",
}


@dataclass(frozen=True, slots=True)
class MapCrs:
    """A CRS of a request.

    Attributes
    ----------
    name : str
        As the client wrote it.
    key : str
        As the engine knows it, which counts x before y.
    """

    name: str
    key: str
    is_north_first: bool

    def corners(self, box: Extent) -> tuple[float, float, float, float]:
        """Return a box in the order of the axes."""
        if self.is_north_first:
            return box.ymin, box.xmin, box.ymax, box.xmax
        return box.xmin, box.ymin, box.xmax, box.ymax

    def box(self, corners: tuple[float, float, float, float]) -> Extent:
        """Return the box whose corners are in the order of the axes."""
        first, second, third, fourth = corners
        if self.is_north_first:
            return Extent(second, first, fourth, third)
        return Extent(first, second, third, fourth)


_MOST_KNOWN = 1024
_known: dict[tuple[str, str], MapCrs] = {}


def map_crs(parameters: Parameters, version: Version) -> MapCrs:
    """Read CRS (SRS in 1.1.1).

    Raises
    ------
    WmsRefusal
        It is not given, or nothing that has a map.
    """
    name, other = ("CRS", "SRS") if version == "1.3.0" else ("SRS", "CRS")
    text = parameters.text(name) or parameters.text(other)
    return named_crs(text, version, name)


def is_known(parameters: Parameters, version: Version) -> bool:
    """Tell whether the CRS of a request is known already: what is new takes milliseconds, the first 0.4 s."""
    text = parameters.text("CRS") or parameters.text("SRS")
    return not text or (text, version) in _known


def named_crs(text: str, version: Version, parameter: str = "CRS") -> MapCrs:
    """Return the CRS of a name.

    Raises
    ------
    WmsRefusal
        WMS does not name a CRS so, there is none, or it has no map.
    """
    found = _known.get((text, version))
    if found is None:
        found = _looked_up(text, version, parameter)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[text, version] = found
    return found


def _looked_up(text: str, version: Version, parameter: str) -> MapCrs:
    # The front must stay light until somebody asks.
    from engine.geometry.axis_order import is_map, is_north_first  # noqa: PLC0415 -- see above
    from engine.geometry.projection import canonical_crs  # noqa: PLC0415 -- see above

    accepted = "an identifier such as EPSG:3857, EPSG:4326 or CRS:84"
    upper = text.upper()
    if upper.startswith("AUTO"):
        accepted = "a CRS with a code of its own; AUTO systems are not served"
    if upper in _LONGITUDE_FIRST:
        return MapCrs(text, _LONGITUDE_FIRST[upper], is_north_first=False)
    if not _FORM.fullmatch(text):
        raise WmsRefusal("InvalidCRS", parameter, text, accepted)
    try:
        key = canonical_crs(text)
    except InvalidParameter as err:
        raise WmsRefusal("InvalidCRS", parameter, text, accepted) from err
    if key == "OGC:CRS84":
        return MapCrs(text, "EPSG:4326", is_north_first=False)
    if not is_map(key):
        raise WmsRefusal("InvalidCRS", parameter, text, "a projected or geographic CRS")
    return MapCrs(text, key, is_north_first=version == "1.3.0" and is_north_first(key))


def bbox(parameters: Parameters, crs: MapCrs) -> Extent:
    """Read BBOX, x east and y north whatever the order in the request.

    Raises
    ------
    InvalidParameter
        Not four finite numbers, or no area between them.
    """
    text = parameters.text("BBOX")
    parts = text.split(",", 5)
    order = "miny,minx,maxy,maxx" if crs.is_north_first else "minx,miny,maxx,maxy"
    if len(parts) != 4:
        raise InvalidParameter("BBOX", text, f"four numbers {order}")
    first, second, third, fourth = (as_number("BBOX", part) for part in parts)
    box = crs.box((first, second, third, fourth))
    if box.xmin >= box.xmax or box.ymin >= box.ymax:
        raise InvalidParameter("BBOX", text, f"{order}, each minimum below its maximum")
    if max(map(abs, (first, second, third, fourth))) > FARTHEST:
        raise InvalidParameter("BBOX", text, f"coordinates within ±{FARTHEST:g}")
    return box
