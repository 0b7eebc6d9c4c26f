"""One test for each row of engine/geotransforms/CONVENTIONS.md on RPC."""

from __future__ import annotations

import math
import re
import shutil
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio

from engine.geotransforms.rpc import RpcRecord, rpc00b_order
from engine.geotransforms.rpc_refine import after_affine
from raster_types.sensor_files.image_window import (
    ImageWindow,
    window_of_geotransform,
    window_of_rpc,
    window_of_tile,
)
from raster_types.sensor_files.maxar_product import read_til
from raster_types.sensor_files.rpc_digitalglobe import read_digitalglobe_xml
from raster_types.sensor_files.rpc_dimap import read_dimap_rpc
from raster_types.sensor_files.rpc_fixed_width import read_alos_rpc, read_nitf_rpc
from raster_types.sensor_files.rpc_geom import read_geom
from raster_types.sensor_files.rpc_odl import read_pvl, read_rpb
from raster_types.sensor_files.rpc_tags import read_nitf_tags, read_rpc_tags
from raster_types.sensor_files.rpc_text import read_rpc_text
from tests.engine.geotransforms.rpc_models import by_formula, ground_within, made_record
from tests.raster_types.sensor_files import rpc_files
from tests.raster_types.sensor_files.rpc_files import RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GROUND = ground_within(RECORD, 40)
LEAST_FIELDS = "error_bias_m", "error_random_m"


def positions(record: RpcRecord) -> NDArray[np.float64]:
    """(2, n): columns and rows of GROUND."""
    return np.stack(record.bind().ground_to_image(*GROUND))


def test_every_row_of_the_table_has_its_test(repo_root: Path) -> None:
    table = (repo_root / "engine" / "geotransforms" / "CONVENTIONS.md").read_text()
    rows = {int(number) for number in re.findall(r"^\| RPC-(\d+) \|", table, re.MULTILINE)}
    tested = {int(n) for name in globals() for n in re.findall(r"^test_rpc_(\d+)_", name)}
    assert rows == tested


def test_rpc_1_tags_and_texts_count_centres_from_0() -> None:
    assert read_rpc_tags(rpc_files.tags()) == RECORD
    assert read_rpc_text(rpc_files.rpc_text()) == RECORD
    # A line offset of 11999.5 centres from 0 is the corner position 12000.
    assert rpc_files.scalars()["LINE_OFF"] + 0.5 == RECORD.row_offset_px


def test_rpc_2_rpb_digitalglobe_and_orbview_count_centres_from_0(shared_data: Path) -> None:
    assert read_rpb(rpc_files.rpb()) == RECORD
    assert read_digitalglobe_xml(rpc_files.digitalglobe_xml()) == RECORD
    folder = shared_data / "04_rpc_satellite" / "gdal_vendor_md"
    pvl = read_pvl((folder / "md_ov.pvl").read_text())
    text = read_rpc_text((folder / "md_ov_rpc.txt").read_text())
    plain = dict.fromkeys(LEAST_FIELDS)
    assert msgspec.structs.replace(pvl, **plain) == msgspec.structs.replace(text, **plain)
    # In a product cut into tiles the file is of the whole: a tile's place comes from the .TIL.
    tile = read_rpb(rpc_files.rpb(), ImageWindow(first_col=8192, first_row=4096))
    assert positions(tile) == pytest.approx(positions(RECORD) - [[8192], [4096]], abs=1e-8)


def test_rpc_3_dimap_of_spot_and_pleiades_counts_centres_from_1() -> None:
    found = read_dimap_rpc(rpc_files.dimap(first=1))
    assert found == msgspec.structs.replace(RECORD, error_bias_m=None, error_random_m=None)


def test_rpc_4_dimap_of_pleiades_neo_counts_centres_from_0() -> None:
    found = read_dimap_rpc(rpc_files.dimap(first=0, profile="PNEO_SENSOR"))
    assert found == msgspec.structs.replace(RECORD, error_bias_m=None, error_random_m=None)


def test_rpc_5_dimaps_inverse_model_is_taken_and_agrees_with_the_direct_one(
    shared_data: Path,
) -> None:
    assert read_dimap_rpc(rpc_files.dimap()).row_numerator == RECORD.row_numerator
    folder = shared_data / "04_rpc_satellite" / "phr_ventoux"
    text = (folder / "RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML").read_text()
    found = read_dimap_rpc(text)
    # The direct model, read as an inverse one: its "row" is the latitude, its variables col, row, height.
    swapped = text.replace("Direct_Model>", "X>").replace("Inverse_Model>", "Direct_Model>")
    direct = read_dimap_rpc(swapped.replace("X>", "Inverse_Model>"))
    random = np.random.default_rng(2)
    cols, rows = random.uniform(0, 39_000, 100), random.uniform(0, 41_000, 100)
    heights = random.uniform(300, 1800, 100)
    as_ground = msgspec.structs.replace(
        direct,
        row_offset_px=found.latitude_offset_deg,
        col_offset_px=found.longitude_offset_deg,
        row_scale_px=found.latitude_scale_deg,
        col_scale_px=found.longitude_scale_deg,
        longitude_offset_deg=found.col_offset_px,
        latitude_offset_deg=found.row_offset_px,
        longitude_scale_deg=found.col_scale_px,
        latitude_scale_deg=found.row_scale_px,
    )
    want = by_formula(as_ground, cols, rows, heights)
    got = found.bind().image_to_ground(cols, rows, heights)
    # Both are fits to one physical model: they differ by a hundredth of a pixel, 5 mm.
    assert np.abs(np.subtract(got, want)).max() < 5e-8


