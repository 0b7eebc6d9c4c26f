"""The catalog item that a STAC item makes: its assets as bands, its properties as fields."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec
import shapely

from engine.build.item_build import placement_problem
from engine.build.raster_record import (
    GapBand,
    ItemStatus,
    NewItem,
    RasterDefinition,
    SourceDefinition,
)
from engine.errors import SourceCorrupt, SourceError, SourceUnavailable, UnknownProduct
from raster_types.items.band_names import wavelength_of
from raster_types.items.image_files import source_of
from raster_types.items.item_values import BandValues, with_values
from raster_types.items.stacked_bands import with_gaps
from raster_types.stac_files.stac_assets import (
    Asset,
    AssetBand,
    asked_assets,
    assets_of,
    chosen_assets,
)
from raster_types.stac_files.stac_document import elsewhere, mapping
from raster_types.stac_files.stac_fields import fields_of
from raster_types.stac_files.stac_projection import placed_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.stac_files.stac_document import Json, Links, StacItem

_RASTER_TYPE = "stac"


@dataclass(frozen=True, slots=True)
class _File:
    """An asset's file and the bands used of it, each as the item and the file describe it."""

    header: RasterHeader
    bands: tuple[AssetBand, ...]
    is_whole: bool


def stac_item(item: StacItem, product: Product, links: Links, options: ItemOptions) -> NewItem:
    """Return the item of a STAC item; one that cannot be used has a failed status and says why."""
    name = str(item.body.get("id") or PurePath(item.document).stem)
    assets: list[Asset | None] = []
    try:
        assets = _assets(item, options)
        return _made(name, item, assets, product, links, options)
    except SourceError as err:
        first = next((asset for asset in assets if asset is not None), None)
        href = "" if first is None else first.href
        path = links.asset(item.document, href) or href if href else f"{item.document}#{name}"
        return failed_item(name, path, err, fields_of(item.body))


def failed_item(
    name: str, path: str, error: SourceError, attributes: dict[str, str | int | float | None]
) -> NewItem:
    """Return an item that cannot be used."""
    why = str(error.fields[1]).strip()
    status = ItemStatus.NOT_SUPPORTED
    if isinstance(error, SourceUnavailable):
        status = ItemStatus.NOT_FOUND
    elif isinstance(error, SourceCorrupt):
        status = ItemStatus.CORRUPT
    return NewItem(
        name=name,
        raster=RasterDefinition(raster_type=_RASTER_TYPE, sources=(SourceDefinition(path=path),)),
        attributes=attributes,
        status=status,
        message=f"{why[:1].upper()}{why[1:].rstrip('.')}.",
    )


def _assets(item: StacItem, options: ItemOptions) -> list[Asset | None]:
    assets = assets_of(item.body)
    if "asset_templates" in item.body and not assets:
        why = "its assets are tiles (STACTA); add the files of the tiles themselves"
        raise UnknownProduct(item.document, why)
    if not options.assets:
        found: list[Asset | None] = [*chosen_assets(assets)]
        if not found:
            keys = ", ".join(asset.key for asset in assets[:20]) or "none"
            why = f"has no asset that is a raster of bands; its assets are {keys}"
            raise UnknownProduct(item.document, why)
        return found
    asked = asked_assets(assets, options.assets)
    if not any(asked):
        keys = ", ".join(asset.key for asset in assets[:20]) or "none"
        why = f"has none of the assets {', '.join(options.assets)}; its assets are {keys}"
        raise UnknownProduct(item.document, why)
    return asked


def _made(
    name: str,
    item: StacItem,
    assets: Sequence[Asset | None],
    product: Product,
    links: Links,
    options: ItemOptions,
) -> NewItem:
    there = [asset for asset in assets if asset is not None]
    files = [_file(item, asset, product, links) for asset in there]
    sources = [_source(file, options) for file in files]
    present = [asset is not None for asset in assets]
    raster = RasterDefinition(
        raster_type=_RASTER_TYPE,
        sources=with_gaps(sources, present),
        notes=_notes(item.body, assets, options),
        coverage=_coverage(item.body),
        gaps=tuple(
            GapBand(name=name, wavelength_nm=wavelength_of(name))
            for name, asset in zip(options.assets, assets, strict=False)
            if asset is None
        ),
    )
    values: list[BandValues] = []
    waiting = iter(files)
    for is_there in present:
        bands = next(waiting).bands if is_there else (AssetBand(0),)
        values += [_values(band, item.body, options) for band in bands]
    finest = max((file.header for file in files), key=lambda header: header.width)
    problem = placement_problem(finest, options.crs or finest.crs)
    status, message = problem or (ItemStatus.ADDED, "")
    return NewItem(
        name=name,
        raster=with_values(name, raster, values),
        headers=tuple(file.header for file in files),
        attributes=fields_of(item.body),
        status=status,
        message=message,
    )


