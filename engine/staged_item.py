"""Items whose chain samples more than once: what each sampler before the last makes, as a raster of its own.

A stage's pixels lie on a lattice counted from (0, 0) of the plane that its geotransforms lead to. Rows
run as they do in the image: a lattice is never a mirror image of what is sampled. Views much coarser
than that take lattices with pixels twice, four times … as large, as pyramids would be.

Rule: nothing is opened here; terrain is opened when positions are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geolocation import IMAGE_SPACE, Geolocation, bind_sensor
from engine.geometry.plane_locator import PlaneLocator
from engine.geometry.terrain_definition import AverageHeight
from engine.geotransforms.concatenation import concatenate
from engine.levels import LevelView, choose_level
from engine.process_sources import ProcessedSource, StageSource
from engine.region_sampling import SampledPlace
from engine.samplers.placement import LevelAffine, level_affine
from engine.target_grid import Lattice

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.definition import Interpolation
    from engine.chain import Stage
    from engine.geometry.locator import Locator
    from engine.item import Item
    from engine.item_process import BoundProcess, BoundStage
    from engine.region_sampling import PixelSource

    # Returns the locator of a stage with a sensor model: (key, geolocation, box on its ground).
    SensorStage = Callable[[str, Geolocation, Extent], Locator]
    # Returns the blocks of a level of the files, processed pixel by pixel.
    OpenLevel = Callable[[LevelView], PixelSource]

Floats = NDArray[np.float64]

_BLOCK = 512
_MARGIN_PX = 3
_SLACK = 1.01
# Points a side that find out how far an image reaches in a plane, which is grown by this part.
_PER_SIDE = 17
_BOX_MARGIN = 0.05
_MOST_PIXELS = 2**40


@dataclass(frozen=True, slots=True)
class StagePlane:
    """The lattice that a stage before the last samples onto.

    Attributes
    ----------
    locator : Locator
        From its coordinates, y upwards, to those of the plane before (of the first: level-0 pixels).
    lattice : Lattice
        Of the finest pixels.
    box : Extent
        Of the image in the lattice's coordinates.
    file_px : float
        Level-0 pixels in one of its pixels, along a side.
    y_sign : 1 or -1
        -1 where the plane's y grows downwards.
    """

    stage: BoundStage
    locator: Locator
    lattice: Lattice
    box: Extent
    file_px: float
    y_sign: int

    def coarser(self, shrink: int) -> Lattice:
        """Return the lattice halved so many times."""
        step = self.lattice.pixel_x * 2**shrink
        return Lattice(self.lattice.crs, step, step, 0.0, 0.0, 0.0, 0.0)

    def view(self, shrink: int) -> LevelView:
        """Return the lattice as a level."""
        left, top, right, bottom = self._edges(shrink)
        cols, rows = right - left, bottom - top
        scale = 1.0 / (self.file_px * 2**shrink)
        return LevelView(
            0, shrink, cols, rows, float(cols), float(rows), scale, scale, _BLOCK, _BLOCK
        )

    def origin(self, shrink: int) -> tuple[int, int]:
        """Return column and row of the level's first pixel on the lattice."""
        left, top, _, _ = self._edges(shrink)
        return left, top

    def affine(self, geotransform: tuple[float, ...], shrink: int) -> LevelAffine:
        """Return the way from the coordinates of what is sampled next to pixels of the level.

        Parameters
        ----------
        geotransform : 6 floats
            From the plane's coordinates to those; IMAGE_SPACE = they are the plane's.
        """
        view, (left, top) = self.view(shrink), self.origin(shrink)
        step = self.lattice.pixel_x * 2**shrink
        x0, xc, xr, y0, yc, yr = geotransform
        scaled = level_affine(
            (x0, xc, xr, y0, yc, yr), (1 / step, -self.y_sign / step), (view.width, view.height)
        )
        return LevelAffine(
            scaled.a,
            scaled.b,
            scaled.c - left,
            scaled.d,
            scaled.e,
            scaled.f - top,
            view.width,
            view.height,
        )

    def _edges(self, shrink: int) -> tuple[int, int, int, int]:
        step, box = self.lattice.pixel_x * 2**shrink, self.box
        return (
            math.floor(box.xmin / step) - _MARGIN_PX,
            math.floor(-box.ymax / step) - _MARGIN_PX,
            math.ceil(box.xmax / step) + _MARGIN_PX,
            math.ceil(-box.ymin / step) + _MARGIN_PX,
        )


