"""Catalog items of images with a sensor model: what all raster types do alike once the model is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from engine.build.raster_record import (
    ItemStatus,
    NewItem,
    RasterDefinition,
    SourceDefinition,
)
from engine.errors import (
    ConfigError,
    InvalidParameter,
    SourceError,
    UnknownProduct,
)
from engine.geolocation import Geolocation
from engine.geometry.projection import operation, transform
from engine.geometry.service_posts import open_service_posts
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import AverageHeight, ConstantHeight, RasterTerrain
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.geotransforms.rpc import RpcRecord
from engine.process_memory import process_memory
from raster_types.items.control_points import refine
from raster_types.items.sensor_view import view_of_image
from raster_types.sensor_files.acquisition import Acquisition, Attributes

if TYPE_CHECKING:
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms import SensorRecord
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorImage:
    """One image of a product, with all that was read about it.

    Attributes
    ----------
    sources : tuple of SourceDefinition
        Files with its bands, which share one grid.
    headers : tuple of RasterHeader
        Of the sources.
    sensor : SensorRecord
        For the pixels of these files.
    attributes : dict
        Fields beside those of the acquisition.
    """

    name: str
    sources: tuple[SourceDefinition, ...]
    headers: tuple[RasterHeader, ...]
    sensor: SensorRecord
    acquisition: Acquisition = field(default_factory=Acquisition)
    attributes: Attributes = field(default_factory=dict)


def sensor_item(
    raster_type: str, image: SensorImage, product: Product, options: ItemOptions
) -> NewItem:
    """Return the item of an image, its RPC fitted to the author's control points where there are any.

    Raises
    ------
    UnknownProduct
        The sensor model or the control points cannot be used; the text says why.
    SourceError
        The terrain cannot be read.
    """
    path = image.sources[0].path
    header = image.headers[0]
    sensor = image.sensor
    notes: tuple[str, ...] = ()
    attributes = dict(image.attributes)
    try:
        sensor.bind()
        if options.gcps:
            fitted = refine(_rpc_of(sensor, options), product, path, options)
            sensor, notes = fitted.record, fitted.notes
            attributes |= fitted.attributes
        attributes |= view_of_image(
            sensor,
            (header.width, header.height),
            image.acquisition,
            _ground_height(sensor, options.terrain),
        )
    except (InvalidParameter, ConfigError) as err:
        raise UnknownProduct(path, f"its sensor model cannot be used: {err}") from err
    return NewItem(
        name=image.name,
        raster=RasterDefinition(
            raster_type=raster_type,
            sources=image.sources,
            geolocation=Geolocation(sensor=sensor, terrain=options.terrain or AverageHeight()),
            notes=notes,
        ),
        headers=image.headers,
        attributes=attributes,
    )


def _ground_height(sensor: SensorRecord, terrain: TerrainDefinition | None) -> float | None:
    """Return the ground's height below a frame camera, None where it is not known; build says why."""
    if not isinstance(sensor, FrameCameraRecord):
        return None
    if isinstance(terrain, ConstantHeight):
        return terrain.height_m
    if not isinstance(terrain, RasterTerrain):
        return None
    place = np.array([sensor.position.x]), np.array([sensor.position.y])
    try:
        opener = TerrainOpener(process_memory(), open_service=open_service_posts)
        opened = opener.open(terrain, sensor.bind())
        there = transform(operation(sensor.ground_crs, opened.crs).pipeline, *place)
        height = float(opened.heights(*there, 0.0)[0])
    except (ConfigError, SourceError):
        return None
    return height if math.isfinite(height) else None


def _rpc_of(sensor: SensorRecord, options: ItemOptions) -> RpcRecord:
    if not isinstance(sensor, RpcRecord):
        raise InvalidParameter("--gcps", PurePath(options.gcps).name, "images with an RPC")
    return sensor


def failed_image(raster_type: str, path: str, status: ItemStatus, why: str) -> NewItem:
    """Return the item of an image that cannot be used; it is tried again when it is added again."""
    text = why.strip().rstrip(".")
    return NewItem(
        name=PurePath(path).stem,
        raster=RasterDefinition(raster_type=raster_type, sources=(SourceDefinition(path=path),)),
        status=status,
        message=f"{text[:1].upper()}{text[1:]}.",
    )
