"""GTI documents of GDAL: XML that names a tile index and how to read it.

References
----------
GDAL, GTI -- GDAL raster tile index, XML format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from raster_types.tables.xml_file import parts_of_xml

if TYPE_CHECKING:
    from pathlib import Path

# What is said of the mosaic as one grid: here each raster keeps its own.
_IDLE = frozenset(
    "SRS SRSBehavior ResX ResY BandCount DataType NoData NoDataValue ColorInterp MinX MinY MaxX MaxY "  # noqa: SIM905 -- a list of words
    "BlockXSize BlockYSize Resampling Band MaskBand Metadata Overview SortField SortFieldAsc "
    "WarpMemory InterleavedBands".split()
)


@dataclass(frozen=True, slots=True)
class GtiDocument:
    """The index, its layer and its column of paths; "" = not said."""

    index: str
    layer: str
    path_field: str


def read_gti(path: Path) -> GtiDocument:
    """Read a GTI document.

    Raises
    ------
    ConfigError
        It is none, or holds an element that is not understood; the text names it.
    """
    found: dict[str, str] = {}
    depth = 0
    for event, element in parts_of_xml(path):
        depth += 1 if event == "start" else -1
        tag = str(element.tag)
        if event == "start" and depth == 1 and tag != "GDALTileIndexDataset":
            raise ConfigError(path, "", f"is no tile index: it begins with <{tag[:60]}>")
        if event == "end" and depth == 1 and tag not in _IDLE:
            if tag not in ("IndexDataset", "IndexLayer", "LocationField"):
                why = (
                    f"<{tag[:60]}> is not understood in a tile index; add the index it names itself"
                )
                raise ConfigError(path, "", why)
            found[tag] = (element.text or "").strip()
    if not found.get("IndexDataset"):
        raise ConfigError(path, "", "names no <IndexDataset>")
    return GtiDocument(
        found["IndexDataset"], found.get("IndexLayer", ""), found.get("LocationField", "")
    )
