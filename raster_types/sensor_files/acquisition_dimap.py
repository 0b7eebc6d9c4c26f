"""How and when images of DIMAP documents were taken: SPOT, Pléiades, Pléiades Neo.

AZIMUTH_ANGLE is left out: it is the direction of the image's lines, not where the satellite stood; that is
computed from the RPC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import (
    Acquisition,
    azimuth,
    elevation_of_incidence,
    fraction_of_percent,
    measured,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SOURCES = ("Strip_Source", "Scene_Source")


def read_dimap_acquisition(root: Element) -> Acquisition:
    """Return what a DIMAP document (v1 or v2) says; places that hold no value say nothing."""
    source = next(
        (found for name in _SOURCES if (found := root.find(f".//{name}")) is not None), root
    )
    place = _middle(root)
    texts = _texts(source) | ({} if place is None else _texts(place))
    whole = {"cloud": root.findtext(".//CLOUD_COVERAGE") or ""}
    incidence = measured(texts, ("INCIDENCE_ANGLE",), -90.0, 90.0)
    across, along = (
        measured(texts, (f"GSD_{way}_TRACK",), 1e-3, 1e4) for way in ("ACROSS", "ALONG")
    )
    mission = texts.get("MISSION", "")
    date = f"{texts.get('IMAGING_DATE', '')} {texts.get('IMAGING_TIME', '')}".strip()
    return Acquisition(
        date=parse_date_text(date) or "",
        platform=f"{mission}{'' if mission.startswith(('PHR', 'PNEO')) else ' '}"
        f"{texts.get('MISSION_INDEX', '')}".strip(),
        sensor=texts.get("INSTRUMENT", ""),
        sun_azimuth_deg=azimuth(texts, "SUN_AZIMUTH"),
        sun_elevation_deg=measured(texts, ("SUN_ELEVATION",), -90.0, 90.0),
        sensor_elevation_deg=elevation_of_incidence(incidence),
        off_nadir_deg=measured(texts, ("VIEWING_ANGLE",), 0.0, 90.0),
        cloud_cover=fraction_of_percent(measured(whole, ("cloud",), 0.0, 100.0)),
        gsd_m=None if across is None or along is None else (across + along) / 2,
    )


def _middle(root: Element) -> Element | None:
    """Return the values at the middle of the scene, where there are any."""
    places = root.findall(".//Located_Geometric_Values")
    middle = (p for p in places if (p.findtext("LOCATION_TYPE") or "").strip().lower() == "center")
    return next(middle, places[0] if places else None)


def _texts(element: Element) -> dict[str, str]:
    """Return the first text of each name below an element."""
    found: dict[str, str] = {}
    for each in element.iter():
        if each.text and each.text.strip():
            found.setdefault(each.tag, each.text.strip())
    return found
