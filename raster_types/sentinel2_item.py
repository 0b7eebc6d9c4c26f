"""Items of one Sentinel-2 tile: its bands as one, true colour, classes and the like each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_build import placement_problem
from engine.build.raster_record import (
    ItemStatus,
    NewItem,
    RasterDefinition,
    SourceDefinition,
)
from engine.errors import InvalidParameter, SourceUnavailable, UnknownProduct
from engine.geometry.projection import canonical_crs
from raster_types.image_files import source_of
from raster_types.item_values import BandValues, with_values
from raster_types.sensor_files.acquisition import Acquisition, Attributes
from raster_types.sensor_files.sentinel2_names import COMMON_NAMES, EXTRAS
from raster_types.sensor_files.sentinel2_product import BANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.errors import SourceError
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.sentinel2_product import Sentinel2Product
    from raster_types.sensor_files.sentinel2_tile import Sentinel2Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel2Scene:
    """One tile of a product and its files.

    Attributes
    ----------
    product : Sentinel2Product or None
        None = a set of bands without metadata.
    files : dict of band to dict of resolution to path
    lacking : set of str
        Bands that the metadata name and that are not there.
    """

    raster_type: str
    name: str
    product: Sentinel2Product | None
    tile: Sentinel2Tile | None
    tile_id: str
    files: dict[str, dict[int, str]]
    lacking: set[str]


@dataclass(frozen=True, slots=True)
class _BandFile:
    """A band's file; `path` "" = the item lacks the band."""

    band: str
    resolution: int
    path: str


def scene_items(scene: Sentinel2Scene, product: Product, options: ItemOptions) -> Iterator[NewItem]:
    """Yield the item of a tile's bands, and one for each further raster asked for.

    Raises
    ------
    UnknownProduct
        Bands are asked for that there are not.
    SourceError
        A file cannot be read.
    """
    yield _item(scene, scene.name, _bands(scene, options), product, options)
    for extra in options.extras:
        name = extra.upper()
        if name in scene.files:
            resolution, path = min(scene.files[name].items())
            file = _BandFile(name, resolution, path)
            yield _item(scene, f"{scene.name}_{name}", [file], product, options)


def failed_scene(raster_type: str, main: str, tile: str, error: SourceError) -> NewItem:
    """Return the item of a tile that cannot be used."""
    why = str(error.fields[1]).strip()
    status = ItemStatus.CORRUPT
    if isinstance(error, SourceUnavailable):
        status = ItemStatus.NOT_FOUND
    elif isinstance(error, UnknownProduct):
        status = ItemStatus.NOT_SUPPORTED
    return NewItem(
        name=tile or PurePath(main).stem,
        raster=RasterDefinition(raster_type=raster_type, sources=(SourceDefinition(path=main),)),
        status=status,
        message=f"{why[:1].upper()}{why[1:].rstrip('.')}.",
    )


def _bands(scene: Sentinel2Scene, options: ItemOptions) -> list[_BandFile]:
    """Return the bands of the item in the instrument's order, or as asked for."""
    wanted = [_band_asked(scene, name) for name in options.assets] or list(BANDS)
    found = []
    for band in wanted:
        file = _file(scene, band, options.resolution)
        if file is not None:
            found.append(file)
    if not any(file.path for file in found):
        there = ", ".join(sorted(scene.files))
        asked = f"bands of {options.resolution} m" if options.resolution else "bands"
        raise UnknownProduct(_any_file(scene), f"has no {asked}; there are {there}")
    return found


def _band_asked(scene: Sentinel2Scene, name: str) -> str:
    band = COMMON_NAMES.get(name.lower(), name.upper())
    if band not in BANDS and band not in EXTRAS:
        known = ", ".join((*BANDS, *EXTRAS, *COMMON_NAMES))
        raise UnknownProduct(_any_file(scene), f"band {name!r} is asked for; known are {known}")
    return band


def _file(scene: Sentinel2Scene, band: str, resolution: str) -> _BandFile | None:
    """Return the file of a band, None where the product has no such band at that resolution."""
    files = scene.files.get(band, {})
    if resolution not in ("", "all"):
        files = {size: path for size, path in files.items() if size == int(resolution)}
    elif band in scene.lacking:
        # Left empty, so that the bands behind it keep their places.
        return _BandFile(band, 0, "")
    return _BandFile(band, *min(files.items())) if files else None


def _any_file(scene: Sentinel2Scene) -> str:
    return next(path for files in scene.files.values() for path in files.values())


def _item(
    scene: Sentinel2Scene,
    name: str,
    files: Sequence[_BandFile],
    product: Product,
    options: ItemOptions,
) -> NewItem:
    present = [file for file in files if file.path]
    headers = tuple(_header(scene, file, product.header(file.path)) for file in present)
    crs = options.crs or headers[0].crs or _crs(scene)
    sources = tuple(
        _source(scene, header, file, crs, options)
        for header, file in zip(headers, present, strict=True)
    )
    raster = RasterDefinition(
        raster_type=scene.raster_type,
        sources=_with_gaps(sources, files),
        notes=_notes(scene, files, options),
    )
    finest = min(range(len(present)), key=lambda number: present[number].resolution)
    problem = placement_problem(headers[finest], crs)
    status, message = problem or (ItemStatus.ADDED, "")
    values = _values(scene, files, headers, options)
    return NewItem(
        name=name,
        raster=with_values(name, raster, values),
        headers=headers,
        attributes=_attributes(scene, min(file.resolution for file in present)),
        status=status,
        message=message,
    )


