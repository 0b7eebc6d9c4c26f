"""Position grids: the claimed error bounds the true one, holes are kept apart, windows agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.extent import Extent
from engine.geometry.locator import MapLocator, Survey
from engine.geometry.node_cache import NodeCache
from engine.geometry.plane_locator import PlaneLocator
from engine.geometry.position_grid import WHOLE_CELL, CellWindow, NodeGrid, cell_nodes, cell_window
from engine.geometry.projection import LONLAT, MERCATOR, describe_crs, operation, transform
from engine.geotransforms.concatenation import concatenate
from engine.geotransforms.displacement_grid import DisplacementGrid
from engine.mosaic.cell_positions import part_positions
from engine.samplers.placement import CanvasPart
from engine.target_grid import CELL, Lattice, tile_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.geometry.map_patch import Square

# Output CRS, raster CRS, and where (lon, lat) they are looked at.
PAIRS = [
    (MERCATOR, "EPSG:32632", (6, 12, 0, 83)),
    (MERCATOR, "EPSG:32760", (174, 180, -80, -1)),
    (MERCATOR, LONLAT, (-179, 179, -84, 84)),
    (MERCATOR, "EPSG:3035", (-10, 40, 35, 70)),
    (MERCATOR, "EPSG:3413", (-180, 180, 62, 84)),
    (MERCATOR, "EPSG:3031", (-180, 180, -84, -62)),
    (MERCATOR, "EPSG:27700", (-6, 1.5, 50, 60)),
    (MERCATOR, "EPSG:2056", (6, 10.4, 45.9, 47.7)),
    (MERCATOR, "EPSG:26915", (-96, -90, 26, 80)),
    (MERCATOR, "EPSG:26715", (-96, -90, 26, 60)),
    (MERCATOR, "EPSG:4267", (-120, -70, 26, 50)),
    (MERCATOR, "EPSG:5070", (-120, -70, 26, 50)),
    (MERCATOR, "EPSG:2193", (167, 178, -46, -35)),
    (LONLAT, "EPSG:32632", (6, 12, 0, 83)),
    (LONLAT, "EPSG:3413", (-180, 180, 62, 89)),
    (LONLAT, "EPSG:2154", (-4, 9, 42, 51)),
    ("EPSG:32632", "EPSG:32633", (10, 14, 5, 80)),
    ("EPSG:32632", LONLAT, (6, 12, 0, 83)),
    ("EPSG:3413", "EPSG:32622", (-54, -48, 62, 83)),
    ("EPSG:3857", "ESRI:54009", (-150, 150, -70, 70)),
    ("EPSG:3995", MERCATOR, (-170, 170, 62, 84)),
    ("EPSG:3577", "EPSG:28355", (144, 150, -40, -12)),
]


_HEMISPHERE = (
    'PROJCRS["o",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["o",METHOD["Orthographic"],'
    'PARAMETER["Latitude of natural origin",0],PARAMETER["Longitude of natural origin",0]],'
    'CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)


@pytest.fixture(scope="module", autouse=True)
def _count_pairs() -> Iterator[None]:
    yield
    print(f"\nposition grids held to their claim for {len(PAIRS)} pairs of CRSs")  # noqa: T201 -- the kit's list is counted in the output


def _lattice(crs: str, pixel: float, phase: float = 0.0) -> Lattice:
    return Lattice(crs, pixel, pixel, phase, phase / 2, *tile_origin(crs))


def _cell_at(lattice: Lattice, lon: float, lat: float) -> tuple[int, int] | None:
    x, y = transform(operation(LONLAT, lattice.crs).pipeline, np.array([lon]), np.array([lat]))
    col = (x[0] - lattice.origin_x) / lattice.pixel_x / CELL
    row = (lattice.origin_y - y[0]) / lattice.pixel_y / CELL
    return (int(np.floor(col)), int(np.floor(row))) if np.isfinite([col, row]).all() else None


def _exact(
    pipeline: str, lattice: Lattice, cell: tuple[int, int], cols: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    x = lattice.origin_x + (cell[0] * CELL + cols + 0.5 + lattice.phase_x) * lattice.pixel_x
    y = lattice.origin_y - (cell[1] * CELL + rows + 0.5 + lattice.phase_y) * lattice.pixel_y
    return np.array(transform(pipeline, *np.meshgrid(x, y)))


def _true_error_px(
    nodes: NodeGrid, pipeline: str, lattice: Lattice, cell: tuple[int, int]
) -> np.ndarray:
    """Errors at some of the pixels of whole quads, in output pixels, as the sampler interpolates."""
    window = nodes.window
    cols = np.arange(window.col_start, window.col_stop)
    rows = np.arange(window.row_start, window.row_stop)
    part = CanvasPart(nodes, window.col_start, window.row_start, *window[0::2], *window[1::2])
    got = np.array(part_positions(part))[:, ::7, ::5]
    cols, rows = cols[::5].astype(float), rows[::7].astype(float)
    exact = _exact(pipeline, lattice, cell, cols, rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        right = _exact(pipeline, lattice, cell, cols + 1, rows) - exact
        down = _exact(pipeline, lattice, cell, cols, rows + 1) - exact
        unit = np.minimum(np.hypot(*right), np.hypot(*down))
        errors = np.hypot(*(got - exact)) / unit
    usable = nodes.quads[
        np.ix_(
            ((rows - window.row_start) // nodes.step).astype(int),
            ((cols - window.col_start) // nodes.step).astype(int),
        )
    ].astype(bool)
    return np.asarray(errors[usable])


@pytest.mark.parametrize(("out_crs", "raster_crs", "box"), PAIRS)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    along=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    ground_m=st.sampled_from([0.1, 0.6, 10.0, 150.0, 2400.0, 20000.0]),
    tolerance=st.sampled_from([0.125, 0.002, 0.5]),
    phase=st.sampled_from([0.0, 0.37]),
)
def test_the_claimed_error_bounds_the_true_one(
    out_crs: str,
    raster_crs: str,
    box: tuple[float, float, float, float],
    along: tuple[float, float],
    ground_m: float,
    tolerance: float,
    phase: float,
) -> None:
    lattice = _lattice(out_crs, ground_m / describe_crs(out_crs).metres_per_unit, phase)
    lon, lat = box[0] + along[0] * (box[1] - box[0]), box[2] + along[1] * (box[3] - box[2])
    cell = _cell_at(lattice, lon, lat)
    assert cell is not None
    pipeline = operation(out_crs, raster_crs).pipeline
    nodes = cell_nodes(MapLocator(pipeline), lattice, cell, tolerance)
    assert nodes.error_px <= tolerance
    errors = _true_error_px(nodes, pipeline, lattice, cell)
    # Coordinates of far places carry their own rounding.
    assert errors.size == 0 or errors.max() <= nodes.error_px + 1e-4


def test_a_smooth_cell_of_web_tiles_is_coarse() -> None:
    lattice = _lattice(MERCATOR, 9.554628535647032)
    cell = _cell_at(lattice, 11.0, 47.0)
    assert cell is not None
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    nodes = cell_nodes(MapLocator(pipeline), lattice, cell, 0.125)
    assert nodes.step >= CELL // 2
    assert nodes.quads.all()


def test_nodes_beside_the_domain_are_holes_and_never_nonsense() -> None:
    # The hemisphere ends inside these cells: beyond it there is no position.
    pipeline = operation(MERCATOR, _HEMISPHERE).pipeline
    lattice = _lattice(MERCATOR, 2 * 20037508.342789244 / 256)
    nodes = cell_nodes(MapLocator(pipeline), lattice, (0, 0), 0.125)
    assert np.isfinite(nodes.x).all()
    assert np.isfinite(nodes.y).all()
    assert 0.2 < nodes.quads.mean() < 0.6
    assert nodes.step <= 8
    quad_cols = np.flatnonzero(nodes.quads.any(axis=0)) * nodes.step
    lon = (quad_cols + 0.5) / 256 * 360 - 180
    assert np.abs(lon).max() <= 90 + 8 * 360 / 256


def test_a_cell_wholly_beside_the_domain_has_no_usable_quad() -> None:
    lattice = _lattice(MERCATOR, 10.0)
    cell = _cell_at(lattice, -120.0, 10.0)
    assert cell is not None
    nodes = cell_nodes(MapLocator(operation(MERCATOR, _HEMISPHERE).pipeline), lattice, cell, 0.125)
    assert not nodes.quads.any()
    assert np.isfinite(nodes.x).all()


def test_small_windows_at_the_edge_of_a_projection_have_nodes_where_it_is_defined() -> None:
    locator = MapLocator(operation(MERCATOR, _HEMISPHERE).pipeline)
    pixel = 40_000.0
    lattice = Lattice(MERCATOR, pixel, pixel, 0.0, 0.0, *tile_origin(MERCATOR))
    cells = [
        cell_nodes(locator, lattice, (col, 1), 0.5, CellWindow(left, 64, left + 16, 80))
        for col in range(4)
        for left in range(0, CELL, 16)
    ]
    assert any(nodes.quads.any() and not nodes.quads.all() for nodes in cells)
    assert all(np.isfinite(nodes.x).all() for nodes in cells)


def test_the_same_map_place_has_the_same_nodes_in_every_request() -> None:
    lattice = _lattice(MERCATOR, 38.21851414258813)
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    first = cell_nodes(MapLocator(pipeline), lattice, (260, 180), 0.125)
    again = NodeCache().get(MapLocator(pipeline), lattice, (260, 180), 0.125)
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.y, again.y)


def test_a_small_raster_has_a_window_of_its_own_that_covers_it() -> None:
    lattice = _lattice(MERCATOR, 100.0)
    x0, y0 = lattice.origin_x + 100 * 256 * 100.0, lattice.origin_y - 50 * 256 * 100.0
    box = Extent(x0 + 7030.0, y0 - 9950.0, x0 + 8120.0, y0 - 9010.0)
    window = cell_window(lattice, 100, 50, box)
    assert window == CellWindow(64, 80, 96, 112)
    large = Extent(x0 - 1e5, y0 - 1e5, x0 + 1e5, y0)
    assert cell_window(lattice, 100, 50, large) == WHOLE_CELL


def test_a_window_holds_the_error_it_claims() -> None:
    lattice = _lattice(MERCATOR, 2000.0)
    cell = _cell_at(lattice, 9.0, 70.0)
    assert cell is not None
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    nodes = cell_nodes(MapLocator(pipeline), lattice, cell, 0.125, CellWindow(32, 48, 96, 80))
    errors = _true_error_px(nodes, pipeline, lattice, cell)
    assert errors.size > 0
    assert errors.max() <= nodes.error_px + 1e-4


def test_the_cache_is_bounded_by_nodes() -> None:
    cache = NodeCache(max_nodes=2000)
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    lattice = _lattice(MERCATOR, 9.554628535647032)
    for col in range(2300, 2340):
        cache.get(MapLocator(pipeline), lattice, (col, 1400), 0.125)
    assert cache._nodes <= 2000
    assert len(cache._grids) < 40


@pytest.mark.parametrize("tolerance", [0.02, 0.125, 2.0, 1000.0])
@pytest.mark.parametrize("rows_above", [0.35, 0.5, 0.6])
def test_an_inflection_in_the_middle_of_a_cell_is_seen(tolerance: float, rows_above: float) -> None:
    # The equator of Web Mercator, where a line bends neither way.
    pixel = 90.0 / (CELL * (1 + rows_above))
    lattice = Lattice(LONLAT, pixel, pixel, 0.0, 0.0, -180.0, 90.0)
    pipeline = operation(LONLAT, MERCATOR).pipeline
    nodes = cell_nodes(MapLocator(pipeline), lattice, (2, 1), tolerance)
    errors = _true_error_px(nodes, pipeline, lattice, (2, 1))
    assert 0 < errors.max() <= nodes.error_px


@pytest.mark.parametrize("seam", np.linspace(3.0, 250.0, 9))
def test_seams_of_a_lookup_grid_are_within_what_is_claimed(seam: float) -> None:
    dx = [[0.0, 0.5, 0.0]] * 2
    grid = DisplacementGrid(origin=(-1000.0, 0.0), step=(1000.0 + seam, 256.0), dx=dx, dy=dx)
    locator = PlaneLocator("grid", concatenate([grid.bind()]), -1)
    lattice = Lattice("", 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    nodes = cell_nodes(locator, lattice, (0, 0), 0.5, CellWindow(0, 0, 256, 128))
    cols = np.arange(256)
    quad, share = cols // nodes.step, cols % nodes.step / nodes.step
    found = nodes.x[0][quad] * (1 - share) + nodes.x[0][quad + 1] * share
    exact, _ = grid.bind().to_source(cols + 0.5, np.full(256, 0.5))
    assert np.abs(found - exact).max() <= nodes.error_px


class _EndsAtPixel:
    """Is defined at the pixel centres before one, and each of them is its own place."""

    refine_holes_to = 2

    def __init__(self, end: int) -> None:
        self.end = end

    def coarsest_step(self, lattice: Lattice) -> int:
        return 4

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> None:
        return None

    def survey(self, x: np.ndarray, y: np.ndarray, lattice: Lattice) -> Survey:
        inside = np.where(x < self.end, x, np.nan)
        # Rough enough that only nodes at every pixel are exact.
        return Survey(inside, y, np.isfinite(inside), inside, y, 10.0)

    def describe(self) -> str:
        return "ends"


@pytest.mark.parametrize("end", [255, 256, 40])
def test_what_ends_beside_usable_pixels_leaves_no_nonsense_in_the_nodes(end: int) -> None:
    lattice = Lattice("", 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    nodes = cell_nodes(_EndsAtPixel(end), lattice, (0, 0), 0.125)
    assert nodes.step == 1
    assert nodes.quads.sum() == 256 * end
    assert np.isfinite(nodes.x).all()
