"""Products of several tiles, each an item: what DIMAP and Maxar products do alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition
from engine.errors import SourceError, SourceUnavailable, UnknownProduct
from raster_types.items.image_files import is_terrain, source_of
from raster_types.items.sensor_item import SensorImage, failed_image, sensor_item
from raster_types.sensor_files.image_window import window_of_rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.build.raster_record import SourceDefinition
    from engine.geotransforms.rpc import RpcRecord
    from engine.readers.header import BandHeader, RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.acquisition import Acquisition, Attributes
    from raster_types.sensor_files.image_window import ImageWindow


@dataclass(frozen=True, slots=True)
class BandName:
    """What a product says of a band."""

    name: str
    wavelength_nm: float | None = None


@dataclass(frozen=True, slots=True)
class TileFile:
    """A file with some bands of a tile; `bands` () where the product does not tell."""

    path: str
    bands: tuple[BandName, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductTile:
    """One tile.

    Attributes
    ----------
    files : tuple of TileFile
        Which share the tile's grid.
    window : ImageWindow
        Where it lies in the whole image.
    """

    files: tuple[TileFile, ...]
    window: ImageWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class TiledProduct:
    """A product as its documents describe it.

    Attributes
    ----------
    rpc : RpcRecord or None
        Of the whole image; None = its files lie on a map already.
    size : (columns, rows)
        Of the whole image.
    no_data : str
        Where neither author nor file says one.
    """

    raster_type: str
    size: tuple[int, int]
    tiles: tuple[ProductTile, ...]
    rpc: RpcRecord | None
    acquisition: Acquisition
    no_data: str = ""
    attributes: Attributes = field(default_factory=dict)


def tile_items(made: TiledProduct, product: Product, options: ItemOptions) -> Iterator[NewItem]:
    """Yield the items of a product's tiles; a tile that cannot be used is an item that failed.

    Raises
    ------
    SourceError
        The only tile cannot be used.
    """
    for tile in made.tiles:
        path = tile.files[0].path
        if is_terrain(path, options):
            continue
        try:
            yield _item(made, tile, product, options)
        except SourceError as err:
            if len(made.tiles) == 1:
                raise
            yield failed_image(made.raster_type, path, _status(err), str(err.fields[1]))


def _item(made: TiledProduct, tile: ProductTile, product: Product, options: ItemOptions) -> NewItem:
    headers = tuple(_header(product, file) for file in tile.files)
    _check_size(made, tile, headers[0])
    sources = tuple(_source(made, header, options) for header in headers)
    name = PurePath(tile.files[0].path).stem
    if made.rpc is not None:
        image = SensorImage(
            name=name,
            sources=sources,
            headers=headers,
            sensor=window_of_rpc(made.rpc, tile.window),
            acquisition=made.acquisition,
            attributes=made.attributes,
        )
        return sensor_item(made.raster_type, image, product, options)
    problem = placement_problem(headers[0], options.crs or headers[0].crs)
    status, message = problem or (ItemStatus.ADDED, "")
    return NewItem(
        name=name,
        raster=RasterDefinition(
            raster_type=made.raster_type,
            sources=tuple(msgspec.structs.replace(each, crs=options.crs) for each in sources),
        ),
        headers=headers,
        attributes=made.attributes | made.acquisition.attributes(),
        status=status,
        message=message,
    )


def _check_size(made: TiledProduct, tile: ProductTile, header: RasterHeader) -> None:
    """Refuse a tile that reaches beyond the image: it would be put in the wrong place."""
    window = tile.window
    right, bottom = window.first_col + header.width, window.first_row + header.height
    if right > made.size[0] or bottom > made.size[1]:
        found = f"its {header.width} × {header.height} pixels from column {window.first_col:.0f}"
        image = f"the image of {made.size[0]} × {made.size[1]} that its product describes"
        raise UnknownProduct(
            header.path, f"{found}, row {window.first_row:.0f} reach beyond {image}"
        )


def _source(made: TiledProduct, header: RasterHeader, options: ItemOptions) -> SourceDefinition:
    source = source_of(header, options)
    says_nothing = not source.no_data and all(not band.no_data_text for band in header.bands)
    if made.no_data and says_nothing and header.mask == "none":
        source = msgspec.structs.replace(source, no_data=made.no_data)
    return source


def _header(product: Product, file: TileFile) -> RasterHeader:
    """Return a file's header, with bands named as the product does."""
    header = product.header(file.path)
    if len(file.bands) != len(header.bands):
        return header
    bands = tuple(_named(band, said) for band, said in zip(header.bands, file.bands, strict=True))
    return msgspec.structs.replace(header, bands=bands)


def _named(band: BandHeader, said: BandName) -> BandHeader:
    wavelength = said.wavelength_nm if band.wavelength_nm is None else band.wavelength_nm
    return msgspec.structs.replace(band, name=said.name or band.name, wavelength_nm=wavelength)


def _status(error: SourceError) -> ItemStatus:
    if isinstance(error, SourceUnavailable):
        return ItemStatus.NOT_FOUND
    return ItemStatus.NOT_SUPPORTED if isinstance(error, UnknownProduct) else ItemStatus.CORRUPT


def groups_by_stem(stems: Mapping[str, str], inner: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the files of products by the file that names each.

    Parameters
    ----------
    stems
        Stem of a product -> file that names it.
    inner
        Other file -> what of its name to compare: it belongs to the longest stem that it is, or begins
        with before "_" or "-".
    """
    groups: dict[str, list[str]] = {main: [main] for main in stems.values()}
    for path, name in inner.items():
        text = name
        while text and text not in stems:
            text = text[: max(text.rfind("_"), text.rfind("-"), 0)]
        if text:
            groups[stems[text]].append(path)
    return groups
