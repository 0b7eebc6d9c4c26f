"""Maxar products: tiles lie at the offsets of their .TIL, whichever documents a product comes with.

Covers raster_types.maxar, raster_types.sensor_files.maxar_product, raster_types.sensor_files.odl_groups and
raster_types.sensor_files.acquisition_maxar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio.warp import transform

from engine.errors import InvalidParameter, UnknownProduct
from engine.extent import Extent
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from raster_types.maxar import MaxarType
from raster_types.sensor_files.maxar_product import read_imd, read_maxar_xml, read_til
from raster_types.sensor_files.odl_groups import read_odl
from raster_types.sensor_files.rpc_odl import read_rpb
from tests.raster_types.products import (
    GROUND,
    HEIGHT,
    RECORD,
    UTM,
    WIDTH,
    picture,
    places,
    service_of,
    write_window,
)
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from pathlib import Path

STEM = "10JUN01-M1BS-500_01_P001"
# Two tiles that overlap by 20 columns, as tiles may.
BOXES = {
    "10JUN01-M1BS_R1C1-500_01_P001.TIF": (0, 210),
    "10JUN01-M1BS_R1C2-500_01_P001.TIF": (190, 400),
}
IMD = f"""version = "24.06";
bandId = "BGRN";
numRows = {HEIGHT};
numColumns = {WIDTH};
productLevel = "LV1B";
BEGIN_GROUP = BAND_R
	absCalFactor = 0.01;
	effectiveBandwidth = 0.0574;
END_GROUP = BAND_R
BEGIN_GROUP = BAND_N
	absCalFactor = 0.012;
	effectiveBandwidth = 0.0989;
END_GROUP = BAND_N
BEGIN_GROUP = IMAGE_1
	satId = "WV02";
	firstLineTime = 2010-06-01T10:20:30.500000Z;
	TDILevel = (10,
		12);
	cloudCover = -999;
	meanSunAz = 130.5;
	meanSunEl = 55.25;
	meanSatAz = 290.0;
	meanSatEl = 70.5;
	meanOffNadirViewAngle = 17.5;
	meanCollectedGSD = 1.9;
