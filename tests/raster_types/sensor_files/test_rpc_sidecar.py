"""RPC files of the kit: each read, compared with references and with what GDAL makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyproj
import pytest
import rasterio

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow, window_of_geotransform
from raster_types.sensor_files.rpc_sidecar import holds_rpc, read_rpc_sidecar, rpc_sidecar_names
from tests.engine.geotransforms.rpc_models import columns, record_of_raster, truth
from tests.raster_types.sensor_files import rpc_files
from tests.raster_types.sensor_files.rpc_files import RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geotransforms.rpc import RpcRecord

TEXT_FORMATS = [
    "rpc_IKONOS.txt",
    "rpc_PLANET_L1A.txt",
    "rpc_PLEIADES.xml",
    "rpc_WV2.xml",
    "20191015_073816_ssc1d3_0011_basic_l1a_panchromatic_dn_RPC.TXT",
]
# Side-car, and the raster that GDAL reads it for.
SAME_AS_GDAL = [
    ("gdal_vendor_md", "md_dg.RPB", "md_dg.tif"),
    ("gdal_vendor_md", "md_dg_2.XML", "md_dg_2.tif"),
    ("gdal_vendor_md", "md_eros.rpc", "md_eros.tif"),
    ("gdal_vendor_md", "md_ge_rgb_0010000_rpc.txt", "md_ge_rgb_0010000.tif"),
    ("gdal_vendor_md", "md_kompsat.rpc", "md_kompsat.tif"),
    ("gdal_vendor_md", "md_ov_rpc.txt", "md_ov.tif"),
    ("gdal_vendor_md/alos", "RPC-md_alos.txt", "IMG-md_alos.tif"),
    ("rioxarray_rpc", "test_rpcs_ext_file.rpb", "test_rpcs_ext_file.tif"),
]
VENTOUX = [
    ("left_image.tif", "left_image.geom"),
    ("left_image.tif", "RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML"),
    ("left_image.tif", "reference/left_image_crop_RPC.TXT"),
    ("right_image.tif", "right_image.geom"),
    ("right_image.tif", "reference/right_image_crop_RPC.TXT"),
]
NO_RPC = [
    ("gdal_dimap2/bundle", "RPC_foo.XML", "LAT_OFF"),
    ("gdal_dimap2/single_component", "RPC_foo.XML", "LAT_OFF"),
    ("gdal_dimap2/primary_rpc_center_h", "RPC_PNEO3_STD_x_1_1_F_1.XML", "LAT_OFF"),
    ("gdal_dimap2/bundle", "DIM_foo.XML", "Inverse_Model"),
    ("gdal_dimap2/vhr2020_ms_fs/MS-FS", "DIM_MS-FS.XML", "Rational_Function_Model"),
    ("rpc_text_formats", "rpc_unsupported.xml", "Rational_Function_Model"),
    ("gdal_vendor_md", "md_re_metadata.xml", "well-formed"),
    ("gdal_vendor_md", "md_kompsat.txt", "LINE_OFF"),
    ("gdal_vendor_md", "md_eros.pass", "ending in"),
]


@pytest.fixture
def satellite(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite"


def read(path: Path, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    return read_rpc_sidecar(path.name, path.read_text(encoding="utf-8", errors="replace"), window)


def crop_of(path: Path) -> ImageWindow:
    with rasterio.open(path) as dataset:
        return window_of_geotransform(dataset.transform.to_gdal())


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_text_formats_project_as_the_reference_does(satellite: Path, name: str) -> None:
    folder = satellite / "rpc_text_formats"
    points = next(each for each in truth(folder)["models"] if each["file"] == name)
    lon, lat, height, col, row = columns(points["ground_to_image"], "lon", "lat", "h", "col", "row")
    model = read(folder / name).bind()
    got = model.ground_to_image(lon, lat, height)
    assert np.abs(np.subtract(got, (col, row))).max() < 1e-3
    back = model.image_to_ground(*got, height)
    assert np.abs(np.subtract(back, (lon, lat))).max() < 1e-10


@pytest.mark.parametrize(("folder", "name", "raster"), SAME_AS_GDAL)
def test_sidecars_give_what_gdal_reads_from_them(
    satellite: Path, folder: str, name: str, raster: str
) -> None:
    found = read(satellite / folder / name)
    assert found == record_of_raster(satellite / folder / raster)
    assert name.lower() in rpc_sidecar_names(raster)


@pytest.mark.parametrize(("image", "name"), VENTOUX)
@pytest.mark.parametrize("way", ["inverse", "direct_constant_height"])
def test_crops_of_a_pleiades_scene_meet_the_reference(
    satellite: Path, image: str, name: str, way: str
) -> None:
    folder = satellite / "phr_ventoux"
    window = WHOLE_IMAGE if "crop" in name else crop_of(folder / image)
    model = read(folder / name, window).bind()
    computed = truth(folder / "reference")["computed"]
    points = next(each for each in computed if each["image"] == image)[way]
    lon, lat, height, col, row = columns(points, "lon", "lat", "h", "col", "row")
    assert np.abs(np.subtract(model.ground_to_image(lon, lat, height), (col, row))).max() < 1e-3
    assert np.abs(np.subtract(model.image_to_ground(col, row, height), (lon, lat))).max() < 1e-8


def test_published_positions_of_cnes_are_met(satellite: Path) -> None:
    folder = satellite / "phr_ventoux"
    cases = {case["name"]: case for case in truth(folder / "reference")["published"]["cases"]}
    xml = "RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML"
    first = cases["direct_on_dem_first_pixel"]
    model = read(folder / xml, crop_of(folder / "left_image.tif")).bind()
    lon, lat = model.image_to_ground(np.array([0.5]), np.array([0.5]), np.array([first["h"]]))
    # The reference walks a straight chord of the line of sight through its DEM: its point lies 3 mm
    # (0.007 pixel) beside the exact line, as its own inverse model tells.
    assert lon[0] == pytest.approx(first["lon"], abs=5e-8)
    assert lat[0] == pytest.approx(first["lat"], abs=5e-8)
    flat = cases["direct_constant_height_utm31"]
    full = read(folder / "left_image.geom").bind()
    place = np.array([flat["full_scene_col_tl"]]), np.array([flat["full_scene_row_tl"]])
    lon, lat = full.image_to_ground(*place, np.array([flat["h"]]))
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", flat["crs"], always_xy=True)
    assert to_utm.transform(lon[0], lat[0]) == pytest.approx(
        (flat["x"], flat["y"]), abs=flat["tol_m"]
    )


def test_a_reduced_crop_shows_the_ground_of_the_crop(satellite: Path) -> None:
    folder = satellite / "phr_ventoux"
    name = "left_image.geom"
    whole = read(folder / name, crop_of(folder / "left_image.tif")).bind()
    half = read(folder / name, crop_of(folder / "left_image_pixsize_2.tif")).bind()
    place, height = np.array([0.0, 200.0, 499.0]), np.full(3, 600.0)
    want = whole.image_to_ground(place, place[::-1], height)
    got = half.image_to_ground(place / 2, place[::-1] / 2, height)
    assert np.abs(np.subtract(got, want)).max() < 1e-12


def test_a_biased_geom_file_differs_by_its_bias(satellite: Path) -> None:
    folder = satellite / "phr_ventoux"
    plain, biased = read(folder / "right_image.geom"), read(folder / "right_image_bias.geom")
    assert biased == msgspec.structs.replace(plain, row_offset_px=plain.row_offset_px + 60)


@pytest.mark.parametrize(("folder", "name", "says"), NO_RPC)
def test_files_without_a_usable_rpc_say_so(
    satellite: Path, folder: str, name: str, says: str
) -> None:
    with pytest.raises(InvalidParameter, match=says):
        read(satellite / folder / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a_RPC.TXT", rpc_files.rpc_text()),
        ("a.rpc", rpc_files.rpc_text()),
        ("A.RPB", rpc_files.rpb()),
        ("a.XML", rpc_files.digitalglobe_xml()),
        ("a.geom", rpc_files.geom()),
    ],
)
def test_the_reader_is_found_by_name_and_content(name: str, text: str) -> None:
    assert read_rpc_sidecar(name, text) == RECORD
    assert read_rpc_sidecar(name, "\ufeff" + text.replace("\n", "\r\n")) == RECORD


def test_names_of_sidecars_follow_the_raster() -> None:
    names = rpc_sidecar_names("/data/IMG_PHR1A_R1C1.TIF")
    assert "img_phr1a_r1c1_rpc.txt" in names
    assert "rpc_phr1a_r1c1.xml" in names
    assert "rpc-01.txt" in rpc_sidecar_names("IMG-01.tif")


def test_files_of_the_same_names_that_hold_something_else_are_told_apart(satellite: Path) -> None:
    vendors = satellite / "gdal_vendor_md"
    for folder, name, _ in SAME_AS_GDAL:
        assert holds_rpc((satellite / folder / name).read_text(errors="replace"))
    # Placeholders are an RPC gone wrong, not another file.
    assert holds_rpc((satellite / "gdal_dimap2" / "bundle" / "RPC_foo.XML").read_text())
    assert holds_rpc((vendors / "md_ov.pvl").read_text())
    assert holds_rpc((satellite / "phr_ventoux" / "left_image.geom").read_text())
    for name in ("md_re_metadata.xml", "md_rdk1.xml", "md_eros.pass", "md_dg.IMD"):
        assert not holds_rpc((vendors / name).read_text(errors="replace"))