@dataclass(frozen=True, slots=True)
class StagedItem:
    """The stages of an item before its last.

    Attributes
    ----------
    key : str
        Stands for the item's geometry.
    """

    item: Item
    process: BoundProcess
    planes: tuple[StagePlane, ...]
    key: str

    def view(self, ratio: float) -> LevelView:
        """Return the level of the last plane that serves a pixel size.

        Parameters
        ----------
        ratio : float
            Level-0 pixels per output pixel.
        """
        plane = self.planes[-1]
        return plane.view(_shrink(ratio / plane.file_px))

    def source(
        self,
        view: LevelView,
        bands: tuple[int, ...],
        sampling: tuple[Interpolation, float],
        open_level: OpenLevel,
    ) -> tuple[PixelSource, LevelAffine]:
        """Return what the last stage samples, its functions done, and the affine to its pixels.

        Parameters
        ----------
        bands
            To take of the results; () = all.
        sampling : (interpolation, tolerance_px)
            For samplers that do not say.
        """
        source = self._pixels(len(self.planes) - 1, view.shrink, sampling, open_level)
        last = self.process.stages[-1]
        if last.steps or bands:
            source = ProcessedSource(source, last.steps, (view.cols, view.rows), bands or None)
        return source, self.planes[-1].affine(self.item.geotransform, view.shrink)

    def _pixels(
        self,
        number: int,
        shrink: int,
        sampling: tuple[Interpolation, float],
        open_level: OpenLevel,
    ) -> PixelSource:
        """Return what the sampler of a stage makes."""
        plane = self.planes[number]
        focal = plane.stage.focal
        source: PixelSource
        if number == 0:
            # As the author put it: pixels of the file itself, whatever size the sampler makes of them.
            view = choose_level(self.item, 2.0**shrink)
            source = open_level(view)
            if focal.functions:
                source = ProcessedSource(source, (focal,), (view.cols, view.rows))
            size, scale = (view.width, view.height), (view.scale_x, view.scale_y)
            affine = level_affine(IMAGE_SPACE, scale, size)
        else:
            before = self.planes[number - 1]
            view = before.view(shrink)
            source = self._pixels(number - 1, shrink, sampling, open_level)
            if plane.stage.steps:
                source = ProcessedSource(source, plane.stage.steps, (view.cols, view.rows))
            affine = before.affine(IMAGE_SPACE, shrink)
        sampler = plane.stage.stage.sampler
        place = SampledPlace(
            locator=plane.locator,
            lattice=plane.coarser(shrink),
            box=plane.box,
            affine=affine,
            source=source,
            interpolation=sampler.interpolation or sampling[0],
            tolerance_px=sampler.tolerance_px or sampling[1],
        )
        return StageSource(place, plane.origin(shrink))


def _shrink(ratio: float) -> int:
    """Return how often a lattice is halved for so many of its pixels per pixel wanted."""
    return int(math.log2(ratio * _SLACK)) if ratio * _SLACK >= 2.0 else 0


def stage_geolocation(stage: Stage, crs: str = "") -> Geolocation:
    """Return the geotransforms of one stage as what places an image.

    Parameters
    ----------
    crs
        Of the map that they lead to; "" = the sensor model's ground CRS.
    """
    terrain = getattr(stage.sampler, "terrain", None) or AverageHeight()
    return Geolocation(
        sensor=stage.sensor,
        image_side=stage.image_side,
        ground_side=stage.ground_side,
        crs=crs,
        terrain=terrain,
    )


def stage_planes(
    item: Item, process: BoundProcess, key: str, locate: SensorStage
) -> tuple[StagePlane, ...]:
    """Return the planes between the samplings of an item.

    Parameters
    ----------
    locate
        Makes the locator of a stage with a sensor model.

    Raises
    ------
    InvalidParameter
        Bad numbers; or a sampler's pixels cannot hold the image.
    """
    planes: list[StagePlane] = []
    paths: list[_StagePath] = []
    for number, bound in enumerate(process.stages[:-1]):
        paths.append(_StagePath(bound.stage))
        planes.append(_plane((item, paths, f"{key}~{number}"), bound, locate))
    return tuple(planes)


