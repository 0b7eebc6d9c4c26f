"""`f=kmz`: the picture of an image request as KML shows it, in longitude and latitude."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.errors import InvalidParameter
from engine.extent import WORLD, Extent
from engine.format_names import format_name
from server.protocols.arcgis.spatial_reference import unless_own

if TYPE_CHECKING:
    from engine.request import ImageRequest
    from engine.request_parts import View
    from engine.summary import ServiceSummary

_LONLAT = "EPSG:4326"


def ground_overlay(image: ImageRequest, summary: ServiceSummary) -> ImageRequest:
    """Return the request of the same box, reprojected, as a KMZ file; its pixels fill the box exactly.

    Raises
    ------
    InvalidParameter
        The format is no picture, or the box lies beyond the poles.
    """
    asked = image.encoding.format
    if not format_name(asked).is_picture:
        raise InvalidParameter("format", asked, "a picture format for f=kmz, such as jpgpng or png")
    view = replace(
        image.view,
        extent=_on_earth(image.view, summary),
        out_crs=unless_own(_LONLAT, summary),
        adjust_aspect=False,
    )
    return replace(image, view=view, encoding=replace(image.encoding, container="kmz"))


def _on_earth(view: View, summary: ServiceSummary) -> Extent | None:
    """Return the box of a view, cut at the poles, and at one turn of the world, where it is in degrees."""
    box = view.extent
    if box is None or (view.extent_crs or summary.crs) != _LONLAT:
        return box
    if box.width >= WORLD.width:
        box = replace(box, xmin=WORLD.xmin, xmax=WORLD.xmax)
    box = replace(box, ymin=max(box.ymin, WORLD.ymin), ymax=min(box.ymax, WORLD.ymax))
    if box.height <= 0:
        raise InvalidParameter("bbox", box, "latitudes from -90 to 90")
    return box
