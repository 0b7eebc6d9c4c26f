"""Elevation: one band of heights in metres, from SRTM's .hgt, DTED and any raster of heights.

Voids that files do not declare are known by what no height is: SRTM's -32768 in integers, values beyond
15,000 m below and 30,000 above (feet on Everest) in floats. Shown as shades of grey, interpolated between
posts; a compiled service of them is terrain for `--dem`.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition
from engine.errors import UnknownProduct
from engine.geometry.terrain import stated_datum
from engine.pixel_type import PixelType
from raster_types.items.image_files import SingleImageType, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.raster_record import SourceDefinition
    from engine.readers.header import BandHeader, RasterHeader
    from raster_types.base import ItemOptions, Product

_HEIGHTS = frozenset([PixelType.S16, PixelType.U16, PixelType.S32, PixelType.F32, PixelType.F64])
_SRTM_VOID = "-32768.0"
_POSSIBLE_M = (-15_000.0, 30_000.0)
# Of products by the way they are stored; all of them count from EGM96.
_EGM96_DRIVERS = ("SRTMHGT", "DTED")


class ElevationType(SingleImageType):
    """The raster type "elevation"."""

    name = "elevation"

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one file.

        Raises
        ------
        UnknownProduct
            More than one band and none chosen, or samples that are no heights.
        """
        header = product.header(product.main)
        band = _height_band(header, options)
        problem = placement_problem(header, options.crs or header.crs)
        status, message = problem or (ItemStatus.ADDED, "")
        source = msgspec.structs.replace(source_of(header, options), crs=options.crs)
        datum = "egm96" if header.driver in _EGM96_DRIVERS else stated_datum(header.crs)
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(
                raster_type=self.name, sources=(_without_voids(source, header, band),)
            ),
            headers=(header,),
            attributes={"VerticalDatum": datum or None},
            status=status,
            message=message,
        )


def _height_band(header: RasterHeader, options: ItemOptions) -> BandHeader:
    bands = options.bands or tuple(
        number for number in range(1, len(header.bands) + 1) if number != header.alpha_band
    )
    if len(bands) != 1:
        count = len(header.bands)
        why = f"has {count} bands, elevation has one; say which with --bands"
        raise UnknownProduct(header.path, why)
    if not 1 <= bands[0] <= len(header.bands):
        why = f"band {bands[0]} is asked for, but the file has {len(header.bands)}"
        raise UnknownProduct(header.path, why)
    band = header.bands[bands[0] - 1]
    if band.pixel_type not in _HEIGHTS or header.colormap:
        what = "colours of a palette" if header.colormap else f"of type {band.pixel_type}"
        raise UnknownProduct(
            header.path, f"its samples are {what}; heights are 16 or 32-bit integers or floats"
        )
    return band


def _without_voids(
    source: SourceDefinition, header: RasterHeader, band: BandHeader
) -> SourceDefinition:
    """Return the source with voids that neither file nor author declares."""
    is_stated = source.no_data or source.valid_range or band.no_data_text
    if is_stated or header.mask != "none":
        return source
    if band.pixel_type is PixelType.S16:
        return msgspec.structs.replace(source, no_data=_SRTM_VOID)
    if band.pixel_type.is_float:
        return msgspec.structs.replace(source, valid_range=_POSSIBLE_M)
    return source
