"""Images with an RPC sensor model, as satellites deliver them: placed over the terrain when served.

The model is read from a file beside the raster where there is one, else from the raster's own tags.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, UnknownProduct
from raster_types.items.image_files import (
    claims_to_be_raster,
    is_image_name,
    is_terrain,
    source_of,
)
from raster_types.items.product_acquisition import acquisition_of
from raster_types.items.sensor_item import SensorImage, sensor_item
from raster_types.sensor_files.image_window import WHOLE_IMAGE, window_of_geotransform
from raster_types.sensor_files.rpc_sidecar import (
    holds_rpc,
    read_rpc_sidecar,
    rpc_sidecar_names,
)
from raster_types.sensor_files.rpc_tags import read_nitf_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from engine.geotransforms.rpc import RpcRecord
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product


class RpcImageType:
    """The raster type "rpc"."""

    name = "rpc"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield every file that may be a raster, with the file beside it that may hold its RPC."""
        by_name = {(_folder(path), PurePath(path).name.lower()): path for path in paths}
        for path in paths:
            if not is_image_name(path):
                continue
            names = rpc_sidecar_names(path)
            beside = (by_name.get((_folder(path), name)) for name in names)
            found = next((side for side in beside if side is not None), None)
            yield (path,) if found is None else (path, found)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return claims_to_be_raster(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one image; none of the terrain, which may stand beside the images."""
        header = product.header(product.main)
        if is_terrain(product.main, options):
            return
        try:
            record = _record(product, header)
        except InvalidParameter as err:
            raise UnknownProduct(product.main, f"its sensor model cannot be used: {err}") from err
        image = SensorImage(
            name=PurePath(product.main).stem,
            sources=(source_of(header, options),),
            headers=(header,),
            sensor=record,
            acquisition=acquisition_of(product, header),
        )
        yield sensor_item(self.name, image, product, options)


def _folder(path: str) -> str:
    return str(PurePath(path).parent)


def _record(product: Product, header: RasterHeader) -> RpcRecord:
    window = WHOLE_IMAGE
    if header.geotransform is not None and not header.crs:
        # Without a CRS it is no place on the map: a crop says where in the full image it was.
        window = window_of_geotransform(header.geotransform)
    if len(product.paths) > 1:
        side = product.paths[1]
        text = product.text(side)
        if holds_rpc(text):
            return read_rpc_sidecar(PurePath(side).name, text, window)
    if header.rpc or header.tre:
        return read_nitf_tags(header.tre, header.rpc, window)
    raise UnknownProduct(header.path, "it has no RPC, neither in its tags nor in a file beside it")
