"""What the service table says of each item beside its attributes: where its pixels come from.

The raster process definition is written as JSON in the field `Raster` and may be edited by hand; the
headers of its files are kept in the field `Header`, so that nothing is opened twice.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from engine.build.footprint_rule import FootprintRule
from engine.geolocation import Geolocation
from engine.item import PRIMARY, Level
from engine.process_definition import RasterProcessDefinition
from engine.readers.header import RasterHeader

DEFINITION_VERSION = 1


class ItemStatus(IntEnum):
    """`StatusId` of an item; the sentence is in `StatusMessage`. From FAILED on it is not served."""

    READY = 0
    ADDED = 1
    FAILED = 100
    NOT_FOUND = 101
    CORRUPT = 102
    NOT_SUPPORTED = 103
    NO_GEOREFERENCE = 104
    NO_CRS = 105
    NOT_PLACED = 106
    BAD_DEFINITION = 107
    EMPTY = 108

    @property
    def is_failed(self) -> bool:
        """Whether the item takes no part in the service."""
        return self >= ItemStatus.FAILED


class SourceDefinition(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One file of an item and what the author states about it.

    Attributes
    ----------
    bands : tuple of int
        Bands to use, from 1, in this order; () = all but the alpha band. 0 = a band that the item
        lacks: no data.
    no_data : str
        A number that stands for "no data" in all bands ("nan" is one); "" = as the file says.
    band_no_data : one for all bands, or one per band used
        The same, said band by band: "" = none. () = as `no_data` says.
    valid_range : (lowest, highest) or None
        Samples outside are no data.
    crs : str
        Used instead of the file's own; "" = as the file says.
    driver : str
        GDAL driver to open the file with; "" = any that knows it.
    geotransform : 6 floats or None
        In GDAL's order, used instead of the file's own; None = as the file says.
    enabled : bool
        False takes the file out of the service without forgetting it.
    """

    path: str
    bands: tuple[int, ...] = ()
    no_data: str = ""
    band_no_data: tuple[str, ...] = ()
    valid_range: tuple[float, float] | None = None
    crs: str = ""
    driver: str = ""
    geotransform: tuple[float, float, float, float, float, float] | None = None
    enabled: bool = True


class GapBand(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a product states of a band that has no file."""

    name: str = ""
    wavelength_nm: float | None = None


class RasterDefinition(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The raster process definition of one item.

    Attributes
    ----------
    raster_type : str
        Which raster type made the item.
    sources : tuple of SourceDefinition
        Bands of the item are the bands of its sources, one after the other.
    geolocation : Geolocation or None
        Sensor model and terrain; None = placed by the first source's geotransform.
    notes : tuple of str
        Sentences about what was found when the item was added; build repeats them.
    process : RasterProcessDefinition or None
        As an author imported it; sources and geolocation follow from it (`engine.build.item_chain`).
        None = they are all there is.
    footprint : FootprintRule or None
        How this item's footprint is made; None = as those of the definition.
    coverage : str
        Area that the product states to hold pixels: a (MULTI)POLYGON as WKT, longitude and latitude;
        "" = none. Footprints by geometry are made of it.
    gaps : tuple of GapBand
        What the bands are that the item lacks (band 0 of its sources), in their order.
    """

    version: int = DEFINITION_VERSION
    raster_type: str
    sources: tuple[SourceDefinition, ...]
    geolocation: Geolocation | None = None
    notes: tuple[str, ...] = ()
    process: RasterProcessDefinition | None = None
    footprint: FootprintRule | None = None
    coverage: str = ""
    gaps: tuple[GapBand, ...] = ()


class PyramidFile(msgspec.Struct, frozen=True, kw_only=True):
    """Levels that a file of an item lacks, in a GeoTIFF made by build.

    Attributes
    ----------
    path : str
        Relative to the definition's folder.
    first_level : int
        Level of the item's file that is the made one's full resolution; coarser ones of its own are
        not used.
    levels : tuple of Level
        From that one on; those after it are the made file's GDAL overviews.
    source : int
        Which of the item's files, in the order of its record.
    """

    path: str
    first_level: int
    levels: tuple[Level, ...]
    source: int = 0


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a raster type makes it, before it has an OBJECTID.

    Attributes
    ----------
    category : int
        `PRIMARY`, or `COMPANION` for what goes with a primary and is not of its kind.
    """

    name: str
    raster: RasterDefinition
    headers: tuple[RasterHeader, ...] = ()
    attributes: dict[str, str | int | float | None] = {}
    status: ItemStatus = ItemStatus.ADDED
    message: str = ""
    category: int = PRIMARY


_raster_decoder = msgspec.json.Decoder(RasterDefinition)
_headers_decoder = msgspec.json.Decoder(tuple[RasterHeader, ...])
_pyramids_decoder = msgspec.json.Decoder(tuple[PyramidFile, ...] | PyramidFile)
_encoder = msgspec.json.Encoder()


def raster_to_text(raster: RasterDefinition) -> str:
    """Return the JSON of field `Raster`."""
    return _encoder.encode(raster).decode()


def raster_of_text(text: str) -> RasterDefinition:
    """Read the field `Raster`; raises `msgspec.ValidationError` or `DecodeError` with the key."""
    return _raster_decoder.decode(text)


def headers_to_text(headers: tuple[RasterHeader, ...]) -> str:
    """Return the JSON of field `Header`; "" for none."""
    return _encoder.encode(headers).decode() if headers else ""


def headers_of_text(text: str) -> tuple[RasterHeader, ...]:
    """Read the field `Header`; "" gives ()."""
    return _headers_decoder.decode(text) if text else ()


def pyramids_to_text(pyramids: tuple[PyramidFile, ...]) -> str | None:
    """Return what the catalog keeps of the levels made for an item; None for none."""
    return _encoder.encode(pyramids).decode() if pyramids else None


def pyramids_of_text(text: str) -> tuple[PyramidFile, ...]:
    """Read it; "" gives (). Older catalogs hold one file alone."""
    found = _pyramids_decoder.decode(text) if text else ()
    return (found,) if isinstance(found, PyramidFile) else found
