"""A single raster as a service.

Covers engine.build.raster_facts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from engine.build.compile_raster import compile_raster
from engine.catalog import Catalog
from engine.errors import ConfigError, SourceError
from engine.extent import Extent

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Affine(10, 0, 500_000, 0, -10, 5_000_000)


def _write(path: Path, data: np.ndarray, **profile: Any) -> Path:
    bands, height, width = data.shape
    chosen = {"crs": "EPSG:32633", "transform": PLACE, **profile}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype=data.dtype,
        **chosen,
    ) as file:
        file.write(data)
    return path


def _compiled(path: Path) -> Catalog:
    out = path.with_suffix(".zmd")
    compile_raster(path, out)
    return Catalog.open(out)


def test_a_plain_raster_is_a_service_of_one_item(tmp_path: Path) -> None:
    data = np.arange(3 * 40 * 50, dtype=np.uint16).reshape(3, 40, 50)
    catalog = _compiled(_write(tmp_path / "a.tif", data))
    summary = catalog.summary
    assert summary.source_type == "raster"
    assert (summary.crs, summary.pixel_type, len(summary.bands)) == ("EPSG:32633", "U16", 3)
    assert summary.extent == Extent(500_000, 4_999_600, 500_500, 5_000_000)
    assert (summary.pixel_size_x, summary.pixel_size_y) == (10, 10)
    item = catalog.item(1)
    assert (item.operation_service, item.scale_service) == ("noop", pytest.approx((0.1, 0.1)))
    assert item.max_ps == 0
    catalog.close()


def test_statistics_leave_out_no_data(tmp_path: Path) -> None:
    data = np.full((1, 40, 50), 7, np.int16)
    data[0, :20] = -9999
    data[0, 30:] = 9
    catalog = _compiled(_write(tmp_path / "a.tif", data, nodata=-9999))
    (statistics,) = catalog.summary.statistics
    assert (statistics.min, statistics.max, statistics.mean, statistics.count) == (7, 9, 8, 1000)
    assert sum(catalog.histograms[0].counts) == 1000
    assert catalog.summary.no_data == (-9999.0,)
    catalog.close()


def test_an_alpha_band_is_the_mask_and_no_band(tmp_path: Path) -> None:
    data = np.full((4, 40, 50), 100, np.uint8)
    data[3, :, :25] = 0
    data[:3, :, :25] = 250
    path = _write(tmp_path / "a.tif", data, photometric="RGB", alpha="YES")
    catalog = _compiled(path)
    summary = catalog.summary
    assert [band.name for band in summary.bands] == ["Red", "Green", "Blue"]
    assert [statistics.max for statistics in summary.statistics] == [100, 100, 100]
    assert summary.data_type == "rgb"
    assert catalog.item(1).alpha is not None
    catalog.close()


def test_natural_colour_is_found_by_wavelength(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", np.ones((4, 8, 8), np.uint16))
    with rasterio.open(path, "r+") as file:
        for band, micrometres in enumerate((0.49, 0.56, 0.665, 0.842), 1):
            file.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=str(micrometres))
    catalog = _compiled(path)
    assert catalog.summary.picture_bands == (2, 1, 0)
    catalog.close()


def test_a_palette_makes_classes(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8), photometric="palette")
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (1, 2, 3, 255), 1: (4, 5, 6, 255)})
        file.colorinterp = [ColorInterp.palette]
    catalog = _compiled(path)
    assert catalog.summary.data_type == "thematic"
    assert catalog.summary.colormap[:2] == ((0, 1, 2, 3), (1, 4, 5, 6))
    catalog.close()


def test_a_raster_without_a_single_valid_pixel_has_no_statistics(tmp_path: Path) -> None:
    catalog = _compiled(_write(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8), nodata=0))
    assert catalog.summary.statistics == ()
    assert catalog.histograms == ()
    catalog.close()


def test_nan_is_no_sample(tmp_path: Path) -> None:
    data = np.array([[[np.nan, 1.0], [np.inf, 3.0]]], np.float32)
    catalog = _compiled(_write(tmp_path / "a.tif", data))
    assert (catalog.summary.statistics[0].min, catalog.summary.statistics[0].max) == (1, 3)
    catalog.close()


def test_a_rotated_raster_has_the_box_of_its_corners(tmp_path: Path) -> None:
    place = Affine.translation(500_000, 5_000_000) @ Affine.rotation(30) @ Affine.scale(10, -10)
    catalog = _compiled(_write(tmp_path / "a.tif", np.ones((1, 40, 50), np.uint8), transform=place))
    assert catalog.summary.extent == catalog.item(1).extent
    assert catalog.summary.extent.width == pytest.approx(500 * 0.8660254 + 400 * 0.5)
    assert catalog.summary.pixel_size_x == pytest.approx(10)
    catalog.close()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("profile", "missing"),
    [({"crs": None}, "coordinate system"), ({"transform": Affine.identity()}, "geotransform")],
)
def test_a_raster_without_a_place_says_what_to_do(
    tmp_path: Path, profile: dict[str, object], missing: str
) -> None:
    path = _write(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint8), **profile)
    with pytest.raises(ConfigError, match=f"has no {missing}; add it to a definition with"):
        compile_raster(path, tmp_path / "a.zmd")
    assert not (tmp_path / "a.zmd").exists()


def test_garbage_is_an_error_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + b"\xff" * 100)
    with pytest.raises(SourceError):
        compile_raster(path, tmp_path / "a.zmd")
