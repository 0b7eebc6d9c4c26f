"""DIMAP v2 products as Airbus delivers them (SPOT 6/7, Pléiades, Pléiades Neo): DIM_*.XML names the product.

Each tile (IMG_*_RnCn) is an item, placed in the whole image that the RPC describes; of products in which
bands are spread over files, the files of one tile are one item. Products on a map (ORTHO) need no RPC.
"""

from __future__ import annotations

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
from raster_types.sensor_files.dimap_product import read_dimap_product
from raster_types.sensor_files.rpc_dimap import read_dimap_rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from engine.geotransforms.rpc import RpcRecord
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.dimap_product import DimapProduct, DimapTile


class DimapType:
    """The raster type "dimap"."""

    name = "dimap"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each DIM_*.XML with the RPC_*.XML and IMG_* files that go by its name.

        Where a folder has one document, all of its images are the document's.
        """
        for files in by_folder(paths):
            yield from _products(files)

    def is_expected(self, path: str) -> bool:
        """Tell by the name."""
        return is_document(path) or claims_to_be_raster(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of each tile.

        Raises
        ------
        UnknownProduct
            Neither the document of a product, or what it says cannot be used: its RPC, say.
        """
        main = product.main
        text = product.text(main)
        if not is_document(main):
            raise UnknownProduct(main, "dimap products are named by their DIM_*.XML")
        try:
            found = read_dimap_product(text)
            rpc = _rpc(product, found) if found.is_sensor else None
        except InvalidParameter as err:
            raise UnknownProduct(main, f"its DIMAP files cannot be used: {err}") from err
        folder = PurePath(main).parent
        made = TiledProduct(
            raster_type=self.name,
            size=(found.cols, found.rows),
            tiles=tuple(_tile(folder, tile) for tile in found.tiles),
            rpc=rpc,
            acquisition=found.acquisition,
            no_data=found.no_data,
            attributes={
                "GroupName": PurePath(main).stem,
                "ProductName": found.level or None,
                "Tag": found.spectral or None,
            },
        )
        yield from tile_items(made, product, options)


def _products(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the products among the files of one folder."""
    stems: dict[str, str] = {}
    for path in paths:
        if is_document(path):
            stems.setdefault(PurePath(path).stem[4:].lower(), path)
    inner = {path: PurePath(path).stem[4:].lower() for path in paths if _is_part(path)}
    if len(stems) == 1:
        inner = dict.fromkeys(inner, next(iter(stems)))
    return (tuple(group) for group in groups_by_stem(stems, inner).values())


def is_document(path: str) -> bool:
    """Tell whether a file names a product: DIM_*.XML."""
    name = PurePath(path).name.lower()
    return name.startswith("dim_") and name.endswith(".xml") and len(name) > len("dim_.xml")


def _is_part(path: str) -> bool:
    name = PurePath(path).name.lower()
    is_rpc = name.startswith("rpc_") and name.endswith(".xml")
    return is_rpc or (name.startswith("img_") and is_image_name(path))


def _rpc(product: Product, found: DimapProduct) -> RpcRecord:
    path = PurePath(product.main).with_name(found.rpc)
    return read_dimap_rpc(product.text(str(path)))


def _tile(folder: PurePath, tile: DimapTile) -> ProductTile:
    files = tuple(
        TileFile(
            str(folder / file.name),
            tuple(BandName(band.name, band.wavelength_nm) for band in file.bands),
        )
        for file in tile.files
    )
    return ProductTile(files, tile.window)
