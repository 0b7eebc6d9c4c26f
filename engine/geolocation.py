"""How an image without a place on the map is placed: geotransforms with a sensor model, over terrain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import AverageHeight, TerrainDefinition
from engine.geotransforms import PlaneRecord, SensorRecord
from engine.geotransforms.concatenation import Concatenation, concatenate

if TYPE_CHECKING:
    from engine.geometry.terrain import OpenService, Terrain
    from engine.geotransforms.base import Array as Floats
    from engine.geotransforms.base import SensorModel
    from engine.service import ProcessMemory

# Level-0 pixels as if they were a map: the geotransform of an image that has none.
IMAGE_SPACE = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Geolocation(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What places an image.

    Attributes
    ----------
    sensor : SensorRecord
        From the ground to the image.
    image_side : tuple of PlaneRecord
        Geotransforms between the sensor model and the file's pixels, in chain order.
    terrain : TerrainDefinition
        Heights of the ground.
    """

    sensor: SensorRecord
    image_side: tuple[PlaneRecord, ...] = ()
    terrain: TerrainDefinition = AverageHeight()


@dataclass(frozen=True, slots=True)
class BoundGeolocation:
    """A geolocation ready for use.

    Attributes
    ----------
    chain : Concatenation
        Bound geotransforms.
    sensor : SensorModel
        All of them as one model, straight to the file's pixels.
    terrain : Terrain
        In the sensor model's vertical datum.
    """

    chain: Concatenation
    sensor: SensorModel
    terrain: Terrain

    def without_terrain(self) -> BoundSensor:
        """Return the geotransforms alone."""
        return BoundSensor(self.chain, self.sensor)


@dataclass(frozen=True, slots=True)
class BoundSensor:
    """The geotransforms of a geolocation ready for use, without terrain; see `BoundGeolocation`."""

    chain: Concatenation
    sensor: SensorModel

    def over(self, terrain: Terrain) -> BoundGeolocation:
        """Return them with a terrain in the sensor model's vertical datum."""
        return BoundGeolocation(self.chain, self.sensor, terrain)


class _WholeSensor:
    """A sensor model with the geotransforms between it and the file's pixels (a `SensorModel`)."""

    def __init__(self, chain: Concatenation, sensor: SensorModel) -> None:
        self._chain = chain
        self.ground_crs = sensor.ground_crs
        self.vertical_datum = sensor.vertical_datum
        self.height_range = sensor.height_range

    def ground_to_image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        return self._chain.ground_to_source(x, y, z)

    def image_to_ground(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        return self._chain.to_output_at(col_pos, row_pos, z)


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
    sensor = geolocation.sensor.bind()
    chain = concatenate([*(record.bind() for record in geolocation.image_side), sensor])
    return BoundSensor(chain, _WholeSensor(chain, sensor) if geolocation.image_side else sensor)


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
