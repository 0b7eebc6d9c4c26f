"""Coefficients of tasseled cap transformations as they are published.

References
----------
Landsat 4 TM, numbers of the sensor: E. P. Crist, R. C. Cicone (1984), IEEE TGRS GE-22(3), 256-263.
Landsat 5 TM, numbers of the sensor: E. P. Crist, R. Laurin, R. C. Cicone (1986), IGARSS '86, 1465-1470.
TM, reflectance: E. P. Crist (1985), Remote Sensing of Environment 17, 301-306.
Landsat 7 ETM+, reflectance: C. Huang et al. (2002), Int. J. Remote Sensing 23(8), 1741-1748.
Landsat 8 OLI, reflectance: M. H. A. Baig et al. (2014), Remote Sensing Letters 5(5), 423-431; OLI-2 of
Landsat 9 has the same bands.
Sentinel-2 MSI, reflectance: T. Shi, H. Xu (2019), IEEE JSTARS 12(10), 4038-4048.
IKONOS: J. H. Horne (2003), ASPRS Annual Conference, Anchorage.
QuickBird: L. D. Yarbrough, G. Easson, J. S. Kuszmaul (2005), Pecora 16, Sioux Falls.
WorldView-2, reflectance: L. D. Yarbrough, K. Navulur, R. Ravi (2014), Remote Sensing Letters 5(2), 131-138.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Rows: TypeAlias = tuple[tuple[float, ...], ...]

# Blue, green, red, near infrared and two short-wave infrareds.
_SIX_NM = (485.0, 560.0, 660.0, 835.0, 1610.0, 2200.0)
_MSI_NM = (492.0, 560.0, 665.0, 833.0, 1610.0, 2200.0)
_FOUR_NM = (480.0, 550.0, 660.0, 805.0)
_EIGHT_NM = (427.0, 478.0, 546.0, 608.0, 659.0, 724.0, 833.0, 949.0)
_TM_ORDERS = {6: (0, 1, 2, 3, 4, 5), 7: (0, 1, 2, 3, 4, 6)}
_OLI_ORDERS = {
    6: (0, 1, 2, 3, 4, 5),
    **dict.fromkeys((7, 8, 9, 10, 11), (1, 2, 3, 4, 5, 6)),
}
_MSI_ORDERS = {
    6: (0, 1, 2, 3, 4, 5),
    10: (0, 1, 2, 6, 8, 9),
    12: (1, 2, 3, 7, 10, 11),
    13: (1, 2, 3, 7, 11, 12),
}


@dataclass(frozen=True, slots=True)
class TasseledCapTable:
    """The coefficients of a sensor.

    Attributes
    ----------
    rows : one per component
        A number for each band.
    constants : one per component
    wavelengths_nm : one per band
        About the middle of the bands, to find them by.
    orders : mapping
        Places of the bands (from 0) in a raster of so many bands, whose wavelengths are not known.
    """

    name: str
    rows: Rows
    wavelengths_nm: tuple[float, ...]
    orders: Mapping[int, tuple[int, ...]] = field(hash=False)
    constants: tuple[float, ...] = ()


TM4 = TasseledCapTable(
    "Landsat 4 TM",
    (
        (0.3037, 0.2793, 0.4743, 0.5585, 0.5082, 0.1863),
        (-0.2848, -0.2435, -0.5436, 0.7243, 0.0840, -0.1800),
        (0.1509, 0.1973, 0.3279, 0.3406, -0.7112, -0.4572),
    ),
    _SIX_NM,
    _TM_ORDERS,
)
TM5 = TasseledCapTable(
    "Landsat 5 TM",
    (
        (0.2909, 0.2493, 0.4806, 0.5568, 0.4438, 0.1706),
        (-0.2728, -0.2174, -0.5508, 0.7221, 0.0733, -0.1648),
        (0.1446, 0.1761, 0.3322, 0.3396, -0.6210, -0.4186),
        (0.8461, -0.0731, -0.4640, -0.0032, -0.0492, -0.0119),
    ),
    _SIX_NM,
    _TM_ORDERS,
    (10.3695, -0.7310, -3.3828, 0.7879),
)
TM_REFLECTANCE = TasseledCapTable(
    "Landsat TM reflectance",
    (
        (0.2043, 0.4158, 0.5524, 0.5741, 0.3124, 0.2303),
        (-0.1603, -0.2819, -0.4934, 0.7940, -0.0002, -0.1446),
        (0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109),
        (-0.2117, -0.0284, 0.1302, -0.1007, 0.6529, -0.7078),
        (-0.8669, -0.1835, 0.3856, 0.0408, -0.1132, 0.2272),
        (0.3677, -0.8200, 0.4354, 0.0518, -0.0066, -0.0104),
    ),
    _SIX_NM,
    _TM_ORDERS,
)
ETM = TasseledCapTable(
    "Landsat 7 ETM+",
    (
        (0.3561, 0.3972, 0.3904, 0.6966, 0.2286, 0.1596),
        (-0.3344, -0.3544, -0.4556, 0.6966, -0.0242, -0.2630),
        (0.2626, 0.2141, 0.0926, 0.0656, -0.7629, -0.5388),
        (0.0805, -0.0498, 0.1950, -0.1327, 0.5752, -0.7775),
        (-0.7252, -0.0202, 0.6683, 0.0631, -0.1494, -0.0274),
        (0.4000, -0.8172, 0.3832, 0.0602, -0.1095, 0.0985),
    ),
    _SIX_NM,
    _TM_ORDERS,
)
OLI = TasseledCapTable(
    "Landsat 8 OLI",
    (
        (0.3029, 0.2786, 0.4733, 0.5599, 0.5080, 0.1872),
        (-0.2941, -0.2430, -0.5424, 0.7276, 0.0713, -0.1608),
        (0.1511, 0.1973, 0.3283, 0.3407, -0.7117, -0.4559),
        (-0.8239, 0.0849, 0.4396, -0.0580, 0.2013, -0.2773),
        (-0.3294, 0.0557, 0.1056, 0.1855, -0.4349, 0.8085),
        (0.1079, -0.9023, 0.4119, 0.0575, -0.0259, 0.0252),
    ),
    _SIX_NM,
    _OLI_ORDERS,
)
MSI = TasseledCapTable(
    "Sentinel-2 MSI",
    (
        (0.3510, 0.3813, 0.3437, 0.7196, 0.2396, 0.1949),
        (-0.3599, -0.3533, -0.4734, 0.6633, 0.0087, -0.2856),
        (0.2578, 0.2305, 0.0883, 0.1071, -0.7611, -0.5308),
    ),
    _MSI_NM,
    _MSI_ORDERS,
)
IKONOS = TasseledCapTable(
    "IKONOS",
    (
        (0.326, 0.509, 0.560, 0.567),
        (-0.311, -0.356, -0.325, 0.819),
        (-0.612, -0.312, 0.722, -0.081),
        (-0.650, 0.719, -0.243, -0.031),
    ),
    _FOUR_NM,
    {4: (0, 1, 2, 3)},
)
QUICKBIRD = TasseledCapTable(
    "QuickBird",
    (
        (0.319, 0.542, 0.490, 0.604),
        (-0.121, -0.331, -0.517, 0.780),
        (0.652, 0.375, -0.639, -0.163),
        (0.677, -0.675, 0.292, 0.011),
    ),
    _FOUR_NM,
    {4: (0, 1, 2, 3)},
)
WORLDVIEW2 = TasseledCapTable(
    "WorldView-2",
    (
        (-0.060436, 0.012147, 0.125846, 0.313039, 0.412175, 0.482758, -0.160654, 0.673510),
        (-0.140191, -0.206224, -0.215854, -0.314441, -0.410892, 0.095786, 0.600549, 0.503672),
        (-0.270951, -0.315708, -0.317263, -0.242544, -0.256463, -0.096550, -0.742535, 0.202430),
    ),
    _EIGHT_NM,
    {8: (0, 1, 2, 3, 4, 5, 6, 7)},
)

TABLES = (TM4, TM5, TM_REFLECTANCE, ETM, OLI, MSI, IKONOS, QUICKBIRD, WORLDVIEW2)


def table_of(sensor: str, platform: str, values: str) -> TasseledCapTable | None:
    """Return the table of a sensor; None = none is known.

    Parameters
    ----------
    sensor, platform : str
        As catalogs name them ("OLI_TIRS", "Landsat 8"; "WV02"; "MSI"); either may be "".
    values : str
        What the numbers are ("surface reflectance", "dn" …), "" = not known.
    """
    words = f"{sensor} {platform}".upper().replace("-", "").replace("_", "").replace(" ", "")
    known = (
        (("OLI", "LANDSAT8", "LANDSAT9", "LC08", "LC09"), OLI),
        (("ETM", "LANDSAT7", "LE07"), ETM),
        (("MSI", "SENTINEL2"), MSI),
        (("IKONOS",), IKONOS),
        (("QUICKBIRD", "QB02"), QUICKBIRD),
        (("WORLDVIEW2", "WV02", "WORLDVIEW3", "WV03"), WORLDVIEW2),
    )
    for names, table in known:
        if any(name in words for name in names):
            return table
    is_tm4 = "LANDSAT4" in words or "LT04" in words
    is_tm5 = "LANDSAT5" in words or "LT05" in words
    if not (is_tm4 or is_tm5 or words.startswith("TM") or "LANDSATTM" in words) or "MSS" in words:
        return None
    if "reflectance" in values.casefold() or not (is_tm4 or is_tm5):
        return TM_REFLECTANCE
    return TM4 if is_tm4 else TM5
