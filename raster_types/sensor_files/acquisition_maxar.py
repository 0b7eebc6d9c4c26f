"""How and when images of DigitalGlobe and Maxar were taken: .IMD files, and the same names in their XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import Acquisition, azimuth, measured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

_DATES = ("firstlinetime", "tlctime", "earliestacqtime")


def maxar_acquisition(texts: Mapping[str, str]) -> Acquisition:
    """Return what a product says, by its keys in lower case."""
    dates = (parse_date_text(texts.get(key, "")) for key in _DATES)
    return Acquisition(
        date=next((date for date in dates if date), ""),
        platform=texts.get("satid", ""),
        sensor=texts.get("bandid", ""),
        sun_azimuth_deg=azimuth(texts, "meansunaz", "sunaz"),
        sun_elevation_deg=measured(texts, ("meansunel", "sunel"), -90.0, 90.0),
        sensor_azimuth_deg=azimuth(texts, "meansataz", "sataz"),
        sensor_elevation_deg=measured(texts, ("meansatel", "satel"), 0.0, 90.0),
        off_nadir_deg=measured(texts, ("meanoffnadirviewangle", "offnadirviewangle"), 0.0, 90.0),
        cloud_cover=measured(texts, ("cloudcover",), 0.0, 1.0),
        gsd_m=measured(texts, ("meanproductgsd", "meancollectedgsd", "collectedgsd"), 1e-3, 1e4),
    )


def lower_texts(element: Element) -> dict[str, str]:
    """Return the first text of each element by its name in lower case, as IMD files spell keys."""
    found: dict[str, str] = {}
    for each in element.iter():
        if each.text and each.text.strip():
            found.setdefault(each.tag.lower(), each.text.strip())
    return found
