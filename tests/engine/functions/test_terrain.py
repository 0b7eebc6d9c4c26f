"""Functions of heights: against gdaldem's results of the kit, formulas by numpy, and one slope on every map.

Covers engine.functions.surface, engine.functions.slope, engine.functions.aspect, engine.functions.hillshade and
engine.functions.gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import (
    AspectRule,
    FunctionArguments,
    HillshadeRule,
    ShadedReliefRule,
    SlopeRule,
)
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells, ground_cells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.target_grid import grid_of_extent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RNG = np.random.default_rng(29)


def _ran(
    arguments: FunctionArguments,
    heights: NDArray[np.generic],
    ground: GroundCells,
    valid: NDArray[np.bool_] | None = None,
) -> PixelBlock:
    name = str(arguments.__struct_config__.tag)
    tree = function_tree(
        RenderingRule(function=name, arguments=arguments), lambda _: BandsInfo(PixelType.F32, 1)
    )
    there = np.ones(heights.shape, np.bool_) if valid is None else valid
    return tree.run([PixelBlock(heights[np.newaxis], there[np.newaxis])], lambda: ground)


def _square(size: float) -> GroundCells:
    return GroundCells(np.full((1, 1), size), np.full((1, 1), size), (size, size))


REFERENCES = [
    ("slope_horn_deg.tif", SlopeRule(plain_cells=True), 2e-3),
    ("slope_horn_percent.tif", SlopeRule(slope_type=2, plain_cells=True), 5e-3),
    ("aspect_horn.tif", AspectRule(plain_cells=True), 2e-2),
]


@pytest.mark.parametrize(("file", "rule", "tolerance"), REFERENCES)
def test_slopes_and_aspects_are_gdaldems(
    shared_data: Path, file: str, rule: FunctionArguments, tolerance: float
) -> None:
    folder = shared_data / "06_dem" / "ventoux"
    reference = folder / "reference_gdaldem" / file
    with rasterio.open(reference) as dataset:
        want = dataset.read(1).astype(np.float64)
        want[want == dataset.nodata] = np.nan
        shape, transform = dataset.shape, dataset.transform
    source = next(path for path in sorted(folder.glob("*.tif")) if _fits(path, shape, transform))
    with rasterio.open(source) as dataset:
        heights = dataset.read(1).astype(np.float32)
        valid = dataset.read_masks(1) != 0
    got = _ran(rule, heights, _square(transform.a), valid)
    inner = np.s_[1:-1, 1:-1]
    good = np.isfinite(want[inner]) & got.valid[0][inner]
    assert good.mean() > 0.9
    apart = np.abs(got.data[0].astype(np.float64) - want)[inner][good]
    if isinstance(rule, AspectRule):
        apart = np.minimum(apart, 360 - apart)
        # Where it is nearly flat, the last digit of a height turns the aspect.
        apart = np.sort(apart)[: int(apart.size * 0.999)]
    assert apart.max() < tolerance


def _fits(path: Path, shape: tuple[int, int], transform: rasterio.Affine) -> bool:
    with rasterio.open(path) as dataset:
        return bool(dataset.shape == shape and dataset.transform == transform)


def _plane(rows: int, cols: int, east: float, south: float) -> NDArray[np.float32]:
    y, x = np.mgrid[:rows, :cols].astype(np.float64)
    return (1000.0 + east * x + south * y).astype(np.float32)


def test_a_plane_has_the_slope_and_aspect_that_geometry_says() -> None:
    # A metre a pixel to the east and two to the south, pixels of ten metres.
    heights = _plane(9, 9, 1.0, 2.0)
    slope = _ran(SlopeRule(), heights, _square(10.0)).data[0, 4, 4]
    assert slope == pytest.approx(np.degrees(np.arctan(np.hypot(0.1, 0.2))), rel=1e-5)
    percent = _ran(SlopeRule(slope_type=2, z_factor=2.0), heights, _square(10.0)).data[0, 4, 4]
    assert percent == pytest.approx(200 * np.hypot(0.1, 0.2), rel=1e-5)
    # It falls to the west and, twice as much, to the north.
    aspect = _ran(AspectRule(), heights, _square(10.0)).data[0, 4, 4]
    assert aspect == pytest.approx(360 - np.degrees(np.arctan2(1, 2)), rel=1e-5)
    flat = _ran(AspectRule(), _plane(5, 5, 0.0, 0.0), _square(10.0))
    assert (flat.data == -1).all()


def test_scaled_slopes_grow_with_the_size_of_pixels() -> None:
    heights = _plane(5, 5, 1.0, 0.0)
    got = _ran(SlopeRule(slope_type=3), heights, _square(100.0)).data[0, 2, 2]
    factor = 1 + 100**0.664 * 0.024
    assert got == pytest.approx(np.degrees(np.arctan(0.01 * factor)), rel=1e-5)


def _shade(heights: Floats, size: float, azimuth: float, altitude: float) -> Floats:
    """Esri's formula, written as the reference has it."""
    a, b, c = heights[:-2, :-2], heights[:-2, 1:-1], heights[:-2, 2:]
    d, f = heights[1:-1, :-2], heights[1:-1, 2:]
    g, h, i = heights[2:, :-2], heights[2:, 1:-1], heights[2:, 2:]
    dzx = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * size)
    dzy = ((g + 2 * h + i) - (a + 2 * b + c)) / (8 * size)
    zenith, angle = np.radians(90 - altitude), np.radians(360 - azimuth + 90)
    light = (
        np.cos(zenith) + np.sin(zenith) * np.sin(angle) * dzy - np.sin(zenith) * np.cos(angle) * dzx
    )
    return np.asarray(np.maximum(255 * light / np.sqrt(1 + dzx**2 + dzy**2), 0.0))


