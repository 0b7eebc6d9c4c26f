"""DIMAP v2 documents (DIM_*.XML of SPOT 6/7, Pléiades, Pléiades Neo): which files, tiles and bands a product has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.acquisition_dimap import read_dimap_acquisition
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow, window_of_tile
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from raster_types.sensor_files.acquisition import Acquisition

_KIND = "DIMAP document"
_MOST_TILES = 10_000
_NAME = re.compile(r"[^/\\\x00]{1,255}")
_NANOMETRES = {"nanometer": 1.0, "nanometers": 1.0, "micrometer": 1e3, "micrometers": 1e3}
_DISPLAY = ("RED_CHANNEL", "GREEN_CHANNEL", "BLUE_CHANNEL", "ALPHA_CHANNEL")


@dataclass(frozen=True, slots=True)
class DimapBand:
    """One band as the document names it; `wavelength_nm` None where it does not say."""

    name: str
    wavelength_nm: float | None = None


@dataclass(frozen=True, slots=True)
class DimapFile:
    """One file of a tile and its bands in their order; () where the document does not tell."""

    name: str
    bands: tuple[DimapBand, ...]


@dataclass(frozen=True, slots=True)
class DimapTile:
    """One tile: its files, which hold different bands of it, and where it lies in the image."""

    row: int
    col: int
    files: tuple[DimapFile, ...]
    window: ImageWindow


@dataclass(frozen=True, slots=True)
class DimapProduct:
    """What a document says of a product.

    Attributes
    ----------
    rows, cols : int
        Of the whole image.
    is_sensor : bool
        Whether the RPC places it; else it lies on a map already.
    rpc : str
        Name of the RPC's file; "" = none.
    spectral : str
        "P", "MS", "PMS", "MS-FS" …
    no_data : str
        A number, "" = none.
    """

    rows: int
    cols: int
    is_sensor: bool
    rpc: str
    level: str
    spectral: str
    no_data: str
    tiles: tuple[DimapTile, ...]
    acquisition: Acquisition


def read_dimap_product(text: str) -> DimapProduct:
    """Return what a document of a product says.

    Raises
    ------
    InvalidParameter
        Not the document of a product, names of files in other folders, tiles that overlap.
    """
    root = parse_xml(_KIND, text)
    profile = (root.findtext(".//METADATA_SUBPROFILE") or "").strip()
    access = root.find(".//Raster_Data/Data_Access")
    if root.tag != "Dimap_Document" or access is None:
        value = f"<{root.tag}> {profile}".strip()
        raise InvalidParameter(_KIND, value, "a document of a product, with Raster_Data")
    rpc = _rpc(root)
    geometry = (root.findtext(".//Raster_CRS/RASTER_GEOMETRY") or "").strip().upper()
    return DimapProduct(
        rows=_count(root, ".//Raster_Dimensions/NROWS"),
        cols=_count(root, ".//Raster_Dimensions/NCOLS"),
        is_sensor=geometry != "GROUND" and bool(rpc),
        rpc=rpc,
        level=_text(root, ".//PROCESSING_LEVEL"),
        spectral=_text(root, ".//SPECTRAL_PROCESSING"),
        no_data=_no_data(root),
        tiles=_tiles(root, access),
        acquisition=read_dimap_acquisition(root),
    )


def _tiles(root: Element, access: Element) -> tuple[DimapTile, ...]:
    size = _tile_size(root)
    wavelengths = _wavelengths(root)
    of_image = _bands(root, wavelengths)
    found: dict[tuple[int, int], list[DimapFile]] = {}
    for files in access.findall("Data_Files"):
        bands = _bands(files, wavelengths) or of_image
        for file in files.findall("Data_File"):
            place = (_index(file, "tile_R"), _index(file, "tile_C"))
            path = file.find("DATA_FILE_PATH")
            name = "" if path is None else path.get("href", "")
            found.setdefault(place, []).append(DimapFile(_plain_name(name), bands))
    if not 1 <= len(found) <= _MOST_TILES:
        raise InvalidParameter(f"{_KIND}: Data_Files", f"{len(found)} tiles", "1 to 10,000 tiles")
    if len(found) > 1 and size is None:
        raise InvalidParameter(f"{_KIND}: Regular_Tiling", "nothing", "the size of its tiles")
    return tuple(
        DimapTile(
            row=place[0],
            col=place[1],
            files=tuple(files),
            window=WHOLE_IMAGE if size is None or len(found) == 1 else window_of_tile(place, size),
        )
        for place, files in sorted(found.items())
    )


def _tile_size(root: Element) -> tuple[int, int] | None:
    """Return (rows, columns) of a whole tile; None where the image is in one piece."""
    tiling = root.find(".//Tile_Set/Regular_Tiling")
    if tiling is None:
        return None
    for name in ("OVERLAP_ROW", "OVERLAP_COL"):
        if (tiling.findtext(name) or "0").strip() != "0":
            raise InvalidParameter(
                f"{_KIND}: {name}", tiling.findtext(name), "tiles without overlap"
            )
    size = tiling.find("NTILES_SIZE")
    if size is None:
        return None
    return _positive("nrows", size.get("nrows")), _positive("ncols", size.get("ncols"))


def _bands(element: Element, wavelengths: dict[str, float]) -> tuple[DimapBand, ...]:
    """Return the bands of files in their order: by index, else as they are shown (DIMAP's first ones)."""
    listed = element.findall(".//Raster_Index")
    if listed:
        # Indices count within the file, or through all files: their order is the same.
        ids = [(item.findtext("BAND_ID") or "").strip() for item in listed]
        order = [(item.findtext("BAND_INDEX") or "").strip() for item in listed]
        if all(re.fullmatch(r"\d{1,9}", index) for index in order):
            numbers = [int(index) for index in order]
            if sorted(numbers) == list(range(1, len(numbers) + 1)):
                ids = [name for _, name in sorted(zip(numbers, ids, strict=True))]
    else:
        shown = element.find(".//Band_Display_Order")
        texts = [] if shown is None else [(shown.findtext(name) or "").strip() for name in _DISPLAY]
        ids = list(dict.fromkeys(text for text in texts if text))
    return tuple(DimapBand(name, wavelengths.get(name)) for name in ids)


def _wavelengths(root: Element) -> dict[str, float]:
    """Return the middle of each band's spectral range, nanometres, where the document tells."""
    found: dict[str, float] = {}
    for each in root.iter("Band_Spectral_Range"):
        unit = _NANOMETRES.get((each.findtext("MEASURE_UNIT") or "").strip().lower())
        try:
            low, high = (float(each.findtext(f".//{name}") or "") for name in ("MIN", "MAX"))
        except ValueError:
            continue
        if unit is not None and 0 < low <= high < 1e6:
            found[(each.findtext("BAND_ID") or "").strip()] = (low + high) / 2 * unit
    return found


def _no_data(root: Element) -> str:
    for special in root.iter("Special_Value"):
        if (special.findtext("SPECIAL_VALUE_TEXT") or "").strip().upper() == "NODATA":
            count = (special.findtext("SPECIAL_VALUE_COUNT") or "").strip()
            return repr(float(count)) if re.fullmatch(r"-?\d{1,9}", count) else ""
    return ""


def _rpc(root: Element) -> str:
    """Return the name of the file with the RPC; "" where the document names none."""
    for model in root.iter("Rational_Function_Model"):
        path = model.find(".//COMPONENT_PATH")
        if path is not None:
            return _plain_name(path.get("href", ""))
    return ""


def _plain_name(href: str) -> str:
    name = href.removeprefix("./")
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise InvalidParameter(f"{_KIND}: href", href, "the name of a file beside the document")
    return name


def _index(file: Element, name: str) -> int:
    return _positive(name, file.get(name, "1"))


def _count(root: Element, path: str) -> int:
    return _positive(path.rpartition("/")[2], (root.findtext(path) or "").strip())


def _positive(name: str, text: str | None) -> int:
    if text is None or not re.fullmatch(r"\d{1,9}", text.strip()) or int(text) < 1:
        raise InvalidParameter(f"{_KIND}: {name}", text, "a whole number from 1")
    return int(text)


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()
