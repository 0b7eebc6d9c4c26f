"""A picture in longitude and latitude as a ground overlay: KML and the picture in one zip file.

References
----------
OGC 12-007r2 (KML 2.3), clauses 11.2 GroundOverlay and 11.3 LatLonBox.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from engine.errors import InvalidParameter
from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded

if TYPE_CHECKING:
    from engine.extent import Extent

MEDIA_TYPE = "application/vnd.google-earth.kmz"
_POLE = 90.0
# Boxes that touch a pole may pass it by what arithmetic adds.
_SLACK = 1e-6
# What XML 1.0 cannot hold.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2">
<GroundOverlay>
<name>{name}</name>
<Icon><href>{picture}</href></Icon>
<LatLonBox>
<north>{north!r}</north>
<south>{south!r}</south>
<east>{east!r}</east>
<west>{west!r}</west>
</LatLonBox>
</GroundOverlay>
</kml>
"""
# Equal pictures are equal files.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def in_kmz(picture: Encoded, box: Extent, name: str) -> Encoded:
    """Return a picture as a KMZ file.

    Parameters
    ----------
    box
        Degrees of WGS 84 around the whole picture; over the antimeridian its east comes out west of its
        west, as KML has it.
    name : str
        Shown in lists of layers.

    Raises
    ------
    InvalidParameter
        The box goes beyond a pole.
    """
    if box.ymin < -_POLE - _SLACK or box.ymax > _POLE + _SLACK:
        raise InvalidParameter("bbox", box, "latitudes from -90 to 90")
    ending = next(
        known.extension for known in FORMAT_NAMES.values() if known.media_type == picture.media_type
    )
    west, east = _on_the_map(box)
    kml = _KML.format(
        name=escape(_CONTROLS.sub("", name)),
        picture=f"image.{ending}",
        north=min(box.ymax, _POLE),
        south=max(box.ymin, -_POLE),
        east=east,
        west=west,
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # The document must be the first file.
        document = zipfile.ZipInfo("doc.kml", _NO_DATE)
        archive.writestr(document, kml, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(f"image.{ending}", _NO_DATE), picture.data)
    return Encoded(file.getvalue(), MEDIA_TYPE)


def _on_the_map(box: Extent) -> tuple[float, float]:
    """Return west and east within -180 and 180."""
    if box.xmin >= -180 and box.xmax <= 180:
        return box.xmin, box.xmax
    west = (box.xmin + 180) % 360 - 180
    east = west + box.width
    return west, east - 360 if east > 180 else east
