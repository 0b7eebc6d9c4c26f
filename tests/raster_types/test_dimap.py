"""DIMAP products: tiles lie where the whole image has them, and what cannot be read says why.

Covers raster_types.dimap, raster_types.items.product_tiles and raster_types.sensor_files.dimap_product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from engine.build.raster_record import ItemStatus
from engine.errors import InvalidParameter, UnknownProduct
from engine.extent import Extent
from engine.geometry.terrain_definition import RasterTerrain
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from raster_types.dimap import DimapType
from raster_types.items.product_tiles import groups_by_stem
from raster_types.sensor_files.dimap_product import read_dimap_product
from raster_types.sensor_files.rpc_text import read_rpc_text
from tests.raster_types.products import (
    GROUND,
    HEIGHT,
    RECORD,
    UTM,
    WIDTH,
    add,
    picture,
    places,
    service_of,
    write_window,
)
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from pathlib import Path

TILE = 160
GEOMETRY = (
    "<Geoposition><Raster_CRS><RASTER_GEOMETRY>{}</RASTER_GEOMETRY></Raster_CRS>{}</Geoposition>"
)
RPC = (
    "<Geoposition_Models><Rational_Function_Model><Component><COMPONENT_PATH href='RPC_P1.XML'/>"
    "</Component></Rational_Function_Model></Geoposition_Models>"
)
SOURCE = (
    "<Dataset_Sources><Source_Identification><Strip_Source><MISSION>PHR</MISSION>"
    "<MISSION_INDEX>1A</MISSION_INDEX><INSTRUMENT>PHR</INSTRUMENT><IMAGING_DATE>2016-06-17</IMAGING_DATE>"
    "<IMAGING_TIME>12:34:56.5Z</IMAGING_TIME></Strip_Source></Source_Identification></Dataset_Sources>"
    "<Geometric_Data><Use_Area>"
    "<Located_Geometric_Values><LOCATION_TYPE>Top Center</LOCATION_TYPE>"
    "<Solar_Incidences><SUN_ELEVATION>1</SUN_ELEVATION></Solar_Incidences></Located_Geometric_Values>"
    "<Located_Geometric_Values><LOCATION_TYPE>Center</LOCATION_TYPE><Acquisition_Angles>"
    "<VIEWING_ANGLE>12.5</VIEWING_ANGLE><INCIDENCE_ANGLE>14</INCIDENCE_ANGLE></Acquisition_Angles>"
    "<Solar_Incidences><SUN_AZIMUTH>150.5</SUN_AZIMUTH><SUN_ELEVATION>60.25</SUN_ELEVATION>"
    "</Solar_Incidences></Located_Geometric_Values></Use_Area></Geometric_Data>"
    "<Dataset_Content><CLOUD_COVERAGE unit='percent'>25</CLOUD_COVERAGE></Dataset_Content>"
)


def _document(files: str, tiles: str = "", geometry: str = "SENSOR", more: str = SOURCE) -> str:
    return (
        "<Dimap_Document><Metadata_Identification><METADATA_FORMAT version='2.0'>DIMAP</METADATA_FORMAT>"
        "<METADATA_SUBPROFILE>PRODUCT</METADATA_SUBPROFILE></Metadata_Identification>"
        f"{GEOMETRY.format(geometry, RPC if geometry == 'SENSOR' else '')}"
        "<Product_Settings><PROCESSING_LEVEL>SENSOR</PROCESSING_LEVEL>"
        "<SPECTRAL_PROCESSING>MS</SPECTRAL_PROCESSING></Product_Settings>"
        f"<Raster_Data><Data_Access>{files}</Data_Access><Raster_Dimensions><NROWS>{HEIGHT}</NROWS>"
        f"<NCOLS>{WIDTH}</NCOLS>{tiles}</Raster_Dimensions><Raster_Display><Special_Value>"
        "<SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_COUNT>0</SPECIAL_VALUE_COUNT>"
        f"</Special_Value></Raster_Display></Raster_Data>{more}</Dimap_Document>"
    )


def _file(name: str, row: int, col: int) -> str:
    return f"<Data_File tile_R='{row}' tile_C='{col}'><DATA_FILE_PATH href='{name}'/></Data_File>"


def _tiling(overlap: int = 0) -> str:
    return (
        f"<Tile_Set><Regular_Tiling><NTILES_SIZE nrows='{TILE}' ncols='{TILE}'/>"
        f"<OVERLAP_ROW>{overlap}</OVERLAP_ROW></Regular_Tiling></Tile_Set>"
    )


def _product(folder: Path) -> Path:
    """Two rows of three tiles, the last ones smaller."""
    folder.mkdir()
    files = ""
    for row in (1, 2):
        for col in (1, 2, 3):
            box = (
                (col - 1) * TILE,
                min(col * TILE, WIDTH),
                (row - 1) * TILE,
                min(row * TILE, HEIGHT),
            )
            name = write_window(folder / f"IMG_P1_R{row}C{col}.TIF", box).name
            files += _file(name, row, col)
    document = _document(f"<Data_Files>{files}</Data_Files>", _tiling())
    (folder / "DIM_P1.XML").write_text(document, encoding="utf-8")
    (folder / "RPC_P1.XML").write_text(rpc_files.dimap(RECORD), encoding="utf-8")
    return folder


def test_tiles_show_what_the_whole_image_would(tmp_path: Path) -> None:
    service = service_of(tmp_path, "dimap", [_product(tmp_path / "product")])
    assert service.summary.item_count == 6
    whole = service.summary.extent
    size = (int(whole.width / 5), int(whole.height / 5))
    box = Extent(whole.xmin, whole.ymax - size[1] * 5, whole.xmin + size[0] * 5, whole.ymax)
    found = picture(service, box, size)
    x, y = places(box, size)
    lon, lat = transform(UTM, "EPSG:4326", x.ravel(), y.ravel())
    heights = np.full(x.size, GROUND.height_m)
    col, row = RECORD.bind().ground_to_image(np.array(lon), np.array(lat), heights)
    inside = (col > 0.6) & (col < WIDTH - 0.6) & (row > 0.6) & (row < HEIGHT - 0.6)
    assert inside.sum() > 50_000
    expected = np.stack([col, row]) * 100 + 50
    missed = np.abs(found.reshape(2, -1) - expected)[:, inside]
    # A tile's own edge is replicated by half a pixel, as any raster's: 50 at the most.
    assert missed.max() < 55
    seam = (np.abs(col % TILE) < 0.6) | (np.abs(col % TILE) > TILE - 0.6)
    seam |= (np.abs(row % TILE) < 0.6) | (np.abs(row % TILE) > TILE - 0.6)
    assert missed[:, ~seam[inside]].max() < 13
    outside = (col < -0.6) | (col > WIDTH + 0.6) | (row < -0.6) | (row > HEIGHT + 0.6)
    assert not found.reshape(2, -1)[:, outside].any()


def test_fields_are_those_of_the_document_and_of_the_rpc(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product")
    definition, report = add(tmp_path, "dimap", [folder], ItemOptions(terrain=GROUND))
    assert (report.added, report.failed) == (6, [])
    with definition.table() as table:
        rows = list(table.rows())
    found = rows[0].attributes
    assert {row.attributes["GroupName"] for row in rows} == {"DIM_P1"}
    assert (found["ProductName"], found["Tag"]) == ("SENSOR", "MS")
    assert found["AcquisitionDate"] == "2016-06-17T12:34:56.500Z"
    assert (found["PlatformName"], found["SensorName"]) == ("PHR1A", "PHR")
    assert (found["SunAzimuth"], found["SunElevation"]) == (150.5, 60.25)
    assert (found["OffNadir"], found["SensorElevation"], found["CloudCover"]) == (12.5, 76.0, 0.25)
    # Columns grow eastwards and fall with height: the satellite stood in the east.
    assert 0 < float(found["SensorAzimuth"]) < 180
    assert float(found["NadirLongitude"]) > 16
    assert 4 < float(found["GSD"]) < 6
    assert {source.no_data for row in rows for source in row.raster.sources} == {"0.0"}


def test_adding_again_adds_nothing(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product")
    definition, _ = add(tmp_path, "dimap", [folder], ItemOptions())
    again = add_rasters(definition, AddRequest(raster_type="dimap", paths=[folder]))
    assert (again.added, again.failed) == (0, [])
    with definition.table() as table:
        assert table.count() == 6


def test_a_product_is_named_by_its_document_alone_too(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product")
    _, report = add(tmp_path, "dimap", [folder / "DIM_P1.XML"], ItemOptions())
    assert report.added == 6


def test_a_missing_tile_fails_by_itself(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product")
    (folder / "IMG_P1_R1C2.TIF").unlink()
    definition, report = add(tmp_path, "dimap", [folder], ItemOptions())
    assert (report.added, len(report.failed)) == (6, 1)
    with definition.table() as table:
        failed = [row for row in table.rows() if row.status.is_failed]
    assert [(row.name, row.status) for row in failed] == [("IMG_P1_R1C2", ItemStatus.NOT_FOUND)]


def test_a_row_that_failed_as_a_product_becomes_its_first_tile(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product")
    good = (folder / "RPC_P1.XML").read_text()
    (folder / "RPC_P1.XML").write_text(good.replace("LINE_DEN_COEFF_1>", "LINE_DEN_COEFF_X>"))
    definition, report = add(tmp_path, "dimap", [folder], ItemOptions())
    assert (report.added, len(report.failed)) == (1, 1)
    assert "LINE_DEN_COEFF" in report.failed[0][1]
    (folder / "RPC_P1.XML").write_text(good)
    add_rasters(definition, AddRequest(raster_type="dimap", paths=[folder]))
    with definition.table() as table:
        assert {row.status for row in table.rows()} == {ItemStatus.ADDED}
        assert table.count() == 6


def test_bands_in_several_files_are_one_item(tmp_path: Path) -> None:
    box = (0, WIDTH, 0, HEIGHT)
    names = [write_window(tmp_path / f"IMG_{band}_R1C1.TIF", box, band).name for band in "cr"]
    index = "<Raster_Index><BAND_ID>{}</BAND_ID><BAND_INDEX>1</BAND_INDEX></Raster_Index>"
    files = "".join(
        f"<Data_Files>{_file(name, 1, 1)}{index.format(band)}</Data_Files>"
        for name, band in zip(names, ("Red", "NIR"), strict=True)
    )
    ranges = (
        "<Band_Spectral_Range><BAND_ID>NIR</BAND_ID><MEASURE_UNIT>micrometer</MEASURE_UNIT>"
        "<MIN>0.76</MIN><MAX>0.9</MAX></Band_Spectral_Range>"
    )
    (tmp_path / "DIM_P1.XML").write_text(_document(files, more=ranges), encoding="utf-8")
    (tmp_path / "RPC_P1.XML").write_text(rpc_files.dimap(RECORD), encoding="utf-8")
    paths = tuple(str(path) for path in sorted(tmp_path.iterdir()))
    (item,) = read_product(ProductJob("dimap", paths, ItemOptions()))
    assert len(item.raster.sources) == 2
    bands = [band for header in item.headers for band in header.bands]
    assert [band.name for band in bands] == ["Red", "NIR"]
    assert bands[0].wavelength_nm is None
    assert bands[1].wavelength_nm == pytest.approx(830.0)
    service = service_of(tmp_path, "dimap", [tmp_path / "DIM_P1.XML"])
    middle = service.summary.extent
    box = Extent(
        middle.center_x - 50, middle.center_y - 50, middle.center_x + 50, middle.center_y + 50
    )
    lon, lat = transform(UTM, "EPSG:4326", [middle.center_x], [middle.center_y])
    position = RECORD.bind().ground_to_image(*np.array([lon, lat, [GROUND.height_m]]))
    found = picture(service, box, (20, 20))[:, 9:11, 9:11].mean(axis=(1, 2))
    assert found == pytest.approx(np.ravel(position) * 100 + 50, abs=8)


def test_a_tile_that_does_not_fit_into_the_image_is_refused(tmp_path: Path) -> None:
    write_window(tmp_path / "IMG_P1_R1C1.TIF", (0, WIDTH + 1, 0, HEIGHT))
    files = f"<Data_Files>{_file('IMG_P1_R1C1.TIF', 1, 1)}</Data_Files>"
    (tmp_path / "DIM_P1.XML").write_text(_document(files), encoding="utf-8")
    (tmp_path / "RPC_P1.XML").write_text(rpc_files.dimap(RECORD), encoding="utf-8")
    with pytest.raises(UnknownProduct, match="reach beyond the image of 400 × 300"):
        read_product(ProductJob("dimap", (str(tmp_path / "DIM_P1.XML"),), ItemOptions()))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("<Dimap_Document/>", "Raster_Data"),
        (_document(f"<Data_Files>{_file('../x.tif', 1, 1)}</Data_Files>"), "beside the document"),
        (_document(f"<Data_Files>{_file('/etc/x', 1, 1)}</Data_Files>"), "beside the document"),
        (_document("<Data_Files/>"), "0 tiles"),
        (_document(f"<Data_Files>{_file('a', 1, 1)}{_file('b', 1, 2)}</Data_Files>"), "the size"),
        (_document(f"<Data_Files>{_file('a', 1, 1)}</Data_Files>", _tiling(2)), "overlap"),
        (_document(f"<Data_Files>{_file('a', 0, 1)}</Data_Files>"), "tile_R"),
        (_document("<Data_Files/>").replace(f"<NROWS>{HEIGHT}", "<NROWS>x"), "NROWS"),
    ],
)
def test_a_document_that_cannot_be_says_what_is_wrong(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_dimap_product(text)


@pytest.mark.parametrize("index", ["9" * 5000, "²", "0", "-1"])
def test_numbers_of_bands_that_are_none_leave_their_order(index: str) -> None:
    listed = "".join(
        f"<Raster_Index><BAND_ID>{name}</BAND_ID><BAND_INDEX>{number}</BAND_INDEX></Raster_Index>"
        for name, number in (("B2", index), ("B0", "1"))
    )
    text = _document(f"<Data_Files>{listed}{_file('a.tif', 1, 1)}</Data_Files>")
    (tile,) = read_dimap_product(text).tiles
    assert [band.name for band in tile.files[0].bands] == ["B2", "B0"]


def test_files_go_with_the_longest_name_that_they_begin_with() -> None:
    stems = {"foo": "DIM_foo.XML", "foo2": "DIM_foo2.XML", "foo_b": "DIM_foo_b.XML"}
    inner = {"1": "foo_r1c1", "2": "foo2_r1c1", "3": "foo_b_r1c1", "4": "food_r1c1"}
    assert list(groups_by_stem(stems, inner).values()) == [
        ["DIM_foo.XML", "1"],
        ["DIM_foo2.XML", "2"],
        ["DIM_foo_b.XML", "3"],
    ]


def test_all_images_of_a_folder_with_one_document_are_its() -> None:
    names = ["/a/DIM_MS-FS.XML", "/a/IMG_NED_R1C1.TIF", "/a/IMG_RGB_R1C1.TIF", "/b/IMG_X_R1C1.TIF"]
    assert list(DimapType().match(names)) == [tuple(names[:3])]


def test_placeholders_of_the_kit_fail_in_a_sentence(shared_data: Path) -> None:
    folder = shared_data / "04_rpc_satellite/gdal_dimap2/bundle"
    with pytest.raises(UnknownProduct, match=r"'LAT_OFF'.* a number"):
        read_product(ProductJob("dimap", (str(folder / "DIM_foo.XML"),), ItemOptions()))


def test_the_ortho_product_of_the_kit_is_one_item_of_six_bands(shared_data: Path) -> None:
    path = shared_data / "04_rpc_satellite/gdal_dimap2/vhr2020_ms_fs/MS-FS/DIM_MS-FS.XML"
    (item,) = read_product(ProductJob("dimap", (str(path),), ItemOptions()))
    assert item.raster.geolocation is None
    names = [band.name for header in item.headers for band in header.bands]
    assert names == ["R", "G", "B", "NIR", "RE", "DB"]
    assert item.headers[0].bands[0].wavelength_nm == pytest.approx(654.5)
    assert item.attributes["CloudCover"] == pytest.approx(0.7798, abs=1e-4)


def test_a_real_pleiades_scene_in_tiles_is_gdals_ortho(tmp_path: Path, shared_data: Path) -> None:
    kit = shared_data / "04_rpc_satellite/phr_ventoux"
    with rasterio.open(kit / "left_image.tif") as file:
        pixels = file.read()
    folder = tmp_path / "product"
    folder.mkdir()
    files, side = "", 256
    for row, col in ((1, 1), (1, 2), (2, 1), (2, 2)):
        tile = pixels[:, (row - 1) * side : row * side, (col - 1) * side : col * side]
        name = f"IMG_P1_R{row}C{col}.TIF"
        size = {"width": tile.shape[2], "height": tile.shape[1], "count": 1}
        with rasterio.open(folder / name, "w", driver="GTiff", dtype="uint16", **size) as file:
            file.write(tile)
        files += _file(name, row, col)
    text = _document(
        f"<Data_Files>{files}</Data_Files>", _tiling().replace(f"'{TILE}'", f"'{side}'")
    )
    text = text.replace(f"<NROWS>{HEIGHT}", "<NROWS>500").replace(f"<NCOLS>{WIDTH}", "<NCOLS>500")
    (folder / "DIM_P1.XML").write_text(text, encoding="utf-8")
    record = read_rpc_text((kit / "reference/left_image_crop_RPC.TXT").read_text())
    (folder / "RPC_P1.XML").write_text(rpc_files.dimap(record), encoding="utf-8")
    terrain = RasterTerrain(
        path=str(kit / "dem/N44E005.hgt"), vertical_datum=str(kit / "dem/egm96_15.gtx")
    )
    service = service_of(tmp_path, "dimap", [folder], ItemOptions(terrain=terrain))
    with rasterio.open(kit / "reference/ortho_left_utm31_50cm.tif") as file:
        expected, box = file.read(1).astype(float), Extent(*file.bounds)
        crs = file.crs.to_string()
    found = picture(service, box, (expected.shape[1], expected.shape[0]), crs)[0]
    both = (expected > 0) & (found > 0)
    assert both.mean() > 0.9
    # Whole numbers both: one apart where they are rounded, more along the tiles' seams only.
    apart = np.abs(expected - found)[both]
    assert np.quantile(apart, 0.98) <= 1
    assert np.corrcoef(expected[both], found[both])[0, 1] > 0.9999
