"""Documents of DigitalGlobe and Maxar products: .IMD, .TIL, and the XML that holds both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.acquisition_maxar import lower_texts, maxar_acquisition
from raster_types.sensor_files.image_window import ImageWindow
from raster_types.sensor_files.odl_groups import read_odl
from raster_types.sensor_files.sunlight import maxar_gains
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from raster_types.sensor_files.acquisition import Acquisition

_MOST_TILES = 10_000
_NAME = re.compile(r"[^/\\\x00]{1,255}")
_BAND = re.compile(r"band_(\w{1,8})", re.IGNORECASE)
# By the group's name: bands in the order of the file, middles of their ranges in nanometres.
_BANDS = {
    "P": ("Pan", 625.0),
    "C": ("Coastal", 425.0),
    "B": ("Blue", 480.0),
    "G": ("Green", 545.0),
    "Y": ("Yellow", 605.0),
    "R": ("Red", 660.0),
    "RE": ("RedEdge", 725.0),
    "N": ("NIR", 835.0),
    "N2": ("NIR2", 950.0),
}


@dataclass(frozen=True, slots=True)
class MaxarTile:
    """A file of a product and where it lies in the whole image."""

    name: str
    window: ImageWindow


@dataclass(frozen=True, slots=True)
class MaxarProduct:
    """What documents say of a product.

    Attributes
    ----------
    rows, cols : int
        Of the whole image.
    bands : tuple of (name, wavelength)
        In the order of the files; () = not told.
    tiles : tuple of MaxarTile
        () = one file of the product's own name.
    reflectance_gains : one per band, or ()
        Make reflectance of its numbers with the sun overhead.
    """

    rows: int
    cols: int
    level: str
    band_id: str
    bands: tuple[tuple[str, float | None], ...]
    tiles: tuple[MaxarTile, ...]
    acquisition: Acquisition
    reflectance_gains: tuple[float, ...] = ()


def read_imd(text: str) -> MaxarProduct:
    """Return what an .IMD file says; tiles are in the .TIL file.

    Raises
    ------
    InvalidParameter
    """
    tree = read_odl(text)
    groups = [
        (match[1], group.flat()) for group in tree.groups if (match := _BAND.fullmatch(group.name))
    ]
    return _product("IMD file", tree.flat(), groups, ())


def read_til(text: str) -> tuple[MaxarTile, ...]:
    """Return the tiles that a .TIL file lists.

    Raises
    ------
    InvalidParameter
        None, a name in another folder, an offset that is none.
    """
    groups = read_odl(text).groups
    tiles = (group.texts for group in groups if group.name.lower().startswith("tile"))
    return _tiles("TIL file", tiles)


def read_maxar_xml(text: str) -> MaxarProduct:
    """Return what a product's XML says, with its tiles where it lists them.

    Raises
    ------
    InvalidParameter
        Also: no IMD in the document.
    """
    root = parse_xml("DigitalGlobe XML", text)
    imd = root if root.tag == "IMD" else root.find("IMD")
    if imd is None:
        raise InvalidParameter(
            "DigitalGlobe XML", f"<{root.tag}>", "a document with an element IMD"
        )
    groups = [(match[1], lower_texts(each)) for each in imd if (match := _BAND.fullmatch(each.tag))]
    listed = [lower_texts(tile) for tile in root.iterfind("TIL/TILE")]
    tiles = _tiles("DigitalGlobe XML", listed) if listed else ()
    return _product("DigitalGlobe XML", lower_texts(imd), groups, tiles)


def _product(
    kind: str,
    texts: Mapping[str, str],
    groups: list[tuple[str, dict[str, str]]],
    tiles: tuple[MaxarTile, ...],
) -> MaxarProduct:
    acquisition = maxar_acquisition(texts)
    return MaxarProduct(
        rows=_whole(f"{kind}: numRows", texts.get("numrows"), 1),
        cols=_whole(f"{kind}: numColumns", texts.get("numcolumns"), 1),
        level=texts.get("productlevel", ""),
        band_id=texts.get("bandid", ""),
        bands=tuple(_BANDS.get(name.upper(), (name, None)) for name, _ in groups),
        tiles=tiles,
        acquisition=acquisition,
        reflectance_gains=maxar_gains(acquisition.platform, groups, acquisition.date),
    )


def _tiles(kind: str, listed: Iterable[Mapping[str, str]]) -> tuple[MaxarTile, ...]:
    found = []
    for texts in listed:
        name = texts.get("filename", "")
        if not _NAME.fullmatch(name) or name in {".", ".."}:
            accepted = "the name of a file beside the document"
            raise InvalidParameter(f"{kind}: filename", name, accepted)
        col, row = (
            _whole(f"{kind}: {key} of {name}", texts.get(key.lower()), 0)
            for key in ("ULColOffset", "ULRowOffset")
        )
        found.append(MaxarTile(name, ImageWindow(first_col=float(col), first_row=float(row))))
    if not 1 <= len(found) <= _MOST_TILES:
        raise InvalidParameter(f"{kind}: tiles", len(found), "1 to 10,000 tiles")
    return tuple(found)


def _whole(name: str, text: str | None, least: int) -> int:
    match = re.fullmatch(r"(\d{1,9})(?:\.0*)?(?:[eE]\+?0+)?", text or "")
    value = int(match[1]) if match else _exponent(text)
    if value is None or value < least:
        raise InvalidParameter(name, text, f"a whole number from {least}")
    return value


def _exponent(text: str | None) -> int | None:
    """Return a whole number written as 1.28e+04, as the XML sometimes has it."""
    if text is None or not re.fullmatch(r"\d(?:\.\d{1,20})?[eE]\+?0?\d", text):
        return None
    value = float(text)
    return int(value) if value.is_integer() else None