def test_rpc_6_geom_counts_centres_from_0_and_keeps_its_adjustment() -> None:
    assert read_geom(rpc_files.geom()) == RECORD
    adjusted = read_geom(
        rpc_files.geom(
            intrack_offset=-3.0,
            crtrack_offset=2.0,
            intrack_scale=4.0,
            crtrack_scale=-5.0,
            map_rotation=0.01,
        )
    )
    cols, rows = positions(RECORD)
    u = (rows - RECORD.row_offset_px) / RECORD.row_scale_px
    v = (cols - RECORD.col_offset_px) / RECORD.col_scale_px
    cos, sin = math.cos(math.radians(0.01)), math.sin(math.radians(0.01))
    want = (
        (v * cos - u * sin) * (RECORD.col_scale_px - 5) + RECORD.col_offset_px + 2,
        (u * cos + v * sin) * (RECORD.row_scale_px + 4) + RECORD.row_offset_px - 3,
    )
    assert np.abs(positions(adjusted) - want).max() < 1e-8


def test_rpc_7_rpc00a_is_reordered_once(tmp_path: Path) -> None:
    def in_a(values: tuple[float, ...]) -> tuple[float, ...]:
        places = rpc00b_order(range(20))
        ordered = [0.0] * 20
        for b, a in enumerate(places):
            ordered[int(a)] = values[b]
        return tuple(ordered)

    lists = {name: in_a(getattr(RECORD, name)) for name in rpc_files.LISTS.values()}
    other = msgspec.structs.replace(RECORD, **lists)
    assert other != RECORD
    assert read_rpb(rpc_files.rpb(other, order="RPC00A")) == RECORD
    assert read_geom(rpc_files.geom(other, order="A")) == RECORD
    # Through a real NITF file, where GDAL's own domain has terms 8 to 11 of RPC00A misplaced.
    for name, source in (("RPC00A", other), ("RPC00B", RECORD)):
        raw = rpc_files.nitf({key: getattr(source, own) for key, own in rpc_files.LISTS.items()})
        path = tmp_path / f"{name}.ntf"
        profile = {"width": 8, "height": 8, "count": 1, "dtype": "uint8"}
        with rasterio.open(path, "w", driver="NITF", TRE=f"{name}={raw}", **profile):
            pass
        with rasterio.open(path) as dataset:
            tags, extensions = dataset.tags(ns="RPC"), dataset.tags(ns="TRE")
        found = read_nitf_tags(extensions, tags)
        assert found == read_nitf_rpc(name, raw)
        gdal = read_rpc_tags(tags)
        for own in rpc_files.LISTS.values():
            assert getattr(found, own) == pytest.approx(getattr(RECORD, own), rel=1e-6)
            differ = np.flatnonzero(np.not_equal(getattr(found, own), getattr(gdal, own)))
            assert differ.tolist() == ([7, 8, 9, 10] if name == "RPC00A" else [])


def test_rpc_8_fixed_width_files_count_centres_from_0(shared_data: Path) -> None:
    raw = rpc_files.nitf({key: getattr(RECORD, name) for key, name in rpc_files.LISTS.items()})
    found = read_nitf_rpc("RPC00B", raw)
    assert (found.row_offset_px, found.col_offset_px) == (12_000.5, 10_000.5)
    assert found.row_numerator == pytest.approx(RECORD.row_numerator, rel=1e-6)
    assert (found.error_bias_m, found.error_random_m) == (1.5, 0.5)
    folder = shared_data / "04_rpc_satellite" / "gdal_vendor_md" / "alos"
    alos = read_alos_rpc((folder / "RPC-md_alos.txt").read_text())
    with rasterio.open(folder / "IMG-md_alos.tif") as dataset:
        assert alos == read_rpc_tags(dataset.tags(ns="RPC"))
    assert alos.row_offset_px == 4000.5


def test_rpc_9_the_geotransform_of_a_crop_is_its_offset_in_the_full_scene() -> None:
    window = window_of_geotransform((5000.0, 1.0, 0.0, 4915.0, 0.0, 1.0))
    crop = window_of_rpc(RECORD, window)
    assert positions(crop) == pytest.approx(positions(RECORD) - [[5000], [4915]], abs=1e-8)
    # Esri's image space: y negative downwards.
    assert window_of_geotransform((5000.0, 1.0, 0.0, -4915.0, 0.0, -1.0)) == window


