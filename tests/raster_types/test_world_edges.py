"""Products at the antimeridian and at the poles, from files to pixels: each is where it lies, in any CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.geometry.projection import LONLAT, MERCATOR, operation, transform
from engine.item import OVERVIEW
from engine.request_parts import View
from raster_types.base import ItemOptions
from tests.raster_types.definitions import add_products, built_service, raw_pixels, rows_of
from tests.raster_types.sentinel2_products import Safe, numbers, write_safe

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

HALF = 20037508.342789244
PIXELS = 40


def _view(extent: Extent, crs: str, pixels: int = PIXELS) -> View:
    return View(extent=extent, extent_crs=crs, out_crs=crs, width=pixels, height=pixels)


@dataclass(frozen=True)
class Scene:
    """What a product holds: samples (0 = no data) that rise by `slope` a pixel, and where they lie."""

    samples: np.ndarray
    crs: str
    corner: tuple[float, float]
    pixel: float
    slope: float

    def assert_shown(self, service: ImageService, view: View) -> float:
        """Hold a view to the samples at its places; return the share of it that shows.

        Levels are means, so samples may stray by what a pixel of the view spans.
        """
        found = raw_pixels(service, view)
        valid = np.broadcast_to(found.valid, found.data.shape)[0]
        col, row = self._positions(view)
        with np.errstate(invalid="ignore"):
            steps = [
                np.hypot(*(np.gradient(of, axis=axis) for of in (col, row))) for axis in (0, 1)
            ]
        span = max(1.0, float(np.nanmedian(np.max(steps, axis=0))))
        here = self._at(row, col)
        around = [
            self._at(row + 2 * span * y, col + 2 * span * x) > 0 for y in (-1, 1) for x in (-1, 1)
        ]
        seen = np.all(around, axis=0) & (here > 0)
        empty = ~np.any(around, axis=0) & (here == 0)
        assert valid[seen].all()
        assert not valid[empty].any()
        stray = np.abs(found.data[0].astype(float) - here)[seen]
        assert stray.max(initial=0.0) <= 2 * span * self.slope
        return float(valid.mean())

    def _positions(self, view: View) -> tuple[np.ndarray, np.ndarray]:
        """Return column and row of the pixel centres of a view."""
        box = view.extent
        assert box is not None
        xs, ys = np.meshgrid(
            box.xmin + (np.arange(view.width) + 0.5) * box.width / view.width,
            box.ymax - (np.arange(view.height) + 0.5) * box.height / view.height,
        )
        # Numbers go on beyond the poles, places do not.
        ys = np.where((view.out_crs != LONLAT) | (np.abs(ys) <= 90), ys, np.nan)
        x, y = transform(operation(view.out_crs, self.crs).pipeline, xs.ravel(), ys.ravel())
        col = (np.reshape(x, xs.shape) - self.corner[0]) / self.pixel
        row = (self.corner[1] - np.reshape(y, xs.shape)) / self.pixel
        return col, row

    def _at(self, row: np.ndarray, col: np.ndarray) -> np.ndarray:
        """Return the samples at positions, 0 beside them."""
        size = self.samples.shape[0]
        with np.errstate(invalid="ignore"):
            inside = (col >= 0) & (col < size) & (row >= 0) & (row < size)
        at = self.samples[
            np.where(inside, row, 0).astype(int), np.where(inside, col, 0).astype(int)
        ]
        return np.where(inside, at, 0)


def _definition(path: Path, crs: str) -> DefinitionFolder:
    return DefinitionFolder.create(path, ServiceProperties(crs=crs))


@pytest.mark.parametrize("crs", ["", MERCATOR, LONLAT])
@pytest.mark.parametrize(("zone", "lat"), [(1, 64.0), (60, 12.0)])
def test_a_granule_over_the_antimeridian_shows_on_both_sides(
    tmp_path: Path, crs: str, zone: int, lat: float
) -> None:
    utm = f"EPSG:{32600 + zone}"
    x, y = transform(operation(LONLAT, utm).pipeline, np.array([180.0]), np.array([lat]))
    corner = (round(x[0] / 60) * 60.0 - 3600, round(y[0] / 60) * 60.0 + 3600)
    safe = Safe(zone=zone, corner=corner, size=720)
    write_safe(tmp_path / "in", safe)
    folder = _definition(tmp_path / "a.isdef", crs)
    options = ItemOptions(assets=("B02",))
    assert add_products(folder, "sentinel2", tmp_path / "in", options).failed == []
    service = built_service(folder, BuildOptions(overviews="none"))
    service_crs = crs or utm
    assert service.summary.crs == service_crs
    (row,) = rows_of(folder)
    parts = shapely.get_parts(shapely.from_wkb(row.wkb))
    if crs:
        # Cut in two at the edge of the world, a few kilometres wide on either side.
        half = HALF if crs == MERCATOR else 180.0
        assert len(parts) == 2
        assert all(
            shapely.bounds(part)[2] - shapely.bounds(part)[0] < half / 1000 for part in parts
        )
        assert {round(float(np.abs(shapely.bounds(part)[[0, 2]]).max()), 3) for part in parts} == {
            round(half, 3)
        }
    else:
        assert service.summary.extent == Extent(
            corner[0], corner[1] - 7200, corner[0] + 7200, corner[1]
        )
    dn = numbers(safe, "B02", 10)
    scene = Scene(np.where(dn > 0, (dn - 1000.0) / 10000, 0), utm, corner, 10, 0.001)
    _, north = transform(operation(LONLAT, MERCATOR).pipeline, np.array([0.0]), np.array([lat]))
    for side in (-1, 1):
        for edge, width, middle, out_crs in (
            (HALF, 3000, float(north[0]), MERCATOR),
            (180.0, 0.02, lat, LONLAT),
        ):
            ends = sorted((side * edge, side * (edge - width)))
            box = Extent(ends[0], middle - width / 2, ends[1], middle + width / 2)
            assert scene.assert_shown(service, _view(box, out_crs)) > 0.99, (side, out_crs)


def _write_scene(folder: Path, scene: Scene) -> None:
    folder.mkdir()
    profile = {
        "driver": "GTiff",
        "width": scene.samples.shape[1],
        "height": scene.samples.shape[0],
        "count": 1,
        "dtype": scene.samples.dtype.name,
        "nodata": 0,
        "crs": scene.crs,
        "transform": Affine(scene.pixel, 0, scene.corner[0], 0, -scene.pixel, scene.corner[1]),
    }
    with rasterio.open(folder / "scene.tif", "w", **profile) as file:
        file.write(scene.samples, 1)


def _polar(crs: str, corner: tuple[float, float]) -> Scene:
    size = 300
    rows, cols = np.mgrid[0:size, 0:size]
    samples = (1000 + rows + 2 * cols).astype(np.uint16)
    # A hole beside the pole, and none at it.
    samples[180:200, 100:140] = 0
    return Scene(samples, crs, corner, 4000.0, 3.0)


@pytest.mark.parametrize("crs", ["", MERCATOR, LONLAT])
@pytest.mark.parametrize("sensor_crs", ["EPSG:3031", "EPSG:3413"])
def test_a_scene_that_covers_a_pole_shows_all_around_it(
    tmp_path: Path, crs: str, sensor_crs: str
) -> None:
    scene = _polar(sensor_crs, (-600_000.0, 600_000.0))
    _write_scene(tmp_path / "in", scene)
    folder = _definition(tmp_path / "a.isdef", crs)
    assert add_products(folder, "raster-dataset", tmp_path / "in").failed == []
    service = built_service(folder, BuildOptions(overviews="none"))
    (row,) = rows_of(folder)
    shape = shapely.from_wkb(row.wkb)
    south = -1 if sensor_crs == "EPSG:3031" else 1
    extent = service.summary.extent
    if crs == LONLAT:
        assert (extent.xmin, extent.xmax) == pytest.approx((-180, 180), abs=0.2)
        assert max(abs(extent.ymin), abs(extent.ymax)) == pytest.approx(90, abs=0.2)
        assert min(abs(extent.ymin), abs(extent.ymax)) > 80
        assert shape.is_valid
    elif crs == MERCATOR:
        assert extent.width == pytest.approx(2 * HALF, rel=0.01)
        assert min(abs(extent.ymin), abs(extent.ymax)) > 1.5e7
    else:
        assert extent == Extent(-600_000, -600_000, 600_000, 600_000)
    assert scene.assert_shown(service, _view(extent, crs or sensor_crs, 500)) > 0.4
    own = Extent(-400_000, -300_000, 200_000, 300_000)
    assert scene.assert_shown(service, _view(own, sensor_crs)) > 0.9
    ring = sorted((south * 86.0, south * 88.0))
    for west in range(-180, 180, 45):
        box = Extent(west, ring[0], west + 45, ring[1])
        assert scene.assert_shown(service, _view(box, LONLAT)) > 0.6, west
    cap = sorted((south * 89.0, south * 90.0))
    assert scene.assert_shown(service, _view(Extent(-180, cap[0], 180, cap[1]), LONLAT)) == 1
    band = sorted((south * (HALF - 1e6), south * HALF))
    assert scene.assert_shown(service, _view(Extent(-HALF, band[0], HALF, band[1]), MERCATOR)) > 0


@pytest.mark.parametrize("crs", ["", MERCATOR, LONLAT])
@pytest.mark.parametrize(
    ("sensor_crs", "corner"),
    # Over the antimeridian, which both have a ray of the map for, and away from it.
    [
        ("EPSG:3031", (-600_000.0, -1_000_000.0)),
        ("EPSG:3413", (-1_900_000.0, 2_300_000.0)),
        ("EPSG:3413", (400_000.0, -1_000_000.0)),
    ],
)
def test_a_polar_scene_beside_the_pole_is_where_it_lies(
    tmp_path: Path, crs: str, sensor_crs: str, corner: tuple[float, float]
) -> None:
    scene = _polar(sensor_crs, corner)
    _write_scene(tmp_path / "in", scene)
    folder = _definition(tmp_path / "a.isdef", crs)
    assert add_products(folder, "raster-dataset", tmp_path / "in").failed == []
    service = built_service(folder, BuildOptions(overviews="none"))
    extent = service.summary.extent
    assert scene.assert_shown(service, _view(extent, crs or sensor_crs, 500)) > 0
    x, y = corner[0] + 600_000, corner[1] - 600_000
    own = Extent(x - 500_000, y - 500_000, x + 500_000, y + 500_000)
    assert scene.assert_shown(service, _view(own, sensor_crs)) > 0.9
    for out_crs, step in ((LONLAT, 0.5), (MERCATOR, 50_000)):
        at_x, at_y = transform(
            operation(sensor_crs, out_crs).pipeline, np.array([x]), np.array([y])
        )
        box = Extent(at_x[0] - step, at_y[0] - step, at_x[0] + step, at_y[0] + step)
        assert scene.assert_shown(service, _view(box, out_crs)) > 0.4


@pytest.mark.parametrize("crs", [MERCATOR, LONLAT])
def test_overviews_of_a_granule_over_the_antimeridian_lie_on_both_sides(
    tmp_path: Path, crs: str
) -> None:
    lat = 12.0
    x, y = transform(operation(LONLAT, "EPSG:32660").pipeline, np.array([180.0]), np.array([lat]))
    corner = (round(x[0] / 60) * 60.0 - 3600, round(y[0] / 60) * 60.0 + 3600)
    write_safe(tmp_path / "in", Safe(zone=60, corner=corner, size=720))
    folder = _definition(tmp_path / "a.isdef", crs)
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(assets=("B02",)))
    report = build_definition(folder)
    # Where it lies, not all around the world between its sides.
    assert 2 <= report.overviews <= 10
    service = built_service(folder)
    assert any(row.category == OVERVIEW for row in rows_of(folder))
    half, pixel = (HALF, 200.0) if crs == MERCATOR else (180.0, 0.002)
    _, north = transform(operation(LONLAT, crs).pipeline, np.array([0.0]), np.array([lat]))
    size = 8 * pixel
    for side in (-1, 1):
        ends = sorted((side * half, side * (half - size)))
        box = Extent(ends[0], north[0] - size / 2, ends[1], north[0] + size / 2)
        assert raw_pixels(service, _view(box, crs, 8)).valid.all(), side