def _file(item: StacItem, asset: Asset, product: Product, links: Links) -> _File:
    path = links.asset(item.document, asset.href)
    if not path:
        raise SourceUnavailable(asset.href, elsewhere(f"its asset {asset.key!r}", asset.href))
    header = placed_header(_header(asset, path, product), asset.body, item.body)
    count = len(header.bands)
    used = [n for n in range(1, count + 1) if n != header.alpha_band]
    said = {band.number: band for band in asset.bands}
    # One band picked of several, or all.
    whole = not asset.bands or len(asset.bands) == len(used) or count == 1
    if not whole and set(said) <= set(used):
        used = sorted(said)
    elif not set(said) <= set(used):
        said = {}
    bands = tuple(_named(said.get(n), n, asset, alone=len(used) == 1) for n in used)
    described = list(header.bands)
    for band in bands:
        own = header.bands[band.number - 1]
        described[band.number - 1] = msgspec.structs.replace(
            own,
            name=band.name or own.name,
            color="undefined" if band.name and len(used) == 1 else own.color,
            wavelength_nm=band.wavelength_nm or own.wavelength_nm,
        )
    return _File(msgspec.structs.replace(header, bands=tuple(described)), bands, whole)


def _header(asset: Asset, path: str, product: Product) -> RasterHeader:
    try:
        return product.header(path)
    except SourceUnavailable as err:
        why = f"its asset {asset.key!r} ({PurePath(path).name}): {err.fields[1]}"
        raise SourceUnavailable(path, why) from err


def _named(band: AssetBand | None, number: int, asset: Asset, *, alone: bool) -> AssetBand:
    """Return a band with the asset's key for a name where it is the only one and has none."""
    found = band or AssetBand(number)
    return replace(found, name=found.name or (asset.key if alone else ""))


def _source(file: _File, options: ItemOptions) -> SourceDefinition:
    # Bands of the item, not of each of its files, are what an author picks.
    source = source_of(file.header, msgspec.structs.replace(options, bands=()))
    numbers = () if file.is_whole else tuple(band.number for band in file.bands)
    stated = tuple(band.no_data for band in file.bands)
    silent = all(not band.no_data_text for band in file.header.bands)
    alike = stated[0] if len(set(stated)) == 1 else ""
    changes: dict[str, object] = {"bands": numbers, "crs": options.crs}
    if not source.no_data and silent and file.header.mask == "none" and any(stated):
        changes |= {"no_data": alike} if alike else {"band_no_data": stated}
    return msgspec.structs.replace(source, **changes)


def _values(band: AssetBand, body: Json, options: ItemOptions) -> BandValues:
    if options.values == "dn":
        return BandValues()
    if _is_offset_applied(body):
        # Their items state the offset of the original product, too, which is in the pixels already.
        return replace(band.values, offset=0.0)
    return band.values


def _is_offset_applied(body: Json) -> bool:
    return mapping(body.get("properties")).get("earthsearch:boa_offset_applied") is True


def _notes(body: Json, assets: Sequence[Asset | None], options: ItemOptions) -> tuple[str, ...]:
    notes = []
    lacking = [name for name, asset in zip(options.assets, assets, strict=False) if asset is None]
    if lacking:
        notes.append(f"It has no asset {', '.join(lacking)}: these bands stay empty.")
    offsets = any(band.values.offset for asset in assets if asset for band in asset.bands)
    if offsets and options.values != "dn" and _is_offset_applied(body):
        notes.append("Its offset counts as applied to the pixels already, as it says.")
    return tuple(notes)


def _coverage(body: Json) -> str:
    """Return the item's geometry as WKT, "" where it is none."""
    geometry = mapping(body.get("geometry"))
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return ""
    try:
        shape = shapely.from_geojson(msgspec.json.encode(geometry))
    except (shapely.errors.GEOSException, ValueError):
        return ""
    box = shapely.bounds(shape)
    if shape.is_empty or not all(map(math.isfinite, box)):
        return ""
    return re.sub(r"\s+", " ", str(shapely.to_wkt(shape, rounding_precision=9)))
