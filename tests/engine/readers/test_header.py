"""What a file says of itself, and what is refused by its header alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.errors import SourceCorrupt, SourceError, UnknownProduct
from engine.pixel_type import PixelType
from engine.readers import header as header_module
from engine.readers.header import RasterHeader, read_header
from tests.synthetic import ramp, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path


def test_exact_sizes_of_all_levels_are_read(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(777, 1001), overviews=(2, 4), nodata=0)
    found = read_header(str(path))
    assert [(level.width, level.height) for level in found.levels] == [
        (1001, 777),
        (501, 389),
        (251, 195),
    ]
    assert found.crs == "EPSG:32633"
    assert found.geotransform == (500000.0, 10.0, 0.0, 5000000.0, 0.0, -10.0)
    assert found.bands[0].no_data == 0.0
    assert (found.size, found.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)


def test_masks_are_told_apart(tmp_path: Path) -> None:
    valid = slanted_valid(64, 64)
    masked = write_geotiff(tmp_path / "m.tif", ramp(64, 64), mask=valid)
    assert read_header(str(masked)).mask == "dataset"
    rgba = write_geotiff(tmp_path / "a.tif", ramp(64, 64, 4), photometric="rgb", alpha="yes")
    found = read_header(str(rgba))
    assert (found.mask, found.alpha_band) == ("alpha", 4)
    assert read_header(str(write_geotiff(tmp_path / "n.tif", ramp(64, 64)))).mask == "none"


def test_an_overview_without_the_mask_of_full_resolution_is_not_used(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "m.tif", ramp(600, 600), overviews=(2,))
    assert len(read_header(str(path)).levels) == 2
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(slanted_valid(600, 600))
    assert len(read_header(str(path)).levels) == 1


@pytest.mark.parametrize("value", [math.nan, -3.4028234663852886e38, -9999.0])
def test_no_data_survives_json(tmp_path: Path, value: float) -> None:
    path = write_geotiff(tmp_path / "f.tif", ramp(8, 8, dtype="float32"), nodata=value)
    found = read_header(str(path))
    again = msgspec.json.decode(msgspec.json.encode(found), type=RasterHeader)
    assert again == found
    no_data = again.bands[0].no_data
    assert no_data is not None
    assert no_data == value or (math.isnan(no_data) and math.isnan(value))


def test_a_palette_is_read(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "p.tif", ramp(8, 8))
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (1, 2, 3, 255), 7: (4, 5, 6, 255)})
    found = read_header(str(path))
    assert found.bands[0].color == "palette"
    assert (7, 4, 5, 6) in found.colormap


def test_complex_and_wide_integers_are_refused_with_a_message(tmp_path: Path) -> None:
    data = np.ones((1, 4, 4), "complex64")
    with pytest.raises(UnknownProduct, match="complex"):
        read_header(str(write_geotiff(tmp_path / "c.tif", data)))
    with pytest.raises(UnknownProduct, match="int64"):
        read_header(str(write_geotiff(tmp_path / "i.tif", np.ones((1, 4, 4), "int64"))))


def test_limits_on_sides_and_blocks_name_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write_geotiff(tmp_path / "a.tif", ramp(64, 200)))
    monkeypatch.setattr(header_module, "MAX_SIDE", 100)
    with pytest.raises(SourceCorrupt, match="200 × 64 pixels; at most 100"):
        read_header(path)
    monkeypatch.undo()
    monkeypatch.setattr(header_module, "MAX_BLOCK_BYTES", 100)
    with pytest.raises(SourceCorrupt, match="rewrite it tiled"):
        read_header(path)


def test_a_rotated_raster_is_placed_and_one_without_place_says_so(tmp_path: Path) -> None:
    turned = Affine(8.66, 5.0, 5e5, 5.0, -8.66, 5e6)
    found = read_header(str(write_geotiff(tmp_path / "r.tif", ramp(8, 8), turned)))
    assert found.geotransform is not None
    assert found.geotransform[2] != 0
    bare = write_geotiff(tmp_path / "b.tif", ramp(8, 8), Affine.identity(), crs=None)
    assert read_header(str(bare)).geotransform is None
    assert read_header(str(bare)).crs == ""


def test_few_bits_are_a_type_of_their_own(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "one.tif", ramp(8, 8) % 2, nbits=1)
    assert read_header(str(path)).bands[0].pixel_type is PixelType.U1


def _sentence(path: Path) -> str:
    """Return why a file is refused, "" where it is not."""
    try:
        read_header(str(path))
    except SourceError as err:
        return str(err.fields[1])
    return ""


# GDAL quotes bytes of a broken file that are no UTF-8, and rasterio's logger stumbles over them.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_hostile_file_is_read_or_refused_with_a_sentence(shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "08_hostile").rglob("*")) if path.is_file()]
    reasons = {path.name: _sentence(path) for path in files}
    refused = {name: why for name, why in reasons.items() if why}
    assert len(refused) > 15
    assert {name: why for name, why in refused.items() if len(why) < 15 or "/" in why} == {}
