"""Plain rasters: each file is one item, placed by its own geotransform."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition
from raster_types.items.image_files import SingleImageType, source_of
from raster_types.items.product_acquisition import acquisition_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raster_types.base import ItemOptions, Product


class RasterDatasetType(SingleImageType):
    """The raster type "raster-dataset"."""

    name = "raster-dataset"

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one file."""
        header = product.header(product.main)
        problem = placement_problem(header, options.crs or header.crs)
        status, message = problem or (ItemStatus.ADDED, "")
        source = msgspec.structs.replace(source_of(header, options), crs=options.crs)
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(raster_type=self.name, sources=(source,)),
            headers=(header,),
            attributes=acquisition_of(product, header).attributes(),
            status=status,
            message=message,
        )
