"""Images with an RPC sensor model, as satellites deliver them: placed over the terrain when served.

The model is read from a file beside the raster where there is one, else from the raster's own tags.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.errors import InvalidParameter, UnknownProduct
from engine.geolocation import Geolocation
from engine.geometry.terrain_definition import AverageHeight
from raster_types.raster_dataset import (
    RASTER_SUFFIXES,
    SIDE_SUFFIXES,
    acquisition_attributes,
    check_bands,
)
from raster_types.sensor_files.image_window import WHOLE_IMAGE, window_of_geotransform
from raster_types.sensor_files.rpc_sidecar import (
    holds_rpc,
    read_rpc_sidecar,
    rpc_sidecar_names,
)
from raster_types.sensor_files.rpc_tags import read_rpc_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
            if PurePath(path).suffix.lower() in SIDE_SUFFIXES:
                continue
            names = rpc_sidecar_names(path)
            beside = (by_name.get((_folder(path), name)) for name in names)
            found = next((side for side in beside if side is not None), None)
            yield (path,) if found is None else (path, found)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return PurePath(path).suffix.lower() in RASTER_SUFFIXES

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one image."""
        header = product.header(product.main)
        check_bands(header, options)
        status, message, geolocation = ItemStatus.ADDED, "", None
        try:
            record = _record(product, header)
            record.bind()
            geolocation = Geolocation(sensor=record, terrain=options.terrain or AverageHeight())
        except InvalidParameter as err:
            status, message = ItemStatus.NO_GEOREFERENCE, f"Its sensor model cannot be used: {err}"
        source = SourceDefinition(
            path=product.main,
            bands=options.bands,
            no_data=options.no_data,
            valid_range=options.valid_range,
        )
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(
                raster_type=self.name, sources=(source,), geolocation=geolocation
            ),
            headers=(header,),
            attributes=acquisition_attributes(header),
            status=status,
            message=message,
        )


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
    if header.rpc:
        return read_rpc_tags(header.rpc, window)
    raise UnknownProduct(header.path, "it has no RPC, neither in its tags nor in a file beside it")
