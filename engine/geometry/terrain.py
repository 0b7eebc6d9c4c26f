"""Terrain: heights under sensor images, in the datum that a sensor model counts from.

Rules: missing terrain is NaN, never a height that nobody stated; a datum that nobody stated is an
error. Corrections (factor, offset, undulation) are made once a block, post by post, so the surface is
bilinear between corrected posts and a lookup costs no projection.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.errors import ConfigError
from engine.geometry.constant_terrain import ConstantTerrain
from engine.geometry.geoid import DatumShift, canonical_datum, datum_of_name
from engine.geometry.post_field import PostField
from engine.geometry.post_lift import PostLift
from engine.geometry.projection import vertical_crs
from engine.geometry.published_terrain import is_published, published_file
from engine.geometry.terrain_definition import AverageHeight, ConstantHeight, RasterTerrain
from engine.readers.file_posts import FilePosts, post_item
from engine.readers.header import read_header

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.geometry.post_field import PostSource
    from engine.geometry.post_surface import PostSurface
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms.base import SensorModel
    from engine.process_memory import ProcessMemory

    Floats = NDArray[np.float64]
    # Opens the posts of a compiled service: (path, memory) -> (posts, CRS with its vertical part).
    OpenService = Callable[[Path, ProcessMemory], tuple[PostSource, str]]

COMPILED_SUFFIX = ".zmd"


class Terrain(Protocol):
    """Heights of the ground.

    Attributes
    ----------
    crs : str
        Of x, y and pixel sizes.
    vertical_datum : str
        What the heights count from.
    """

    @property
    def crs(self) -> str:
        """CRS of x, y and pixel sizes."""
        ...

    @property
    def vertical_datum(self) -> str:
        """What the heights count from."""
        ...

    def heights(self, x: Floats, y: Floats, pixel_size: float) -> Floats:
        """Return heights at points.

        Parameters
        ----------
        x, y : float64 (n,)
        pixel_size : float
            Of the output, in units of `crs`; chooses the level. 0 = the finest.

        Returns
        -------
        float64 (n,)
            Metres in `vertical_datum`; NaN where terrain is missing.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        ...

    def relief(self, box: Extent, pixel_size: float) -> tuple[float, float]:
        """Return bounds (low, high) of all heights that exist within a box; NaN where none do.

        They are true for every point that `heights` gives at this pixel size.
        """
        ...

    def surface(self, box: Extent, pixel_size: float) -> PostSurface:
        """Return what is known of the surface within a box: `relief` and how it bends."""
        ...

    def spacing(self, pixel_size: float) -> float:
        """Return the distance of posts in units of `crs`; 0 where there are none."""
        ...


class PostTerrain:
    """Terrain from posts (a `Terrain`).

    Parameters
    ----------
    field : PostField
        Of heights in `vertical_datum`.
    """

    def __init__(self, field: PostField, vertical_datum: str) -> None:
        self._field = field
        self.crs = field.source.crs
        self.vertical_datum = vertical_datum

    def heights(self, x: Floats, y: Floats, pixel_size: float) -> Floats:
        """Return heights at points; see `Terrain`."""
        return self._field.values(x, y, self._field.source.level(pixel_size))

    def relief(self, box: Extent, pixel_size: float) -> tuple[float, float]:
        """Return bounds of heights within a box; see `Terrain`."""
        found = self.surface(box, pixel_size)
        return found.low, found.high

    def surface(self, box: Extent, pixel_size: float) -> PostSurface:
        """Return what is known of the surface within a box; see `Terrain`."""
        return self._field.surface(box, self._field.source.level(pixel_size))

    def covers(self, box: Extent) -> bool:
        """Tell whether there can be heights in a box of `crs`; nothing is read."""
        return self._field.covers(box, self._field.source.level(0.0))

    def spacing(self, pixel_size: float) -> float:
        """Return the distance of posts; see `Terrain`."""
        _, xc, xr, _, yc, yr = self._field.source.level(pixel_size).geotransform
        return min(math.hypot(xc, yc), math.hypot(xr, yr))


class TerrainOpener:
    """Opens terrains for sensor models.

    Parameters
    ----------
    memory : ProcessMemory
    geoid_folders : tuple of str
        Looked into for grids of undulations before PROJ's folders.
    open_service : function, optional
        Opens the posts of compiled services (`engine.geometry.service_posts.open_service_posts`);
        without it they are refused.
    """

    def __init__(
        self,
        memory: ProcessMemory,
        geoid_folders: tuple[str, ...] = (),
        open_service: OpenService | None = None,
    ) -> None:
        self._memory = memory
        self._folders = geoid_folders
        self._open_service = open_service

    def open(self, definition: TerrainDefinition, sensor: SensorModel) -> Terrain:
        """Return the terrain in the vertical datum of a sensor model.

        Raises
        ------
        InvalidParameter
            A number of the definition cannot be.
        ConfigError
            The vertical datum is not stated or not known, or its grid is not installed; the raster has
            no place on Earth.
        SourceUnavailable, SourceCorrupt, UnknownProduct
        """
        if isinstance(definition, AverageHeight):
            low, high = sensor.height_range
            definition = ConstantHeight(
                height_m=(low + high) / 2, vertical_datum=sensor.vertical_datum
            )
        if isinstance(definition, ConstantHeight):
            definition.check()
            shift = self._shift(definition.vertical_datum, sensor.vertical_datum)
            return ConstantTerrain(
                definition.height_m, shift, sensor.ground_crs, sensor.vertical_datum
            )
        return self.open_raster(definition, sensor.vertical_datum)

    def open_raster(self, definition: RasterTerrain, vertical_datum: str) -> PostTerrain:
        """Return the terrain of a raster or service in a vertical datum; raises as `open`."""
        definition.check()
        source, full_crs = self._source(definition)
        name, metres = vertical_crs(full_crs)
        datum = definition.vertical_datum or datum_of_name(name)
        if not datum:
            stated = f"states {name!r}, which is not known" if name else "states none"
            why = f"is not known: its coordinate system {stated}; say ellipsoid, egm96, egm2008 or a grid file"
            raise ConfigError(definition.path, "vertical datum", why)
        lift = PostLift(
            factor=definition.z_factor * metres,
            offset_m=definition.z_offset_m,
            void_m=math.nan if definition.void_height_m is None else definition.void_height_m,
            crs=source.crs,
            shift=self._shift(datum, vertical_datum),
        )
        field = PostField(source, self._memory.posts, lift.key, lift.finish, lift.beside)
        return PostTerrain(field, canonical_datum(vertical_datum))

    def _shift(self, from_datum: str, to_datum: str) -> DatumShift:
        return DatumShift(from_datum, to_datum, self._memory, self._folders)

    def _source(self, definition: RasterTerrain) -> tuple[PostSource, str]:
        path = Path(definition.path)
        if is_published(path):
            path = published_file(path)
        if path.suffix.casefold() != COMPILED_SUFFIX:
            header = read_header(str(path.resolve()))
            item = post_item(header, definition.crs)
            band = header.bands[0]
            return FilePosts(item, self._memory, band.scale, band.offset), item.crs
        if self._open_service is None:
            raise ConfigError(path, "", "is a compiled service; a raster is wanted here")
        if definition.crs:
            raise ConfigError(path, "crs", "is the service's own; it cannot be stated again")
        return self._open_service(path, self._memory)


def stated_datum(crs: str) -> str:
    """Return the vertical datum that a CRS states, "" for none that is known (worth a warning)."""
    return datum_of_name(vertical_crs(crs)[0])
