"""How far the sun is, and how bright: what numbers need to become reflectance at the top of the atmosphere.

References
----------
DigitalGlobe, Radiometric Use of WorldView-2 Imagery (2010) and Radiometric Use of QuickBird Imagery (2005):
radiance = absCalFactor · number / effectiveBandwidth, reflectance = radiance · π · distance² / (irradiance ·
sin(sun elevation)); irradiances there and in the notes on WorldView-3 and GeoEye-1 (Podger et al., 2011).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.dates import parse_date_ms
from raster_types.sensor_files.acquisition import measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DAY_MS = 86_400_000
# By satellite and the band's group in its metadata: W/(m² µm).
_IRRADIANCE = {
    "QB02": {"P": 1381.79, "B": 1924.59, "G": 1843.08, "R": 1574.77, "N": 1113.71},
    "GE01": {"P": 1617.0, "B": 1960.0, "G": 1853.0, "R": 1505.0, "N": 1039.0},
    "WV02": {
        "P": 1580.8140,
        "C": 1758.2229,
        "B": 1974.2416,
        "G": 1856.4104,
        "Y": 1738.4791,
        "R": 1559.4555,
        "RE": 1342.0695,
        "N": 1069.7302,
        "N2": 861.2866,
    },
    "WV03": {
        "P": 1574.41,
        "C": 1757.89,
        "B": 2004.61,
        "G": 1830.18,
        "Y": 1712.07,
        "R": 1535.33,
        "RE": 1348.08,
        "N": 1055.94,
        "N2": 858.77,
    },
}


def sun_distance(date: str) -> float:
    """Return the distance from earth to sun on a date, astronomical units; 1 where there is no date."""
    moment, first = parse_date_ms(date), parse_date_ms(f"{date[:4]}-01-01")
    if moment is None or first is None:
        return 1.0
    day = (moment - first) // _DAY_MS + 1
    # Kepler's first term; below 0.0003 off all year.
    return 1.0 - 0.01672 * math.cos(math.radians(0.9856 * (day - 4)))


def maxar_gains(
    satellite: str, bands: Sequence[tuple[str, Mapping[str, str]]], date: str
) -> tuple[float, ...]:
    """Return what makes reflectance of each band's numbers with the sun overhead.

    Parameters
    ----------
    satellite : str
        As `satId` has it: "WV02" …
    bands : sequence of (group, texts)
        What the metadata say of each band, keys in lower case.

    Returns
    -------
    tuple of float
        () where something is not known of a band.
    """
    known = _IRRADIANCE.get(satellite.upper(), {})
    gains = []
    for group, texts in bands:
        factor = measured(texts, ("abscalfactor",), 1e-9, 1e6)
        width = measured(texts, ("effectivebandwidth",), 1e-6, 1e3)
        irradiance = known.get(group.upper())
        if factor is None or width is None or irradiance is None:
            return ()
        gains.append(factor / width * math.pi * sun_distance(date) ** 2 / irradiance)
    return tuple(gains)


def gains_text(gains: Sequence[float]) -> str:
    """Return numbers as the fields ReflectanceGain and ReflectanceBias hold them."""
    return " ".join(f"{gain:.9g}" for gain in gains)
