"""Images of frame cameras, with tables of their orientations: placed over the terrain when served.

Exterior orientations (a table, GeoJSON or an OpenSfM reconstruction) and cameras (YAML, a cameras table or
the same reconstruction) are known by what they hold; they stand beside the images or are named by the author.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from engine.build.raster_record import NewItem, RasterDefinition, SourceDefinition
from engine.errors import InvalidParameter, UnknownProduct
from engine.geolocation import Geolocation
from engine.geometry.projection import (
    canonical_crs,
    crs_of_wkt,
    describe_crs,
    horizontal_crs,
    inverse,
    operation,
)
from engine.geometry.terrain import stated_datum
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.frame_camera import is_geographic_name
from raster_types.raster_dataset import (
    RASTER_SUFFIXES,
    SIDE_SUFFIXES,
    acquisition_attributes,
    check_bands,
)
from raster_types.sensor_files.frame_files import find_orientation
from raster_types.sensor_files.frame_placement import place_on_grid
from raster_types.sensor_files.frames import LONGITUDE_LATITUDE, FrameGround, frame_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.geotransforms.frame_camera import FrameCameraRecord
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.frame_files import FrameOrientation

_COMPILED_SUFFIX = ".zmd"


class FrameCameraType:
    """The raster type "frame-camera"."""

    name = "frame-camera"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield every file that may be a raster; tables serve many images and belong to none."""
        for path in paths:
            if PurePath(path).suffix.lower() not in SIDE_SUFFIXES:
                yield (path,)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return PurePath(path).suffix.lower() in RASTER_SUFFIXES

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one image; none of the terrain, which may stand beside the images."""
        header = product.header(product.main)
        terrain = options.terrain
        if isinstance(terrain, RasterTerrain) and _is_one_file(terrain.path, product.main):
            return
        check_bands(header, options)
        if terrain is None:
            # The middle of a camera's possible heights says nothing of the ground.
            raise UnknownProduct(
                product.main,
                "frame cameras need --dem: a terrain, or the ground's height in metres",
            )
        try:
            record = _record(product, header, options)
            record.bind()
        except InvalidParameter as err:
            # Without a header in the table it is tried again once its files are put right.
            why = f"its orientation cannot be used: {err}"
            raise UnknownProduct(product.main, why) from err
        source = SourceDefinition(
            path=product.main,
            bands=options.bands,
            no_data=options.no_data,
            valid_range=options.valid_range,
        )
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(
                raster_type=self.name,
                sources=(source,),
                geolocation=Geolocation(sensor=record, terrain=terrain),
            ),
            headers=(header,),
            attributes=acquisition_attributes(header) | _camera_attributes(record),
        )


def _is_one_file(path: str, other: str) -> bool:
    """Tell whether two paths lead to one file, by whatever links."""
    return path == other or Path(path).resolve() == Path(other).resolve()


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


def _camera_attributes(record: FrameCameraRecord) -> dict[str, str | int | float | None]:
    """Return the camera's position on its own map, and the place below it on Earth."""
    position = record.position
    to_ground = operation(LONGITUDE_LATITUDE, record.ground_crs).pipeline
    lon, lat = inverse(to_ground, np.array([position.x]), np.array([position.y]))
    return {
        "CameraX": position.x,
        "CameraY": position.y,
        "CameraZ": position.z_m,
        "NadirLongitude": float(lon[0]),
        "NadirLatitude": float(lat[0]),
    }
