"""DigitalGlobe and Maxar products (QuickBird, WorldView, GeoEye): .IMD or .XML, .TIL, .RPB and tiles of TIFF.

Each tile is an item, placed in the whole image that the RPC describes by its offset in the .TIL. Products
without an RPC lie on a map already.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, UnknownProduct
from raster_types.items.image_files import by_folder, claims_to_be_raster, is_image_name
from raster_types.items.product_tiles import (
    BandName,
    ProductTile,
    TiledProduct,
    TileFile,
    groups_by_stem,
    tile_items,
)
from raster_types.sensor_files.image_window import WHOLE_IMAGE
from raster_types.sensor_files.maxar_product import (
    MaxarProduct,
    MaxarTile,
    read_imd,
    read_maxar_xml,
    read_til,
)
from raster_types.sensor_files.rpc_digitalglobe import read_digitalglobe_xml
from raster_types.sensor_files.rpc_odl import read_rpb
from raster_types.sensor_files.sunlight import gains_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.build.raster_record import NewItem
    from engine.geotransforms.rpc import RpcRecord
    from raster_types.base import ItemOptions, Product

# What names a product, best first.
_DOCUMENTS = (".imd", ".xml")
_PARTS = (".imd", ".xml", ".til", ".rpb")
_TILE = re.compile(r"_r\d{1,4}c\d{1,4}", re.IGNORECASE)


class MaxarType:
    """The raster type "maxar"."""

    name = "maxar"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each .IMD, or .XML of an image's name, with the files of its name and its tiles."""
        for files in by_folder(paths):
            yield from _products(files)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return _suffix(path) == ".imd" or claims_to_be_raster(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of each tile.

        Raises
        ------
        UnknownProduct
            Not a document of such a product, or what it says cannot be used.
        """
        main = product.main
        text = product.text(main)
        if _suffix(main) not in _DOCUMENTS:
            raise UnknownProduct(main, "maxar products are named by their .IMD or .XML")
        beside = _beside(product)
        try:
            found = read_imd(text) if _suffix(main) == ".imd" else read_maxar_xml(text)
            tiles = found.tiles or _listed(product, beside)
            rpc = _rpc(product, beside)
        except InvalidParameter as err:
            raise UnknownProduct(main, f"its metadata cannot be used: {err}") from err
        made = TiledProduct(
            raster_type=self.name,
            size=(found.cols, found.rows),
            tiles=_tiles(main, found, tiles, beside),
            rpc=rpc,
            acquisition=found.acquisition,
            attributes={
                "GroupName": PurePath(main).stem,
                "ProductName": found.level or None,
                "Tag": found.band_id or None,
                "ReflectanceGain": gains_text(found.reflectance_gains) or None,
            },
        )
        yield from tile_items(made, product, options)


def _products(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the products among the files of one folder."""
    images = {path: _stem(path) for path in paths if _is_tile(path)}
    named = set(images.values())
    stems: dict[str, str] = {}
    for suffix in _DOCUMENTS:
        for path in paths:
            if _suffix(path) == suffix and (suffix == ".imd" or _stem(path) in named):
                stems.setdefault(_stem(path), path)
    parts = {path: _stem(path) for path in paths if _suffix(path) in _PARTS}
    mains = set(stems.values())
    inner = {
        path: stem for path, stem in (parts | images).items() if stem in stems and path not in mains
    }
    return (tuple(group) for group in groups_by_stem(stems, inner).values())


def _beside(product: Product) -> Mapping[str, str]:
    """Return the files that go by the product's name, by their endings."""
    stem = _stem(product.main)
    names = product.beside(product.main)
    found = {_suffix(path): path for path in names if _stem(path) == stem and not _is_tile(path)}
    images = [path for path in names if _is_tile(path) and _stem(path) == stem]
    return found | ({"image": images[0]} if images else {})


def _listed(product: Product, beside: Mapping[str, str]) -> tuple[MaxarTile, ...]:
    return read_til(product.text(beside[".til"])) if ".til" in beside else ()


def _rpc(product: Product, beside: Mapping[str, str]) -> RpcRecord | None:
    """Return the RPC of the whole image, from the .RPB or the XML; None where there is none."""
    if ".rpb" in beside:
        return read_rpb(product.text(beside[".rpb"]))
    text = product.text(beside[".xml"]) if ".xml" in beside else ""
    return read_digitalglobe_xml(text) if "<RPB" in text else None


def _tiles(
    main: str, found: MaxarProduct, listed: tuple[MaxarTile, ...], beside: Mapping[str, str]
) -> tuple[ProductTile, ...]:
    bands = tuple(BandName(name, wavelength) for name, wavelength in found.bands)
    if listed:
        folder = PurePath(main).parent
        return tuple(
            ProductTile((TileFile(str(folder / tile.name), bands),), tile.window) for tile in listed
        )
    if "image" not in beside:
        raise UnknownProduct(main, "there is no .TIL that names its images, and none of its name")
    return (ProductTile((TileFile(beside["image"], bands),), WHOLE_IMAGE),)


def _suffix(path: str) -> str:
    return PurePath(path).suffix.lower()


def _is_tile(path: str) -> bool:
    return is_image_name(path) and claims_to_be_raster(path)


def _stem(path: str) -> str:
    """Return the product's name in a file's: without the tile's place."""
    return _TILE.sub("", PurePath(path).stem.lower())
