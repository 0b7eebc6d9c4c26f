"""Items whose bands are files of their own: what Landsat products and stacks do alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from config.definition import Interpolation
from engine.build.item_build import placement_problem
from engine.build.item_chain import definition_of_item
from engine.build.raster_record import GapBand, ItemStatus, NewItem, RasterDefinition
from engine.chain import Sampler2D
from engine.errors import UnknownProduct
from engine.item import COMPANION, PRIMARY
from raster_types.items.image_files import source_of
from raster_types.items.item_values import BandValues, with_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.raster_record import SourceDefinition
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.acquisition import Attributes


_PLAIN = BandValues()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBand:
    """One band of an item.

    Attributes
    ----------
    path : str
        Its file; "" = the item lacks the band, which stays empty and keeps name and wavelength.
    name : str
        "" = as the file says; also where the file has more than one band.
    values : BandValues
        How its numbers become values.
    no_data : str
        Where neither author nor file says one.
    """

    path: str
    name: str = ""
    wavelength_nm: float | None = None
    values: BandValues = _PLAIN
    no_data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedItem:
    """An item of bands.

    Attributes
    ----------
    bands : tuple of StackedBand
        In the item's order; at least one has a file.
    is_companion : bool
        Whether it goes with the item of another kind (`engine.item.COMPANION`).
    is_thematic : bool
        Whether numbers are classes or flags: never averaged.
    """

    raster_type: str
    name: str
    bands: tuple[StackedBand, ...]
    attributes: Attributes = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_companion: bool = False
    is_thematic: bool = False


def stacked_item(made: StackedItem, product: Product, options: ItemOptions) -> NewItem:
    """Return the item of bands in files of their own.

    Raises
    ------
    UnknownProduct
        None of the bands has a file, or the author names bands that there are not.
    SourceError
        A file cannot be read.
    """
    bands = picked(made.bands, options.bands, product.main)
    present = [band for band in bands if band.path]
    if not present:
        raise UnknownProduct(product.main, "none of its bands has a file")
    headers = tuple(_header(band, product.header(band.path)) for band in present)
    finest = max(headers, key=lambda header: header.width)
    problem = placement_problem(finest, options.crs or finest.crs)
    status, message = problem or (ItemStatus.ADDED, "")
    sources = [
        _source(band, header, options) for band, header in zip(present, headers, strict=True)
    ]
    raster = RasterDefinition(
        raster_type=made.raster_type,
        sources=with_gaps(sources, [bool(band.path) for band in bands]),
        notes=made.notes,
        gaps=tuple(
            GapBand(name=band.name, wavelength_nm=band.wavelength_nm)
            for band in bands
            if not band.path
        ),
    )
    counts = dict(zip((band.path for band in present), map(_count, headers), strict=True))
    values = [band.values for band in bands for _ in range(counts.get(band.path, 1))]
    raster = with_values(made.name, raster, values)
    if made.is_thematic:
        raster = _as_classes(made.name, raster)
    attributes = dict(made.attributes)
    if made.is_companion:
        attributes.setdefault("ZOrder", 1.0)
    return NewItem(
        name=made.name,
        raster=raster,
        headers=headers,
        attributes=attributes,
        status=status,
        message=message,
        category=COMPANION if made.is_companion else PRIMARY,
    )


def picked(
    bands: Sequence[StackedBand], numbers: Sequence[int], main: str
) -> tuple[StackedBand, ...]:
    """Return the bands that an author names by number, from 1; all where none is named.

    Raises
    ------
    UnknownProduct
        There is no such band.
    """
    for number in numbers:
        if not 1 <= number <= len(bands):
            raise UnknownProduct(main, f"band {number} is asked for, but it has {len(bands)}")
    return tuple(bands[number - 1] for number in numbers) or tuple(bands)


def with_gaps(
    sources: Sequence[SourceDefinition], there: Sequence[bool]
) -> tuple[SourceDefinition, ...]:
    """Return the sources with band 0, which is no data, where a band has no file.

    Parameters
    ----------
    there
        One a band of the item, in its order: whether it has a file, the next of the sources.
    """
    if all(there):
        return tuple(sources)
    left = list(sources)
    found: list[SourceDefinition] = []
    waiting = 0
    for has_file in there:
        if has_file:
            bands = (*(0,) * waiting, *(left[0].bands or (1,)))
            found.append(msgspec.structs.replace(left.pop(0), bands=bands))
            waiting = 0
        elif found:
            found[-1] = msgspec.structs.replace(found[-1], bands=(*found[-1].bands, 0))
        else:
            waiting += 1
    return tuple(found)


def _count(header: RasterHeader) -> int:
    return len(header.bands) - bool(header.alpha_band)


def _header(band: StackedBand, header: RasterHeader) -> RasterHeader:
    """Return a file's header with its band named."""
    if _count(header) != 1 or not (band.name or band.wavelength_nm):
        return header
    first = header.bands[0]
    named = msgspec.structs.replace(
        first,
        name=band.name or first.name,
        # GDAL calls a band alone in its file "gray".
        color="undefined",
        wavelength_nm=band.wavelength_nm or first.wavelength_nm,
    )
    return msgspec.structs.replace(header, bands=(named, *header.bands[1:]))


def _source(band: StackedBand, header: RasterHeader, options: ItemOptions) -> SourceDefinition:
    # Bands of the item, not of each of its files, are what an author picks.
    source = source_of(header, msgspec.structs.replace(options, bands=()))
    is_silent = all(not each.no_data_text for each in header.bands) and header.mask == "none"
    no_data = source.no_data or (band.no_data if is_silent else "")
    return msgspec.structs.replace(source, no_data=no_data, crs=options.crs)


def _as_classes(name: str, raster: RasterDefinition) -> RasterDefinition:
    definition = definition_of_item(name, raster)
    first = definition.rasters[0]
    chain = (*first.process_chain, Sampler2D(interpolation=Interpolation.NEAREST))
    rasters = (msgspec.structs.replace(first, process_chain=chain), *definition.rasters[1:])
    return msgspec.structs.replace(
        raster, process=msgspec.structs.replace(definition, rasters=rasters)
    )