END_GROUP = IMAGE_1
END;
"""


def _til() -> str:
    lines = ['bandId = "BGRN";', "numTiles = 2;"]
    for number, (name, (first, last)) in enumerate(BOXES.items(), 1):
        lines += [f"BEGIN_GROUP = TILE_{number}", f'\tfilename = "{name}";']
        lines += [f"\tULColOffset = {first};", "\tULRowOffset = 0;"]
        lines += [f"\tLRColOffset = {last - 1};", f"END_GROUP = TILE_{number}"]
    return "\n".join([*lines, "END;"])


def _xml() -> str:
    tiles = "".join(
        f"<TILE><FILENAME>{name}</FILENAME><ULCOLOFFSET>{first}</ULCOLOFFSET>"
        "<ULROWOFFSET>0.000000000000000e+00</ULROWOFFSET></TILE>"
        for name, (first, _) in BOXES.items()
    )
    imd = (
        f"<IMD><BANDID>BGRN</BANDID><NUMROWS>{HEIGHT}</NUMROWS><NUMCOLUMNS>{WIDTH}</NUMCOLUMNS>"
        "<BAND_R><X>1</X></BAND_R><BAND_N><X>1</X></BAND_N><IMAGE><SATID>WV02</SATID></IMAGE></IMD>"
    )
    whole = rpc_files.digitalglobe_xml(RECORD)
    return whole.replace("<isd>", f"<isd>{imd}<TIL>{tiles}</TIL>")


def _product(folder: Path, documents: str) -> Path:
    folder.mkdir()
    for name, (first, last) in BOXES.items():
        write_window(folder / name, (first, last, 0, HEIGHT))
    texts = {".IMD": IMD, ".TIL": _til(), ".RPB": rpc_files.rpb(RECORD)}
    if documents == "xml":
        texts = {".XML": _xml()}
    for suffix, text in texts.items():
        (folder / f"{STEM}{suffix}").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("documents", ["imd", "xml"])
def test_tiles_show_what_the_whole_image_would(tmp_path: Path, documents: str) -> None:
    service = service_of(tmp_path, "maxar", [_product(tmp_path / "product", documents)])
    assert service.summary.item_count == 2
    assert [band.name for band in service.summary.bands] == ["Red", "NIR"]
    whole = service.summary.extent
    size = (int(whole.width / 5), int(whole.height / 5))
    box = Extent(whole.xmin, whole.ymax - size[1] * 5, whole.xmin + size[0] * 5, whole.ymax)
    found = picture(service, box, size)
    x, y = places(box, size)
    lon, lat = transform(UTM, "EPSG:4326", x.ravel(), y.ravel())
    heights = np.full(x.size, GROUND.height_m)
    col, row = RECORD.bind().ground_to_image(np.array(lon), np.array(lat), heights)
    inside = (col > 0.6) & (col < WIDTH - 0.6) & (row > 0.6) & (row < HEIGHT - 0.6)
    missed = np.abs(found.reshape(2, -1) - (np.stack([col, row]) * 100 + 50))[:, inside]
    assert np.quantile(missed, 0.98) < 13
    assert missed.max() < 55


def test_fields_are_those_of_the_imd(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product", "imd")
    paths = tuple(str(path) for path in sorted(folder.iterdir()))
    (product,) = MaxarType().match(paths)
    assert product[0].endswith(".IMD")
    first, second = read_product(ProductJob("maxar", product, ItemOptions()))
    found = first.attributes
    assert (first.name, second.name) == tuple(name[:-4] for name in BOXES)
    assert (found["GroupName"], found["ProductName"], found["Tag"]) == (STEM, "LV1B", "BGRN")
    assert found["AcquisitionDate"] == "2010-06-01T10:20:30.500Z"
    assert (found["PlatformName"], found["SunAzimuth"], found["SunElevation"]) == (
        "WV02",
        130.5,
        55.25,
    )
    assert (found["SensorAzimuth"], found["SensorElevation"]) == (290.0, 70.5)
    assert (found["OffNadir"], found["GSD"]) == (17.5, 1.9)
    # The sun was 1.0142 astronomical units away.
    gains = [float(text) for text in str(found["ReflectanceGain"]).split()]
    wanted = [0.01 / 0.0574 / 1559.4555, 0.012 / 0.0989 / 1069.7302]
    assert gains == pytest.approx([np.pi * 1.0142**2 * each for each in wanted], rel=1e-3)
    # -999 is Maxar's word for unknown.
    assert "CloudCover" not in found
    # It stood in the west-north-west, some 770 km · tan 17.5° away: 2 to 3 degrees.
    assert 12 < float(found["NadirLongitude"]) < 13
    assert 45.2 < float(found["NadirLatitude"]) < 46.5


def test_an_image_of_the_products_name_needs_no_til(tmp_path: Path) -> None:
    write_window(tmp_path / "a.tif", (0, WIDTH, 0, HEIGHT))
    (tmp_path / "a.imd").write_text(IMD, encoding="utf-8")
    (tmp_path / "a.rpb").write_text(rpc_files.rpb(RECORD), encoding="utf-8")
    (item,) = read_product(ProductJob("maxar", (str(tmp_path / "a.imd"),), ItemOptions()))
    assert item.name == "a"
    assert item.raster.geolocation is not None
    assert item.raster.geolocation.sensor == read_rpb((tmp_path / "a.rpb").read_text())


def test_without_an_rpc_an_image_lies_where_its_file_says(tmp_path: Path) -> None:
    write_window(tmp_path / "a.tif", (0, WIDTH, 0, HEIGHT))
    (tmp_path / "a.imd").write_text(IMD, encoding="utf-8")
    (item,) = read_product(ProductJob("maxar", (str(tmp_path / "a.imd"),), ItemOptions()))
    assert item.status.is_failed
    assert "geotransform" in item.message


def test_products_of_one_folder_are_told_apart_by_their_names() -> None:
    names = [
        "A-P1BS_R1C1-1.TIF",
        "A-P1BS_R1C2-1.TIF",
        "A-P1BS-1.IMD",
        "A-P1BS-1.TIL",
        "A-P1BS-1.XML",
    ]
    names += ["A-M1BS-1.TIF", "A-M1BS-1.XML", "README.XML", "B.TIF"]
    found = {group[0]: set(group[1:]) for group in MaxarType().match(names)}
    assert found == {
        "A-P1BS-1.IMD": {"A-P1BS_R1C1-1.TIF", "A-P1BS_R1C2-1.TIF", "A-P1BS-1.TIL", "A-P1BS-1.XML"},
        "A-M1BS-1.XML": {"A-M1BS-1.TIF"},
    }


@pytest.mark.parametrize(
    ("read", "text", "match"),
    [
        (read_imd, "numRows = x;\nnumColumns = 2;", "numRows"),
        (read_imd, "numRows = 3;", "numColumns"),
        (read_til, "", "0"),
        (read_til, "BEGIN_GROUP = TILE_1\nfilename = ../a.tif;\nEND_GROUP = TILE_1", "beside"),
        (read_til, "BEGIN_GROUP = TILE_1\nfilename = a.tif;\nULColOffset = -3;", "ULColOffset"),
        (read_maxar_xml, "<a/>", "IMD"),
        (read_maxar_xml, "<isd><IMD><NUMROWS>1e99</NUMROWS></IMD></isd>", "numRows"),
    ],
)
def test_documents_that_cannot_be_say_what_is_wrong(read: object, text: str, match: str) -> None:
    assert callable(read)
    with pytest.raises(InvalidParameter, match=match):
        read(text)


def test_a_bad_rpc_fails_the_product(tmp_path: Path) -> None:
    folder = _product(tmp_path / "product", "imd")
    path = folder / f"{STEM}.RPB"
    path.write_text(path.read_text().replace("lineScale = 150.0", "lineScale = 0"))
    with pytest.raises(UnknownProduct, match="lineScale"):
        read_product(ProductJob("maxar", (str(folder / f"{STEM}.IMD"),), ItemOptions()))


def test_groups_of_odl_are_a_tree_of_texts() -> None:
    tree = read_odl('a = 1;\nBEGIN_GROUP = G;\n b = "x y";\n c = (1,\n 2);\nEND_GROUP = G;\nd = 4;')
    assert tree.texts == {"a": "1", "d": "4"}
    assert [(group.name, group.texts) for group in tree.groups] == [("G", {"b": "x y"})]
    assert tree.flat() == {"a": "1", "d": "4", "b": "x y"}
    assert read_odl("END_GROUP = X;\n= 3\n").flat() == {}


@pytest.mark.parametrize(
    ("name", "date"), [("md_dg.IMD", "2010-04-01"), ("md_dg_2.XML", "2011-05-01")]
)
def test_products_of_the_kit_are_items_with_their_fields(
    shared_data: Path, name: str, date: str
) -> None:
    path = shared_data / "04_rpc_satellite/gdal_vendor_md" / name
    (item,) = read_product(ProductJob("maxar", (str(path),), ItemOptions()))
    found = item.attributes
    assert str(found["AcquisitionDate"]).startswith(date)
    assert (found["PlatformName"], found["CloudCover"], found["GSD"]) == ("WV03", 0.027, 1.301)
    assert item.raster.geolocation is not None
