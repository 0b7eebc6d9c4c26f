"""The indices that BandArithmetic knows by number, as expressions of bands b1, b2 … in the order listed.

References
----------
ArcGIS REST API, raster function objects: BandArithmetic (Method), with the formulas of ArcGIS Pro's help,
"Band Arithmetic function"; for the indices themselves: Huete 1988 (SAVI), Baret & Guyot 1991 (TSAVI), Qi et
al. 1994 (MSAVI), Pinty & Verstraete 1992 (GEMI), Haboudane et al. 2004 (MTVI2), Huete et al. 2002 (EVI).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BandIndex:
    """An index.

    Attributes
    ----------
    bands : int
        How many it takes.
    formulas : tuple of str
        One a band of the result.
    parameters : tuple of (name, default or None)
        Numbers that follow the bands; None = must be given.
    """

    name: str
    bands: int
    formulas: tuple[str, ...]
    parameters: tuple[tuple[str, float | None], ...] = ()


_DIFFERENCE = ("(b1 - b2) / (b1 + b2)",)
_RATIO = ("b1 / b2",)
_ETA = "(2 * (b1^2 - b2^2) + 1.5 * b1 + 0.5 * b2) / (b1 + b2 + 0.5)"
_MTVI2_ROOT = "sqrt((2 * b1 + 1)^2 - (6 * b1 - 5 * sqrt(b2)) - 0.5)"

BAND_INDICES: dict[int, BandIndex] = {
    1: BandIndex("NDVI", 2, _DIFFERENCE),
    2: BandIndex("SAVI", 2, ("(b1 - b2) / (b1 + b2 + L) * (1 + L)",), (("L", None),)),
    3: BandIndex(
        "TSAVI",
        2,
        ("s * (b1 - s * b2 - a) / (a * b1 + b2 - a * s + X * (1 + s^2))",),
        (("s", None), ("a", None), ("X", None)),
    ),
    4: BandIndex("MSAVI", 2, ("(2 * b1 + 1 - sqrt((2 * b1 + 1)^2 - 8 * (b1 - b2))) / 2",)),
    5: BandIndex("GEMI", 2, (f"({_ETA}) * (1 - 0.25 * ({_ETA})) - (b2 - 0.125) / (1 - b2)",)),
    6: BandIndex("PVI", 2, ("(b1 - a * b2 - b) / sqrt(1 + a^2)",), (("a", None), ("b", None))),
    7: BandIndex(
        "GVITM",
        6,
        ("-0.2848 * b1 - 0.2435 * b2 - 0.5436 * b3 + 0.7243 * b4 + 0.0840 * b5 - 0.1800 * b6",),
    ),
    8: BandIndex("Sultan", 5, ("100 * b4 / b5", "100 * b4 / b1", "100 * (b2 / b3) * (b4 / b3)")),
    9: BandIndex("VARI", 3, ("(b2 - b1) / (b2 + b1 - b3)",)),
    10: BandIndex("GNDVI", 2, _DIFFERENCE),
    11: BandIndex("SR", 2, _RATIO),
    12: BandIndex("NDVIre", 2, _DIFFERENCE),
    13: BandIndex("SRre", 2, _RATIO),
    14: BandIndex(
        "MTVI2",
        3,
        (f"1.5 * (1.2 * (b1 - b3) - 2.5 * (b2 - b3)) / ({_MTVI2_ROOT})",),
    ),
    15: BandIndex("RTVICore", 3, ("100 * (b1 - b2) - 10 * (b1 - b3)",)),
    16: BandIndex("CIre", 2, ("b1 / b2 - 1",)),
    17: BandIndex("CIg", 2, ("b1 / b2 - 1",)),
    18: BandIndex("NDWI", 2, ("(b2 - b1) / (b2 + b1)",)),
    19: BandIndex("EVI", 3, ("2.5 * (b1 - b2) / (b1 + 6 * b2 - 7.5 * b3 + 1)",)),
    20: BandIndex("Iron Oxide", 2, _RATIO),
    21: BandIndex("Ferrous Minerals", 2, _RATIO),
    22: BandIndex("Clay Minerals", 2, _RATIO),
    23: BandIndex(
        "WNDWI",
        3,
        ("(b1 - w * b2 - (1 - w) * b3) / (b1 + w * b2 + (1 - w) * b3)",),
        (("w", 0.5),),
    ),
    24: BandIndex("BAI", 2, ("1 / ((0.1 - b1)^2 + (0.06 - b2)^2)",)),
    25: BandIndex("NBR", 2, _DIFFERENCE),
    26: BandIndex("NDBI", 2, _DIFFERENCE),
    27: BandIndex("NDMI", 2, _DIFFERENCE),
    28: BandIndex("NDSI", 2, _DIFFERENCE),
    29: BandIndex("MNDWI", 2, _DIFFERENCE),
}
