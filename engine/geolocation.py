"""How an image is placed by geotransforms: a sensor model over terrain, or transforms in the plane alone.

A chain in the plane is bound as a sensor whose lines of sight are all vertical, so that all who follow
lines of sight need not know the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.ground_side import CloseTerrain, GroundSide, GroundSideTerrain
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import AverageHeight, TerrainDefinition
from engine.geotransforms import PlaneRecord, SensorRecord
from engine.geotransforms.concatenation import Concatenation, concatenate
from engine.geotransforms.displacement_grid import DisplacementGrid
from engine.geotransforms.thin_plate_spline import ThinPlateSpline

if TYPE_CHECKING:
    from engine.geometry.terrain import OpenService, Terrain
    from engine.geotransforms.base import Array as Floats
    from engine.geotransforms.base import SensorModel
    from engine.process_memory import ProcessMemory

# Level-0 pixels as if they were a map: the geotransform of an image that has none.
IMAGE_SPACE = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Geolocation(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What places an image.

    Attributes
    ----------
    sensor : SensorRecord or None
        From the ground to the image; None = the geotransforms lead to the map by themselves.
    image_side : tuple of PlaneRecord
        Geotransforms between the sensor model and the file's pixels, in chain order; all of them where
        there is none.
    ground_side : tuple of PlaneRecord
        Geotransforms between the ground as the sensor model sees it and the map, in chain order.
    crs : str
        Canonical key of the map that the last geotransform leads to; "" = the sensor model's ground
        CRS.
    terrain : TerrainDefinition
        Heights of the ground.
    """

    sensor: SensorRecord | None = None
    image_side: tuple[PlaneRecord, ...] = ()
    ground_side: tuple[PlaneRecord, ...] = ()
    crs: str = ""
    terrain: TerrainDefinition = AverageHeight()


@dataclass(frozen=True, slots=True)
class BoundGeolocation:
    """A geolocation ready for use.

    Attributes
    ----------
    chain : Concatenation
        All bound geotransforms from the map (`sensor.ground_crs`) on.
    sensor : SensorModel
        All of them as one model, from the map straight to the file's pixels.
    terrain : Terrain
        In the sensor model's vertical datum.
    """

    chain: Concatenation
    sensor: SensorModel
    terrain: Terrain


@dataclass(frozen=True, slots=True)
class BoundSensor:
    """The geotransforms of a geolocation ready for use, without terrain; see `BoundGeolocation`.

    Attributes
    ----------
    ground : GroundSide or None
        What lies between the map and the ground that the sensor model sees.
    is_bent : bool
        A spline or a displacement grid is among the geotransforms.
    """

    chain: Concatenation
    sensor: SensorModel
    ground: GroundSide | None = None
    is_bent: bool = False

    def over(self, terrain: Terrain) -> BoundGeolocation:
        """Return them with a terrain in the sensor model's vertical datum."""
        if self.ground is not None:
            terrain = GroundSideTerrain(terrain, self.ground)
        if self.is_bent:
            terrain = CloseTerrain(terrain)
        return BoundGeolocation(self.chain, self.sensor, terrain)


class _WholeSensor:
    """A sensor model with all geotransforms before and behind it (a `SensorModel`)."""

    def __init__(
        self, chain: Concatenation, sensor: SensorModel, ground: GroundSide | None
    ) -> None:
        self._chain = chain
        self.ground = ground
        self.ground_crs = sensor.ground_crs if ground is None else ground.crs
        self.vertical_datum = sensor.vertical_datum
        self.height_range = sensor.height_range
        self.is_smooth, self.is_pieced = chain.is_smooth, chain.is_pieced

    def ground_to_image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        if self.ground is not None:
            x, y = self._chain.to_ground(x, y)
        return self._chain.ground_to_source(x, y, z)

    def image_to_ground(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        return self._chain.to_output_at(col_pos, row_pos, z)


class _PlaneSensor:
    """Geotransforms in the plane, seen from straight above (a `SensorModel`)."""

    vertical_datum = "ellipsoid"
    height_range = (0.0, 0.0)

    def __init__(self, chain: Concatenation, crs: str) -> None:
        self._chain = chain
        self.ground_crs = crs
        self.is_smooth = all(getattr(each, "is_smooth", False) for each in chain.image_side)
        self.is_pieced = chain.is_pieced

    def ground_to_image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        col, row = self._chain.to_source(x, y)
        return np.where(np.isnan(z), np.nan, col), np.where(np.isnan(z), np.nan, row)

    def image_to_ground(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        x, y = self._chain.to_output(col_pos, row_pos)
        return np.where(np.isnan(z), np.nan, x), np.where(np.isnan(z), np.nan, y)


def bind_geolocation(
    geolocation: Geolocation,
    memory: ProcessMemory,
    geoid_folders: tuple[str, ...] = (),
    open_service: OpenService | None = None,
) -> BoundGeolocation:
    """Check a geolocation and open its terrain.

    Raises
    ------
    InvalidParameter
        A number cannot be.
    ConfigError
        The terrain's datum is not known.
    SourceUnavailable, SourceCorrupt
        The terrain cannot be opened.
    """
    bound = bind_sensor(geolocation)
    opener = TerrainOpener(memory, geoid_folders, open_service)
    return bound.over(opener.open(geolocation.terrain, bound.sensor))


def bind_sensor(geolocation: Geolocation) -> BoundSensor:
    """Check the geotransforms of a geolocation; its terrain is not looked at.

    Raises
    ------
    InvalidParameter
        A number cannot be.
    """
    image_side = [record.bind() for record in geolocation.image_side]
    bends = (ThinPlateSpline, DisplacementGrid)
    sides = (*geolocation.image_side, *geolocation.ground_side)
    is_bent = any(isinstance(record, bends) for record in sides)
    if geolocation.sensor is None:
        plane = _PlaneSensor(concatenate(image_side), geolocation.crs)
        return BoundSensor(Concatenation(sensor=plane), plane, is_bent=is_bent)
    sensor = geolocation.sensor.bind()
    ground_side = tuple(record.bind() for record in geolocation.ground_side)
    chain = concatenate([*image_side, sensor, *ground_side])
    if not ground_side:
        whole = _WholeSensor(chain, sensor, None) if image_side else sensor
        return BoundSensor(chain, whole, is_bent=is_bent)
    ground = GroundSide(ground_side, geolocation.crs or sensor.ground_crs, sensor)
    whole = _WholeSensor(chain, sensor, ground)
    return BoundSensor(Concatenation(sensor=whole), whole, ground, is_bent)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Geolocation] = msgspec.msgpack.Decoder(Geolocation)


def pack_geolocation(geolocation: Geolocation | None) -> bytes:
    """Return the bytes that a compiled item carries; b"" = none."""
    return b"" if geolocation is None else _encoder.encode(geolocation)


def unpack_geolocation(packed: bytes) -> Geolocation:
    """Return the geolocation of a compiled item.

    Raises
    ------
    InvalidParameter
        The bytes are none.
    """
    try:
        return _decoder.decode(packed)
    except msgspec.MsgspecError as err:
        raise InvalidParameter("geolocation", "of an item", f"a compiled one ({err})") from err
