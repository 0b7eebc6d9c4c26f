"""Items of one Sentinel-2 tile: its bands as one; true colour, classes and the like each by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.raster_record import (
    ItemStatus,
    NewItem,
    RasterDefinition,
    SourceDefinition,
)
from engine.errors import InvalidParameter, SourceUnavailable, UnknownProduct
from engine.geometry.projection import canonical_crs
from raster_types.items.item_values import BandValues, reflectance_fields
from raster_types.items.stacked_bands import StackedBand, StackedItem, stacked_item
from raster_types.sensor_files.acquisition import Acquisition, Attributes
from raster_types.sensor_files.sentinel2_names import COMMON_NAMES, EXTRAS, image_name
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
    placed = replace(product, read_header=lambda path: _placed(scene, product.header(path)))
    files = _bands(scene, options)
    made = StackedItem(
        raster_type=scene.raster_type,
        name=scene.name,
        bands=tuple(_stacked(scene, file, options) for file in files),
        attributes=_attributes(scene, files, options.values),
        notes=_notes(scene, files, options),
    )
    yield stacked_item(made, placed, options)
    own = msgspec.structs.replace(options, bands=(), no_data="", valid_range=None)
    for extra in dict.fromkeys(name.upper() for name in options.extras):
        if extra not in EXTRAS or extra not in scene.files:
            continue
        file = _BandFile(extra, *min(scene.files[extra].items()))
        made = StackedItem(
            raster_type=scene.raster_type,
            name=f"{scene.name}_{extra}",
            bands=(_stacked(scene, file, options),),
            attributes=_attributes(scene, [file]) | {"Tag": extra},
            is_companion=True,
            is_thematic=extra == "SCL",
        )
        yield stacked_item(made, placed, own)


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


def _stacked(scene: Sentinel2Scene, file: _BandFile, options: ItemOptions) -> StackedBand:
    known = scene.product.values if scene.product and options.values != "dn" else {}
    no_data = scene.product.no_data if scene.product else "0"
    return StackedBand(
        path=file.path,
        name="" if file.band == "TCI" else file.band,
        wavelength_nm=_wavelength(scene, file.band),
        values=known.get(file.band, BandValues()),
        no_data="" if file.band == "TCI" else no_data,
    )


def _wavelength(scene: Sentinel2Scene, band: str) -> float | None:
    return (scene.product.wavelengths_nm if scene.product else BANDS).get(band)


def _placed(scene: Sentinel2Scene, header: RasterHeader) -> RasterHeader:
    """Return a file's header, placed by the tile's metadata where it does not say itself."""
    name = image_name(header.path)
    if scene.tile is None or name is None:
        return header
    changes: dict[str, object] = {}
    place = scene.tile.geotransform(name.resolution, header.width, header.height)
    if header.geotransform is None and place is not None:
        changes["geotransform"] = place
    if not header.crs:
        changes["crs"] = _crs(scene.tile)
    return msgspec.structs.replace(header, **changes) if changes else header


def _crs(tile: Sentinel2Tile) -> str:
    try:
        return canonical_crs(tile.crs, "HORIZONTAL_CS_CODE") if tile.crs else ""
    except InvalidParameter:
        return ""


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


def _attributes(scene: Sentinel2Scene, files: Sequence[_BandFile], wanted: str = "") -> Attributes:
    acquisition = scene.tile.acquisition if scene.tile else Acquisition(sensor="MSI")
    finest = min(file.resolution for file in files if file.path)
    values: Attributes = {"TileID": scene.tile_id, "Tag": "MS", "GSD": float(finest)}
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
    taken = acquisition.completed_by(own)
    return taken.attributes() | values | said | _gains(found, files, taken, wanted)


def _gains(
    found: Sentinel2Product, files: Sequence[_BandFile], taken: Acquisition, wanted: str
) -> Attributes:
    """Return what makes reflectance of numbers of level 1 that stay as delivered."""
    if wanted != "dn" or "1C" not in found.level:
        return {}
    known = [found.values.get(file.band) for file in files]
    return reflectance_fields(known, taken.sun_elevation_deg)