def test_rpc_10_tiles_of_dimap_are_placed_by_their_number_as_gdal_does(
    shared_data: Path, tmp_path: Path
) -> None:
    product = tmp_path / "product"
    shutil.copytree(
        shared_data / "04_rpc_satellite" / "gdal_dimap2" / "single_component",
        product,
        copy_function=shutil.copyfile,
    )
    text = rpc_files.dimap()
    (product / "RPC_foo.XML").write_text(text)
    for tile in ((1, 1), (2, 1)):
        found = read_dimap_rpc(text, window_of_tile(tile, (20, 20)))
        name = f"IMG_foo_R{tile[0]}C{tile[1]}.TIF"
        with rasterio.open(product / name) as dataset:
            gdal = read_rpc_tags(dataset.tags(ns="RPC"))
        assert found == gdal
    third = window_of_tile((2, 3), (20, 30))
    assert (third.first_row, third.first_col) == (20.0, 60.0)


def test_rpc_11_a_reduced_copy_keeps_its_corner() -> None:
    reduced = window_of_rpc(RECORD, window_of_geotransform((500.0, 2.0, 0.0, 100.0, 0.0, 4.0)))
    want = (positions(RECORD) - [[500.0], [100.0]]) / [[2.0], [4.0]]
    assert positions(reduced) == pytest.approx(want, abs=1e-8)
    assert reduced.col_offset_px == (RECORD.col_offset_px - 500) / 2


def test_rpc_12_longitudes_are_taken_in_any_turn_and_returned_in_one_piece() -> None:
    record = made_record(longitude_offset_deg=179.99)
    lon, lat, height = ground_within(record, 20)
    model = record.bind()
    image = model.ground_to_image((lon + 180) % 360 - 180, lat, height)
    assert lon.max() > 180
    back, _ = model.image_to_ground(*image, height)
    assert back == pytest.approx(lon, abs=1e-9)


def test_rpc_13_heights_are_above_the_ellipsoid() -> None:
    assert read_rpc_tags(rpc_files.tags()).bind().vertical_datum == "ellipsoid"


def test_rpc_14_an_error_of_minus_1_is_unknown() -> None:
    record = read_rpc_tags(rpc_files.tags() | {"ERR_BIAS": "-1", "ERR_RAND": "-1"})
    assert (record.error_bias_m, record.error_random_m) == (None, None)


def test_rpc_15_the_correction_follows_the_model_and_the_shift_comes_last() -> None:
    affine = (-3.0, 1 + 2e-4, -1e-4, 2.5, 3e-5, 1 - 1e-4)
    corrected = msgspec.structs.replace(RECORD, correction=affine, shift_px=(7.0, -9.0))
    cols, rows = positions(RECORD)
    want = (
        affine[0] + affine[1] * cols + affine[2] * rows + 7,
        affine[3] + affine[4] * cols + affine[5] * rows - 9,
    )
    assert np.abs(positions(corrected) - want).max() < 1e-8
    # A crop of a corrected image shows the same ground in the same pixels.
    window = window_of_geotransform((500.0, 2.0, 0.0, 100.0, 0.0, 4.0))
    crop = window_of_rpc(after_affine(RECORD, affine), window)
    moved = (positions(after_affine(RECORD, affine)) - [[500.0], [100.0]]) / [[2.0], [4.0]]
    assert np.abs(positions(crop) - moved).max() < 1e-8


def test_rpc_16_scales_may_be_negative(shared_data: Path) -> None:
    folder = shared_data / "04_rpc_satellite" / "rpc_text_formats"
    record = read_rpc_text((folder / "rpc_PLANET_L1A.txt").read_text())
    assert record.latitude_scale_deg == -0.0234


def test_rpc_17_beyond_the_bounds_there_is_no_position() -> None:
    lon = RECORD.longitude_offset_deg + RECORD.longitude_scale_deg * np.array([1.9, 2.1])
    lat, height = np.full(2, RECORD.latitude_offset_deg), np.full(2, RECORD.height_offset_m)
    cols, rows = RECORD.bind().ground_to_image(lon, lat, height)
    assert np.isfinite([cols[0], rows[0]]).all()
    assert np.isnan([cols[1], rows[1]]).all()


def test_rpc_18_offsets_of_maxar_tiles_count_from_0() -> None:
    (tile,) = read_til(
        'BEGIN_GROUP = TILE_1\n filename = "a.TIF";\n ULColOffset = 100;\n ULRowOffset = 40;\nEND_GROUP'
    )
    record = window_of_rpc(RECORD, tile.window)
    cols, rows = positions(RECORD)
    assert np.allclose(positions(record), [cols - 100, rows - 40], atol=1e-9)
