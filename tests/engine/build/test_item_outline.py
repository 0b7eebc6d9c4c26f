"""Outlines of items: exact against brute force on real files, by every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.build import item_outline
from engine.build.band_mapping import map_bands
from engine.build.collar import find_collar
from engine.build.footprint_rule import FootprintRule
from engine.build.item_outline import OutlineJob, outline_of_item
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.readers.header import read_header
from tests.synthetic import place, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.build.item_outline import Outline

_KIT = [
    "03_aerial_mosaics/ngi_ortho/ngi_rgb_byte_1.tif",
    "03_aerial_mosaics/ngi_ortho/ngi_rgb_byte_4.tif",
    "03_aerial_mosaics/ngi_ortho/landsat8_byte.tif",
    "03_aerial_mosaics/ngi_ortho/modis_nbar.tif",
    "03_aerial_mosaics/ngi_ortho/sentinel2_b432_byte.tif",
    "01_landsat/rasterio/RGB.byte.tif",
    "01_landsat/rasterio/RGBA.byte.tif",
    "01_landsat/rasterio/RGBA.uint16.tif",
]


def _outline(path: Path, rule: FootprintRule, coverage: str = "") -> Outline:
    header = read_header(str(path))
    source = SourceDefinition(path=str(path))
    raster = RasterDefinition(raster_type="raster-dataset", sources=(source,), coverage=coverage)
    count = len(header.bands) - bool(header.alpha_band)
    mapping = map_bands(raster, (header,), count)
    return outline_of_item(OutlineJob(raster, (header,), mapping, rule))


def _area(rings: list[NDArray[np.float64]]) -> shapely.Geometry:
    return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])


def _assert_outline_of(rings: list[NDArray[np.float64]] | None, valid: NDArray[np.bool_]) -> None:
    """Assert that no valid pixel is lost by more than one, and little of the collar is kept."""
    inside = ~find_collar(valid)
    if rings is None:
        assert inside.all()
        return
    area = _area(rings)
    near = area.buffer(1.0)
    shapely.prepare(near)
    rows, cols = np.nonzero(valid)
    assert shapely.contains_xy(near, cols + 0.5, rows + 0.5).all()
    rows, cols = np.nonzero(~inside)
    if rows.size:
        far = area.buffer(-1.5)
        shapely.prepare(far)
        assert not shapely.contains_xy(far, cols + 0.5, rows + 0.5).any()


@pytest.mark.parametrize("name", _KIT)
def test_real_files_lose_no_valid_pixel_by_more_than_one(shared_data: Path, name: str) -> None:
    path = shared_data / name
    with rasterio.open(path) as dataset:
        data = dataset.read()
        masked = any("alpha" in c.name for c in dataset.colorinterp) or dataset.nodata is not None
        valid = dataset.dataset_mask() != 0 if masked else (data != 0).any(axis=0)
    found = _outline(path, FootprintRule(method="radiometry"))
    _assert_outline_of(found.rings, valid)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**31), st.floats(0, 0.3), st.integers(60, 200), st.integers(60, 200))
def test_any_file_loses_no_valid_pixel_by_more_than_one(
    tmp_path: Path, seed: int, noise: float, rows: int, cols: int
) -> None:
    rng = np.random.default_rng(seed)
    valid = slanted_valid(rows, cols, rng.uniform(0, 0.2)) ^ (rng.random((rows, cols)) < noise / 30)
    data = np.where(valid, 9, 0).astype("uint8")[np.newaxis]
    tiles: dict[str, Any] = {"tiled": True, "blockxsize": 32, "blockysize": 48}
    path = write_geotiff(tmp_path / "a.tif", data, place(), nodata=0, **(tiles if seed % 2 else {}))
    found = _outline(path, FootprintRule())
    if valid.any():
        _assert_outline_of(found.rings, valid)
    else:
        assert found.rings == []


def test_of_huge_rasters_cells_are_looked_at_and_no_valid_pixel_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_outline, "_MOST_CELLS", 4000)
    valid = slanted_valid(403, 397)
    valid[5, 5] = True
    data = np.where(valid, 9, 0).astype("uint8")[np.newaxis]
    path = write_geotiff(tmp_path / "a.tif", data, place(), nodata=0)
    rings = _outline(path, FootprintRule()).rings
    assert rings is not None
    rows, cols = np.nonzero(valid)
    assert shapely.contains_xy(_area(rings).buffer(1e-6), cols + 0.5, rows + 0.5).all()


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    """No data 0 in columns up to 20, masked in rows up to 30, 200 in the last ten columns."""
    data = np.full((1, 100, 100), 90, "uint8")
    data[0, :, :20], data[0, :, 90:] = 0, 200
    mask = np.ones((100, 100), np.bool_)
    mask[:30] = False
    return write_geotiff(tmp_path / "m.tif", data, place(), mask=mask)


@pytest.mark.parametrize(
    ("rule", "bounds"),
    [
        (FootprintRule(), (0, 30, 100, 100)),
        (FootprintRule(method="extent"), None),
        (FootprintRule(valid_by="alpha"), (0, 30, 100, 100)),
        (FootprintRule(method="radiometry", valid_by="values"), (20, 0, 100, 100)),
        (FootprintRule(valid_range=(1, 100)), (20, 30, 90, 100)),
        (FootprintRule(valid_range=(1, 100), valid_by="values"), (20, 0, 90, 100)),
        (FootprintRule(method="extent", shrink_px=10), (10, 10, 90, 90)),
    ],
)
def test_each_rule_lets_its_own_say_what_is_valid(
    masked: Path, rule: FootprintRule, bounds: tuple[int, ...] | None
) -> None:
    rings = _outline(masked, rule).rings
    assert (rings if rings is None else _area(rings).bounds) == bounds


def test_the_area_a_product_states_is_its_footprint_by_geometry(tmp_path: Path) -> None:
    path = write_geotiff(
        tmp_path / "a.tif",
        np.zeros((1, 100, 100), "uint8"),
        rasterio.Affine(0.01, 0, 10, 0, -0.01, 50),
        crs="EPSG:4326",
    )
    rule = FootprintRule(method="geometry")
    stated = _outline(path, rule, "POLYGON ((10.2 49.9, 10.8 49.9, 10.8 49.2, 10.2 49.9))")
    assert stated.rings is not None
    assert _area(stated.rings).bounds == pytest.approx((20, 10, 80, 80), abs=1e-6)
    assert _outline(path, rule).rings is None
    beside = _outline(path, rule, "POLYGON ((20 49, 21 49, 21 48, 20 49))")
    assert beside.rings is None
    assert "beside it" in beside.notes[0]
    wrong = _outline(path, rule, "POLYGON (((")
    assert "cannot be used" in wrong.notes[0]