class _StagePath:
    """The way onwards through one stage, from what it samples to its plane."""

    def __init__(self, stage: Stage) -> None:
        self.chain = concatenate([record.bind() for record in stage.geotransforms])
        sensor = self.chain.sensor
        self.heights = (0.0,) if sensor is None else sensor.height_range

    def onwards(self, x: Floats, y: Floats, height_m: float) -> tuple[Floats, Floats]:
        if self.chain.sensor is None:
            return self.chain.to_output(x, y)
        return self.chain.to_output_at(x, y, np.full(np.shape(x), height_m))


def _plane(
    made_for: tuple[Item, list[_StagePath], str], bound: BoundStage, locate: SensorStage
) -> StagePlane:
    item, paths, key = made_for
    stage, path = bound.stage, paths[-1]
    step = stage.sampler.pixel_size
    turn = _turn(item, paths)
    area = abs(float(np.linalg.det(turn)))
    if not (math.isfinite(area) and area > 0):
        raise InvalidParameter("process chain", "", "geotransforms that lead the image's middle on")
    # The lattice counts y upwards; under a sensor model the plane is a map.
    y_sign = -1 if stage.sensor is None and np.linalg.det(turn) > 0 else 1
    box = _box(item, paths, y_sign)
    if (box.width / step) * (box.height / step) > _MOST_PIXELS or max(box.width, box.height) < step:
        size = f"{box.width / step:.3g} × {box.height / step:.3g}"
        raise InvalidParameter("pixel_size", step, f"a size that makes no picture of {size} pixels")
    if stage.sensor is None:
        locator: Locator = PlaneLocator(key, path.chain, y_sign)
        crs = ""
    else:
        geolocation = stage_geolocation(stage)
        crs = bind_sensor(geolocation).sensor.ground_crs
        locator = locate(key, geolocation, box)
    lattice = Lattice(crs, step, step, 0.0, 0.0, 0.0, 0.0)
    return StagePlane(bound, locator, lattice, box, step / math.sqrt(area), y_sign)


def _through(paths: list[_StagePath], x: Floats, y: Floats, which: int) -> tuple[Floats, Floats]:
    """Return where level-0 pixels come to lie in the last path's plane.

    Parameters
    ----------
    which
        Of the heights that a sensor model is meant for: 0 = lowest, -1 = highest.
    """
    for path in paths:
        x, y = path.onwards(x, y, path.heights[which])
    return x, y


def _turn(item: Item, paths: list[_StagePath]) -> Floats:
    """Return the 2 × 2 derivative of the plane's coordinates by level-0 pixels, at the image's middle."""
    col, row = item.width / 2, item.height / 2
    reach = max(0.5, min(item.width, item.height) / 64)
    cols, rows = (
        np.array([-reach, reach, 0.0, 0.0]) + col,
        np.array([0.0, 0.0, -reach, reach]) + row,
    )
    x, y = (
        (low + high) / 2
        for low, high in zip(
            _through(paths, cols, rows, 0), _through(paths, cols, rows, -1), strict=True
        )
    )
    return np.array([[x[1] - x[0], x[3] - x[2]], [y[1] - y[0], y[3] - y[2]]]) / (2 * reach)


def _box(item: Item, paths: list[_StagePath], y_sign: int) -> Extent:
    """Return a box of the image in the lattice's coordinates, y upwards."""
    cols, rows = np.meshgrid(
        np.linspace(0, item.width, _PER_SIDE), np.linspace(0, item.height, _PER_SIDE)
    )
    places = [_through(paths, cols.reshape(-1), rows.reshape(-1), which) for which in (0, -1)]
    x = np.concatenate([place[0] for place in places])
    y = np.concatenate([place[1] for place in places]) * y_sign
    seen = np.isfinite(x) & np.isfinite(y)
    if not seen.any():
        raise InvalidParameter("process chain", "", "geotransforms that lead the image on")
    x, y = x[seen], y[seen]
    box = Extent(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    return box.expand(box.width * _BOX_MARGIN, box.height * _BOX_MARGIN)
