"""Sentinel-2 products become items of reflectance with all their bands.

Covers raster_types.sentinel2, raster_types.items.sentinel2_item, raster_types.items.item_values,
raster_types.sensor_files.sentinel2_product, raster_types.sensor_files.sentinel2_tile and
raster_types.sensor_files.sentinel2_names.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.raster_record import ItemStatus
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ReflectanceRule
from engine.item import COMPANION
from engine.request_parts import RenderingRule
from raster_types.base import ItemOptions
from raster_types.sensor_files.sentinel2_names import image_name, is_product_metadata
from raster_types.sensor_files.sentinel2_product import read_sentinel2_product
from raster_types.sensor_files.sentinel2_tile import read_sentinel2_tile
from tests.raster_types.definitions import (
    add_products,
    built_service,
    new_definition,
    raw_pixels,
    rows_of,
    whole_view,
)
from tests.raster_types.sentinel2_products import Safe, bands_of, finest, numbers, write_safe

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService


BANDS_10M = ("B02", "B03", "B04", "B08")


def _whole(service: ImageService) -> PixelBlock:
    return raw_pixels(service, whole_view(service, 10.0))


def _wide(data: np.ndarray, factor: int) -> np.ndarray:
    return np.repeat(np.repeat(data, factor, 0), factor, 1)


@pytest.mark.parametrize("level", ["2A", "1C"])
@pytest.mark.parametrize("offset", [-1000, 0])
def test_all_bands_are_reflectance_on_the_grid_of_ten_metres(
    tmp_path: Path, level: str, offset: int
) -> None:
    safe = Safe(level=level, offset=offset)
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    report = add_products(folder, "sentinel2", tmp_path / "in")
    assert (report.added, report.failed) == (1, [])
    service = built_service(folder)
    bands = bands_of(safe)
    assert [band.name for band in service.summary.bands] == bands
    found = _whole(service)
    assert found.data.dtype == np.float32
    valid = np.broadcast_to(found.valid, found.data.shape)
    for index, band in enumerate(bands):
        dn = _wide(numbers(safe, band, finest(band)), finest(band) // 10)
        expected = (dn.astype(np.float64) + offset) / 10000
        assert np.array_equal(valid[index], dn != 0), band
        assert np.abs(found.data[index] - expected)[dn != 0].max() < 1e-7, band


def test_the_picture_is_natural_colour_and_ndvi_is_that_of_the_formula(tmp_path: Path) -> None:
    safe = Safe()
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in")
    service = built_service(folder)
    assert [service.summary.bands[n].name for n in service.summary.picture_bands] == [
        "B04",
        "B03",
        "B02",
    ]
    found = _whole(service)
    red_dn, nir_dn = (numbers(safe, band, 10).astype(float) for band in ("B04", "B08"))
    inside = red_dn > 0
    red_dn, nir_dn = red_dn[inside], nir_dn[inside]
    red, nir = (found.data[band][inside].astype(float) for band in (3, 7))
    expected = (nir_dn - red_dn) / (nir_dn + red_dn - 2000)
    # To what reflectance as 32-bit floats holds: half a unit in the last place of each.
    bound = 2 * np.finfo(np.float32).eps * (np.abs(nir) + np.abs(red)) / (nir + red)
    assert (np.abs((nir - red) / (nir + red) - expected) <= bound).all()


def test_numbers_stay_as_delivered_where_that_is_asked_for(tmp_path: Path) -> None:
    safe = Safe()
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(values="dn", resolution="10"))
    service = built_service(folder)
    found = _whole(service)
    assert found.data.dtype == np.uint16
    for index, band in enumerate(("B02", "B03", "B04", "B08")):
        dn = numbers(safe, band, 10)
        assert np.array_equal(found.data[index][dn != 0], dn[dn != 0])


def test_reflectance_is_made_of_numbers_as_delivered_while_they_are_served(tmp_path: Path) -> None:
    safe = Safe(level="1C", offset=-1000)
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(values="dn", assets=BANDS_10M))
    service = built_service(folder)
    rule = RenderingRule(function="Reflectance", arguments=ReflectanceRule(albedo=True))
    found = raw_pixels(service, whole_view(service, 10.0), rule=rule)
    for index, band in enumerate(BANDS_10M):
        dn = numbers(safe, band, 10).astype(float)
        apart = np.abs(found.data[index] - (dn - 1000) / 10_000)
        assert apart[dn != 0].max() < 1e-6


def test_fields_tell_of_sun_view_orbit_clouds_and_tile(tmp_path: Path) -> None:
    write_safe(tmp_path / "in")
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in")
    (row,) = rows_of(folder)
    expected = {
        "AcquisitionDate": "2023-08-23T10:01:58.100Z",
        "PlatformName": "Sentinel-2B",
        "SunElevation": pytest.approx(46.1),
        "SunAzimuth": 165.0,
        "SensorElevation": 86.0,
        "SensorAzimuth": pytest.approx(5.0),
        "CloudCover": 0.06859297,
        "TileID": "34UCF",
        "RelativeOrbit": 122,
        "OrbitDirection": "Ascending",
        "ProcessingBaseline": "05.09",
        "ProductName": "Level-2A",
        "GSD": 10.0,
    }
    assert {name: row.attributes[name] for name in expected} == expected


def test_classes_and_true_colour_come_only_when_asked_for_and_beside_the_bands(
    tmp_path: Path,
) -> None:
    write_safe(tmp_path / "in")
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(extras=("scl", "TCI")))
    found = {row.name.rpartition("_")[2]: row.category for row in rows_of(folder)}
    assert found == {"20230823T124759": 1, "SCL": COMPANION, "TCI": COMPANION}
    assert len(built_service(folder).summary.bands) == 12


@pytest.mark.parametrize(("resolution", "bands"), [("10", 4), ("20", 10), ("60", 12), ("all", 12)])
def test_bands_of_one_resolution_are_an_item(tmp_path: Path, resolution: str, bands: int) -> None:
    write_safe(tmp_path / "in")
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(resolution=resolution))
    (row,) = rows_of(folder)
    assert len(row.headers) == bands
    # Said otherwise later, it is the same item.
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(resolution="10"))
    (again,) = rows_of(folder)
    assert (again.id, len(again.headers)) == (row.id, 4)


def test_a_band_that_is_not_there_stays_empty_and_others_keep_their_places(
    tmp_path: Path,
) -> None:
    safe = Safe(level="1C", missing=("B01", "B03"))
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    report = add_products(folder, "sentinel2", tmp_path / "in")
    assert any("B01, B03 are not there" in note for _, note in report.notes)
    found = _whole(built_service(folder))
    valid = np.broadcast_to(found.valid, found.data.shape)
    assert not valid[0].any()
    assert not valid[2].any()
    dn = numbers(safe, "B04", 10)
    assert np.abs(found.data[3] - (dn - 1000.0) / 10000)[dn != 0].max() < 1e-7


def test_the_tiles_metadata_place_images_that_do_not_say_where_they_lie(tmp_path: Path) -> None:
    write_safe(tmp_path / "in", Safe(placed=False))
    folder = new_definition(tmp_path / "a.isdef")
    assert add_products(folder, "sentinel2", tmp_path / "in").failed == []
    service = built_service(folder)
    assert service.summary.crs == "EPSG:32634"
    assert service.summary.extent == Extent(300000, 5698800, 301200, 5700000)


def test_a_tile_over_the_antimeridian_is_placed_on_both_sides(tmp_path: Path) -> None:
    # Tile 01 of the far south begins west of 180 degrees.
    write_safe(tmp_path / "in", Safe(zone=1, corner=(99480.0, 5700000.0), size=600))
    folder = new_definition(tmp_path / "a.isdef")
    assert add_products(folder, "sentinel2", tmp_path / "in").failed == []
    with folder.table() as table:
        table.set_info("footprints", "auto")
    service = built_service(folder)
    assert service.summary.extent.xmin == 99480.0
    found = _whole(service)
    assert np.broadcast_to(found.valid, found.data.shape)[1].mean() > 0.9


def test_a_set_of_bands_without_metadata_keeps_its_numbers_and_says_so(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "in")
    loose = tmp_path / "loose"
    loose.mkdir()
    for image in safe.glob("GRANULE/*/IMG_DATA/R10m/*_B0*.tif"):
        shutil.copy(image, loose / image.name.replace("_10m", ""))
    folder = new_definition(tmp_path / "a.isdef")
    report = add_products(folder, "sentinel2", loose)
    assert report.added == 1
    assert any("stay as delivered" in note for _, note in report.notes)
    (row,) = rows_of(folder)
    assert row.raster.process is None
    assert [band.name for header in row.headers for band in header.bands] == [
        "B02",
        "B03",
        "B04",
        "B08",
    ]


def test_a_product_is_one_from_wherever_it_is_looked_at(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "in")
    folder = new_definition(tmp_path / "a.isdef")
    images = next(safe.glob("GRANULE/*/IMG_DATA/R10m"))
    assert add_products(folder, "sentinel2", images).added == 1
    report = add_products(folder, "sentinel2", tmp_path)
    assert (report.added, report.unchanged) == (0, 1)


def test_jpeg_2000_images_are_found_and_pixels_are_theirs(tmp_path: Path) -> None:
    safe = Safe(level="1C", ending=".jp2")
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(assets=("red", "B8A")))
    found = _whole(built_service(folder))
    for index, band in enumerate(("B04", "B8A")):
        dn = _wide(numbers(safe, band, finest(band)), finest(band) // 10)
        assert np.abs(found.data[index] - (dn - 1000.0) / 10000)[dn != 0].max() < 1e-7


@pytest.mark.parametrize("pyramids", [True, False])
def test_no_dark_fringe_lies_beside_no_data_at_small_scales(
    tmp_path: Path, *, pyramids: bool
) -> None:
    safe = Safe(level="1C", ending=".jp2", size=1260)
    write_safe(tmp_path / "in", safe)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in", ItemOptions(assets=("red", "B8A", "B01")))
    options = BuildOptions(overviews="none", pyramids=pyramids)
    assert build_definition(folder, options).pyramids == (2 if pyramids else 0)
    service = built_service(folder, options)
    for pixel_size in (20.0, 60.0):
        found = raw_pixels(service, whole_view(service, pixel_size))
        valid = np.broadcast_to(found.valid, found.data.shape)
        for index, band in enumerate(("B04", "B8A", "B01")):
            dn = numbers(safe, band, finest(band)).astype(float)
            assert 0.6 < valid[index].mean() <= (dn > 0).mean() + 0.01
            # Reflectance rises evenly: none is below the least of full resolution, nor above it.
            shown = found.data[index][valid[index]]
            reflectance = (dn[dn > 0] - 1000) / 10000
            spread = 0.002 if pyramids else 0.05
            assert shown.min() > reflectance.min() - spread, (band, pixel_size)
            assert shown.max() < reflectance.max() + spread, (band, pixel_size)


def test_a_product_without_its_images_fails_with_a_sentence(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "in")
    shutil.rmtree(next(safe.glob("GRANULE/*/IMG_DATA")))
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "sentinel2", tmp_path / "in")
    (row,) = rows_of(folder)
    assert row.status is ItemStatus.NOT_FOUND
    assert "none of its images is there" in row.message.lower()


def test_names_tell_band_tile_and_resolution() -> None:
    found = image_name("/a/T34UCF_20230823T095559_B8A_20m.jp2")
    assert found is not None
    assert (found.tile, found.band, found.resolution) == ("34UCF", "B8A", 20)
    old = image_name("S2A_OPER_MSI_L1C_TL_EPA__20161008T200750_A000734_T20MRB_B01.jp2")
    assert old is not None
    assert (old.tile, old.band, old.resolution) == ("20MRB", "B01", 60)
    assert image_name("MSK_DETFOO_B01.jp2") is None
    assert is_product_metadata("S2A_OPER_MTD_SAFL1C_PDMC_20161008T200750_R1_V1.xml")


def test_old_products_name_images_by_granule() -> None:
    text = """<Level-1C_User_Product><PROCESSING_LEVEL>Level-1C</PROCESSING_LEVEL>
    <Granules granuleIdentifier="S2A_OPER_MSI_L1C_TL_EPA__2016_A000734_T20MRB_N02.04">
    <IMAGE_ID>S2A_OPER_MSI_L1C_TL_EPA__2016_A000734_T20MRB_B01</IMAGE_ID></Granules>
    </Level-1C_User_Product>"""
    (granule,) = read_sentinel2_product(text).granules
    stem = "S2A_OPER_MSI_L1C_TL_EPA__2016_A000734_T20MRB"
    assert granule.images == (f"GRANULE/{stem}_N02.04/IMG_DATA/{stem}_B01",)
    assert granule.metadata.endswith("/S2A_OPER_MTD_L1C_TL_EPA__2016_A000734_T20MRB.xml")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd_B01", "a b"])
def test_names_that_lead_out_of_a_product_are_refused(path: str) -> None:
    text = f"""<Level-1C_User_Product><Granule granuleIdentifier="g">
    <IMAGE_FILE>{path}</IMAGE_FILE></Granule></Level-1C_User_Product>"""
    with pytest.raises(InvalidParameter):
        read_sentinel2_product(text)


def test_real_metadata_are_read(shared_data: Path) -> None:
    found = {}
    for main in sorted((shared_data / "02_sentinel2_stac").rglob("MTD_MSI*.xml")):
        product = read_sentinel2_product(main.read_text())
        (granule,) = product.granules
        tile = read_sentinel2_tile((main.parent / granule.metadata).read_text())
        offset = product.values["B04"].offset
        found[product.level, product.baseline] = (offset, tile.crs, len(granule.images))
        assert product.values["B04"].gain == 1e-4
        assert tile.geotransform(60, 1830, 1830) is not None
        assert tile.acquisition.date
    assert found == {
        ("Level-1C", "03.01"): (0.0, "EPSG:32646", 14),
        ("Level-2A", "02.12"): (0.0, "EPSG:32707", 35),
        ("Level-1C", "05.09"): (-0.1, "EPSG:32634", 14),
        ("Level-2A", "05.09"): (-0.1, "EPSG:32634", 36),
    }