def _header(scene: Sentinel2Scene, file: _BandFile, header: RasterHeader) -> RasterHeader:
    """Return a file's header with its band named, placed by the tile's metadata where it is not."""
    waves = scene.product.wavelengths_nm if scene.product else BANDS
    if file.band in BANDS and len(header.bands) == 1:
        band = msgspec.structs.replace(
            header.bands[0], name=file.band, color="undefined", wavelength_nm=waves[file.band]
        )
        header = msgspec.structs.replace(header, bands=(band,))
    elif len(header.bands) == 1:
        band = msgspec.structs.replace(header.bands[0], name=file.band)
        header = msgspec.structs.replace(header, bands=(band,))
    if header.geotransform is not None or scene.tile is None:
        return header
    place = scene.tile.geotransform(file.resolution, header.width, header.height)
    if place is None:
        return header
    a, b, c, d, e, f = place
    return msgspec.structs.replace(header, geotransform=(a, b, c, d, e, f))


def _crs(scene: Sentinel2Scene) -> str:
    if scene.tile is None or not scene.tile.crs:
        return ""
    try:
        return canonical_crs(scene.tile.crs, "HORIZONTAL_CS_CODE")
    except InvalidParameter:
        return ""


def _source(
    scene: Sentinel2Scene,
    header: RasterHeader,
    file: _BandFile,
    crs: str,
    options: ItemOptions,
) -> SourceDefinition:
    # Bands of the item, not of each of its files, are what an author picks.
    source = source_of(header, msgspec.structs.replace(options, bands=()))
    no_data = options.no_data
    silent = all(not band.no_data_text for band in header.bands) and header.mask == "none"
    if not no_data and silent and file.band != "TCI":
        no_data = scene.product.no_data if scene.product else "0"
    own = crs if crs != header.crs else ""
    return msgspec.structs.replace(source, no_data=no_data, crs=own)


def _with_gaps(
    sources: Sequence[SourceDefinition], files: Sequence[_BandFile]
) -> tuple[SourceDefinition, ...]:
    """Return the sources with band 0, which is no data, for each band that the item lacks."""
    if all(file.path for file in files):
        return tuple(sources)
    found: list[SourceDefinition] = []
    waiting = 0
    left = list(sources)
    for file in files:
        if file.path:
            source = left.pop(0)
            found.append(msgspec.structs.replace(source, bands=(*(0,) * waiting, 1)))
            waiting = 0
        elif found:
            last = found[-1]
            found[-1] = msgspec.structs.replace(last, bands=(*last.bands, 0))
        else:
            waiting += 1
    return tuple(found)


def _values(
    scene: Sentinel2Scene,
    files: Sequence[_BandFile],
    headers: Sequence[RasterHeader],
    options: ItemOptions,
) -> list[BandValues]:
    counts = {
        file.path: len(header.bands)
        for file, header in zip((file for file in files if file.path), headers, strict=True)
    }
    known = scene.product.values if scene.product and options.values != "dn" else {}
    return [
        known.get(file.band, BandValues())
        for file in files
        for _ in range(counts.get(file.path, 1))
    ]


def _notes(
    scene: Sentinel2Scene, files: Sequence[_BandFile], options: ItemOptions
) -> tuple[str, ...]:
    notes = []
    gone = [file.band for file in files if not file.path]
    if gone:
        notes.append(f"Its images of {', '.join(gone)} are not there: these bands stay empty.")
    if options.values == "radiance":
        notes.append("Sentinel-2 products hold reflectance; radiance is not offered.")
    bands = [file.band for file in files if file.band in BANDS]
    if bands and (scene.product is None or not scene.product.values) and options.values != "dn":
        notes.append("No metadata say how its numbers become reflectance: they stay as delivered.")
    return tuple(notes)


def _attributes(scene: Sentinel2Scene, resolution: int) -> Attributes:
    acquisition = scene.tile.acquisition if scene.tile else Acquisition(sensor="MSI")
    values: Attributes = {"TileID": scene.tile_id, "Tag": "MS", "GSD": float(resolution)}
    found = scene.product
    if found is None:
        return acquisition.attributes() | values
    own = Acquisition(date=found.date, platform=found.platform, cloud_cover=found.cloud_cover)
    product: Attributes = {
        "ProductName": found.level,
        "GroupName": found.name,
        "ProcessingBaseline": found.baseline,
        "RelativeOrbit": found.orbit,
        "OrbitDirection": found.orbit_direction,
    }
    said = {name: value for name, value in product.items() if value not in ("", None)}
    return acquisition.completed_by(own).attributes() | values | said
