"""Read a GDAL VRT: bands and their sources. Never opened by GDAL.

Rule: every element is known to mean nothing for the pixels, or is understood; any other is refused by
name. A VRT that is read wrongly shows wrong pixels without a word.

References
----------
GDAL, VRT -- GDAL virtual format.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from raster_types.tables.xml_file import parts_of_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

Rect = tuple[float, float, float, float]
GeoTransform = tuple[float, float, float, float, float, float]

_SOURCES = ("SimpleSource", "ComplexSource", "AveragedSource")
# What stands in an element, without a meaning for pixels: statistics, names, how to store.
_IDLE = {
    "VRTDataset": ("Metadata", "OverviewList", "BlockXSize", "BlockYSize", "MaskBand"),
    "VRTRasterBand": (
        "Metadata",
        "Description",
        "HideNoDataValue",
        "ColorInterp",
        "ColorTable",
        "Histograms",
        "UnitType",
        "Offset",
        "Scale",
        "CategoryNames",
        "MaskBand",
    ),
    "Source": ("UseMaskBand",),
}
_READ = {
    "VRTDataset": ("SRS", "GeoTransform", "VRTRasterBand"),
    "VRTRasterBand": ("NoDataValue", *_SOURCES),
    "Source": (
        "SourceFilename",
        "SourceBand",
        "SourceProperties",
        "SrcRect",
        "DstRect",
        "NODATA",
        "ScaleOffset",
        "ScaleRatio",
    ),
}
_PLAIN_CLASSES = ("", "VRTRasterBand", "VRTSourcedRasterBand")
_MAX_BANDS = 4096
_MAX_PARTS = 3_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VrtPart:
    """One source of a band: columns and rows of a band of a file, and those of the VRT they fill.

    Attributes
    ----------
    from_rect, to_rect : (column, row, columns, rows) or None
        None = all.
    size : (columns, rows) or None
        Of the file, where it is said.
    """

    file: str
    is_relative: bool
    band: int
    from_rect: Rect | None
    to_rect: Rect | None
    size: tuple[float, float] | None
    no_data: str
    gain: float
    offset: float


@dataclass(slots=True)
class VrtBand:
    """A band: its pixel type as GDAL names it, its no data, its sources from the lowest to the top."""

    data_type: str
    no_data: str = ""
    parts: list[VrtPart] = field(default_factory=list)


@dataclass(slots=True)
class VrtDocument:
    """A VRT as it stands in its file."""

    width: int = 0
    height: int = 0
    srs: str = ""
    geotransform: GeoTransform | None = None
    bands: list[VrtBand] = field(default_factory=list)


def read_vrt(path: Path) -> VrtDocument:
    """Read a VRT.

    Raises
    ------
    ConfigError
        It is none, or holds an element that is not understood; the text names it.
    """
    reader = _Reader(path)
    for event, element in parts_of_xml(path):
        if event == "start":
            reader.begin(element)
        else:
            reader.end(element)
    return reader.document


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack: list[str] = []
        # Depth at which an element without meaning began, 0 = none.
        self._idle = 0
        self._part: dict[str, Element] = {}
        self._count = 0
        self.document = VrtDocument()

    def _refuse(self, what: str) -> ConfigError:
        why = f"{what} is not understood in a VRT; add the files it is made of, or what it was made into"
        return ConfigError(self._path, "", why)

    def begin(self, element: Element) -> None:
        """Look at an element that begins."""
        self._stack.append(str(element.tag))
        depth = len(self._stack)
        if self._idle:
            return
        if depth == 1:
            self._begin_dataset(element)
        else:
            kind = ("VRTDataset", "VRTRasterBand", "Source")[depth - 2] if depth <= 4 else ""
            self._begin_inside(kind, element)

    def _begin_dataset(self, element: Element) -> None:
        if element.tag != "VRTDataset":
            raise ConfigError(self._path, "", f"is no VRT: it begins with <{element.tag}>")
        if kind := element.get("subClass", ""):
            raise self._refuse(f'<VRTDataset subClass="{kind[:40]}">')
        size = self._numbers(element, "rasterXSize", "rasterYSize")
        self.document.width, self.document.height = int(size[0]), int(size[1])

    def _begin_inside(self, kind: str, element: Element) -> None:
        tag = str(element.tag)
        if kind and tag in _IDLE[kind]:
            self._idle = len(self._stack)
        elif not kind or tag not in _READ[kind]:
            raise self._refuse(f"<{tag[:60]}> in <{self._stack[-2][:60]}>")
        elif tag == "VRTRasterBand":
            self._begin_band(element)
        elif kind == "VRTRasterBand" and tag in _SOURCES:
            self._part = {}

    def _begin_band(self, element: Element) -> None:
        if element.get("subClass", "") not in _PLAIN_CLASSES:
            raise self._refuse(f'<VRTRasterBand subClass="{str(element.get("subClass"))[:40]}">')
        self.document.bands.append(VrtBand(element.get("dataType", "Byte")))
        if len(self.document.bands) > _MAX_BANDS:
            raise ConfigError(self._path, "", f"has more than {_MAX_BANDS} bands")

    def end(self, element: Element) -> None:
        """Take what an element holds."""
        tag, depth = self._stack.pop(), len(self._stack) + 1
        if self._idle:
            if depth == self._idle:
                self._idle = 0
                element.clear()
            return
        text = (element.text or "").strip()
        if depth == 2 and tag == "SRS":
            self.document.srs = text
        elif depth == 2 and tag == "GeoTransform":
            self.document.geotransform = self._geotransform(text)
        elif depth == 3 and tag == "NoDataValue":
            self.document.bands[-1].no_data = self._no_data(text)
        elif depth == 3 and tag in _SOURCES:
            self.document.bands[-1].parts.append(self._finished())
            element.clear()
        elif depth == 4:
            self._part[tag] = element

    def _finished(self) -> VrtPart:
        part, self._part = self._part, {}
        self._count += 1
        if self._count > _MAX_PARTS:
            raise ConfigError(self._path, "", f"has more than {_MAX_PARTS} sources")
        name = part.get("SourceFilename")
        file = (name.text or "").strip() if name is not None else ""
        if name is None or not file:
            raise ConfigError(self._path, "", "has a source without <SourceFilename>")
        properties = part.get("SourceProperties")
        return VrtPart(
            file=file,
            is_relative=name.get("relativeToVRT", "0") == "1",
            band=self._band(part.get("SourceBand")),
            from_rect=self._rect(part.get("SrcRect")),
            to_rect=self._rect(part.get("DstRect")),
            size=None if properties is None else self._size(properties),
            no_data=self._no_data(_text(part.get("NODATA"))),
            gain=self._number(_text(part.get("ScaleRatio")) or "1", "ScaleRatio"),
            offset=self._number(_text(part.get("ScaleOffset")) or "0", "ScaleOffset"),
        )

    def _band(self, element: Element | None) -> int:
        text = _text(element) or "1"
        if not text.isdigit() or not 1 <= int(text) <= _MAX_BANDS:
            raise self._refuse(f"<SourceBand>{text[:40]}")
        return int(text)

    def _rect(self, element: Element | None) -> Rect | None:
        if element is None:
            return None
        left, top, width, height = self._numbers(element, "xOff", "yOff", "xSize", "ySize")
        if width <= 0 or height <= 0:
            raise ConfigError(self._path, str(element.tag), "is empty")
        return left, top, width, height

    def _size(self, element: Element) -> tuple[float, float]:
        width, height = self._numbers(element, "RasterXSize", "RasterYSize")
        return width, height

    def _numbers(self, element: Element, *names: str) -> list[float]:
        return [self._number(element.get(name, ""), f"{element.tag} {name}") for name in names]

    def _number(self, text: str, where: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ConfigError(self._path, where, f"{text[:40]!r} is no number")
        return value

    def _no_data(self, text: str) -> str:
        if not text:
            return ""
        try:
            return repr(float(text))
        except ValueError as err:
            raise ConfigError(self._path, "no data", f"{text[:40]!r} is no number") from err

    def _geotransform(self, text: str) -> GeoTransform:
        values = [self._number(part, "GeoTransform") for part in text.split(",")]
        if len(values) != 6:
            raise ConfigError(self._path, "GeoTransform", f"has {len(values)} numbers; expected 6")
        a, b, c, d, e, f = values
        return a, b, c, d, e, f


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