def test_a_hillshade_is_the_published_formula() -> None:
    heights = (RNG.normal(0, 8, (40, 50)).cumsum(0).cumsum(1) / 20).astype(np.float32)
    for azimuth, altitude in ((315.0, 45.0), (215.0, 75.0), (10.0, 20.0)):
        rule = HillshadeRule(azimuth=azimuth, altitude=altitude)
        got = _ran(rule, heights, _square(5.0)).data[0]
        want = _shade(heights.astype(np.float64), 5.0, azimuth, altitude)
        assert np.abs(got[1:-1, 1:-1] - want).max() <= 0.51
    many = _ran(HillshadeRule(hillshade_type=1), heights, _square(5.0)).data[0]
    suns = ((315, 60, 3), (270, 60, 5), (225, 60, 3), (360, 60, 2), (180, 60, 1), (0, 90, 4))
    doubled = 2 * heights.astype(np.float64)
    want = sum(_shade(doubled, 5.0, az, alt) * weight / 18 for az, alt, weight in suns)
    assert np.abs(many[1:-1, 1:-1] - want).max() <= 0.51


def test_a_small_rise_at_a_great_height_is_not_lost() -> None:
    heights = (_plane(5, 5, 0.001, 0.0).astype(np.float64) + 7500).astype(np.float32)
    exact = heights[2, 3].astype(np.float64) - heights[2, 1]
    got = _ran(SlopeRule(slope_type=2), heights, _square(1.0)).data[0, 2, 2]
    assert got == pytest.approx(50 * exact, rel=1e-4)


def test_a_neighbour_without_data_counts_as_the_pixel_itself() -> None:
    heights = _plane(5, 5, 1.0, 0.0)
    valid = np.ones((5, 5), np.bool_)
    valid[:, 3] = False
    got = _ran(SlopeRule(slope_type=2), heights, _square(1.0), valid)
    np.testing.assert_array_equal(got.valid[0], valid)
    # Of the rise over two pixels the eastern half is not there.
    assert got.data[0, 2, 2] == pytest.approx(50.0)


HILL = (10.99, 46.79)


@pytest.mark.parametrize(
    "rule",
    [SlopeRule, HillshadeRule, ShadedReliefRule],
)
def test_pixels_without_all_their_neighbours_may_be_left_out(
    rule: type[SlopeRule | HillshadeRule | ShadedReliefRule],
) -> None:
    heights = RNG.random((7, 8)).astype(np.float32)
    valid = np.ones(heights.shape, np.bool_)
    valid[3, 4] = False
    want = np.zeros(heights.shape, np.bool_)
    want[1:-1, 1:-1] = True
    want[2:5, 3:6] = False
    got = _ran(rule(remove_edge_effect=True), heights, _square(1.0), valid)
    assert (got.valid[0] == want).all()
    kept = _ran(rule(), heights, _square(1.0), valid)
    assert (kept.valid[0] == valid).all()
    assert (got.data[:, want] == kept.data[:, want]).all()
    assert not _ran(rule(remove_edge_effect=True), heights[:1], _square(1.0), valid[:1]).valid.any()


@pytest.mark.parametrize("pixel_m", [10.0, 40.0])
def test_a_hill_has_one_slope_on_every_map(pixel_m: float) -> None:
    """A plane of one in ten to the north, in UTM, Mercator, degrees and a conic projection."""
    found = []
    for crs, unit in (("EPSG:32632", 1.0), ("EPSG:3857", 1.0), ("EPSG:4326", 1 / 111_000)):
        from pyproj import Transformer  # noqa: PLC0415 -- the oracle

        x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*HILL)
        half = 8 * pixel_m * unit
        grid = grid_of_extent(crs, Extent(x - half, y - half, x + half, y + half), 16, 16, None)
        box, lattice = grid.extent, grid.lattice
        rows, cols = np.mgrid[:16, :16]
        _lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(
            box.xmin + (cols + 0.5) * lattice.pixel_x, box.ymax - (rows + 0.5) * lattice.pixel_y
        )
        heights = ((np.asarray(lat) - HILL[1]) * 111_160 * 0.1).astype(np.float32)
        got = _ran(SlopeRule(), heights, ground_cells(grid))
        found.append(float(got.data[0, 8, 8]))
    assert found == pytest.approx([np.degrees(np.arctan(0.1))] * 3, rel=2e-3)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (SlopeRule(slope_type=9), "SlopeType"),
        (SlopeRule(z_factor=float("nan")), "ZFactor"),
        (HillshadeRule(altitude=91), "Altitude"),
        (HillshadeRule(hillshade_type=3), "HillshadeType"),
        (HillshadeRule(slope_type=2), "SlopeType"),
        (HillshadeRule(azimuth=float("inf")), "Azimuth"),
    ],
)
def test_what_cannot_be_is_named(rule: FunctionArguments, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule, _plane(3, 3, 0, 0), _square(1.0))
