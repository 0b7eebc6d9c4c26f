"""Images of frame cameras, with tables of their orientations: placed over the terrain when served.

Exterior orientations (a table, GeoJSON or an OpenSfM reconstruction) and cameras (YAML, a cameras table or
the same reconstruction) are known by what they hold; they stand beside the images or are named by the author.
"""

from __future__ import annotations

import dataclasses
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, UnknownProduct
from engine.geometry.projection import (
    canonical_crs,
    crs_of_wkt,
    describe_crs,
    horizontal_crs,
)
from engine.geometry.terrain import stated_datum
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.frame_camera import is_geographic_name
from raster_types.items.image_files import (
    SingleImageType,
    is_terrain,
    source_of,
)
from raster_types.items.product_acquisition import acquisition_of
from raster_types.items.sensor_item import SensorImage, sensor_item
from raster_types.sensor_files.frame_files import find_orientation
from raster_types.sensor_files.frame_placement import place_on_grid
from raster_types.sensor_files.frames import LONGITUDE_LATITUDE, FrameGround, frame_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.raster_record import NewItem
    from engine.geotransforms.frame_camera import FrameCameraRecord
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.frame_files import FrameOrientation

_COMPILED_SUFFIX = ".zmd"


class FrameCameraType(SingleImageType):
    """The raster type "frame-camera"."""

    name = "frame-camera"

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one image; none of the terrain, which may stand beside the images."""
        header = product.header(product.main)
        if is_terrain(product.main, options):
            return
        if options.terrain is None:
            # The middle of a camera's possible heights says nothing of the ground.
            raise UnknownProduct(
                product.main,
                "frame cameras need --dem: a terrain, or the ground's height in metres",
            )
        try:
            record = _record(product, header, options)
        except InvalidParameter as err:
            raise UnknownProduct(product.main, f"its orientation cannot be used: {err}") from err
        image = SensorImage(
            name=PurePath(product.main).stem,
            sources=(source_of(header, options),),
            headers=(header,),
            sensor=record,
            acquisition=acquisition_of(product, header),
        )
        yield sensor_item(self.name, image, product, options)


def _record(product: Product, header: RasterHeader, options: ItemOptions) -> FrameCameraRecord:
    found = find_orientation(product, options.exterior, options.interior)
    crs = _ground_crs(product, found, header, options)
    exterior = found.exterior
    if crs and describe_crs(crs).is_geographic:
        exterior = dataclasses.replace(exterior, crs=LONGITUDE_LATITUDE)
    elif crs:
        exterior = place_on_grid(exterior, crs)
    ground = FrameGround(crs, _vertical_datum(product, options))
    return frame_record(exterior, found.interiors, (header.width, header.height), ground)


def _ground_crs(
    product: Product, found: FrameOrientation, header: RasterHeader, options: ItemOptions
) -> str:
    """Return the CRS of positions: the author's, the file's, that of a .prj beside it, the image's own."""
    stated = found.exterior.crs
    if options.crs and not found.is_local:
        return options.crs
    if stated and not is_geographic_name(stated):
        return canonical_crs(stated, f"CRS of {PurePath(found.path).name}")
    if not stated:
        beside = str(PurePath(found.path).with_suffix(".prj"))
        if beside in product.beside(found.path):
            return horizontal_crs(crs_of_wkt(product.text(beside).strip()))
        return horizontal_crs(header.crs) if header.crs else ""
    return ""


def _vertical_datum(product: Product, options: ItemOptions) -> str:
    """Return what positions' heights count from: the same as the terrain's."""
    terrain = options.terrain
    datum = getattr(terrain, "vertical_datum", "")
    if isinstance(terrain, RasterTerrain) and not datum:
        if PurePath(terrain.path).suffix.lower() != _COMPILED_SUFFIX:
            datum = stated_datum(product.header(terrain.path).crs)
        if not datum:
            raise InvalidParameter("--dem-datum", "", "what heights count from: say it")
    return str(datum)
