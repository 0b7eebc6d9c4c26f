"""CRS texts from outside, pinned operations, and transformations that come back."""

from __future__ import annotations

import re
import socket
import threading

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.extent_transform import inverse_extent, transform_extent
from engine.geometry.projection import (
    LONLAT,
    MERCATOR,
    canonical_crs,
    crs_of_wkt,
    describe_crs,
    inverse,
    operation,
    transform,
    transform_checked,
    wkt_of,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("4326", "EPSG:4326"),
        (" EPSG:32632 ", "EPSG:32632"),
        ("epsg::3035", "EPSG:3035"),
        ("102100", "EPSG:3857"),
        ("900913", "EPSG:3857"),
        ("EPSG:3785", "EPSG:3857"),
        ("54009", "ESRI:54009"),
        ("CRS84", "OGC:CRS84"),
        ("OGC:CRS84", "OGC:CRS84"),
        ("urn:ogc:def:crs:EPSG::2056", "EPSG:2056"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326"),
    ],
)
def test_texts_become_one_canonical_key(text: str, key: str) -> None:
    assert canonical_crs(text) == key


@pytest.mark.parametrize("code", [32632, 2056, 3031, 5070, 4267, 27700])
@pytest.mark.parametrize("version", ["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"])
def test_wkt_of_every_kind_finds_its_code_again(code: int, version: str) -> None:
    wkt = pyproj.CRS.from_epsg(code).to_wkt(version)
    key = canonical_crs(wkt)
    pipeline = operation(key, f"EPSG:{code}").pipeline
    assert key == f"EPSG:{code}" or "noop" in pipeline or "axisswap" not in pipeline


HOSTILE = [
    "",
    "nonsense",
    "EPSG:0",
    "EPSG:99999999999999999999",
    "-4326",
    "4326.5",
    "4326; DROP TABLE items",
    "+proj=longlat +datum=WGS84",
    "+init=epsg:4326",
    "proj=pipeline step proj=unitconvert",
    "file:///etc/passwd",
    "/etc/passwd",
    "../../etc/passwd",
    "PROJCS[",
    'GEOGCS["x"]',
    "PROJCS" + "[" * 8000,
    "urn:ogc:def:crs:EPSG::0",
    '{"type": "GeographicCRS"}',
    "WGS84\0",
    "٤٣٢٦٠",
    # Of the Earth's centre, and of heights: no maps.
    "EPSG:4978",
    "EPSG:5773",
    'GEOCCS["c",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],UNIT["metre",1]]',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_refused_with_the_parameter_named(text: str) -> None:
    with pytest.raises(InvalidParameter, match="imageSR") as caught:
        canonical_crs(text, "imageSR")
    assert len(str(caught.value)) < 1000


def test_a_megabyte_of_wkt_is_refused_before_it_is_parsed() -> None:
    wkt = 'PROJCS["' + "x" * 1_000_000 + '"]'
    with pytest.raises(InvalidParameter, match="16,000") as caught:
        canonical_crs(wkt)
    assert len(str(caught.value)) < 1000


def test_no_text_makes_a_request_leave() -> None:
    """A listening socket sees nobody, whatever form its address has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        callers: list[object] = []
        server.settimeout(0.2)

        def listen() -> None:
            try:
                callers.append(server.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        for text in (
            f"http://127.0.0.1:{port}/crs.wkt",
            f"https://127.0.0.1:{port}/crs.wkt",
            f"/vsicurl/http://127.0.0.1:{port}/crs.wkt",
            f"http://www.opengis.net@127.0.0.1:{port}/def/crs/EPSG/0/4326",
            f"urn:x-ogp:def:crs,http://127.0.0.1:{port}/",
            f'PROJCS["http://127.0.0.1:{port}/"]',
            f"+proj=longlat +nadgrids=http://127.0.0.1:{port}/grid.tif",
        ):
            with pytest.raises(InvalidParameter):
                canonical_crs(text)
        thread.join()
    assert callers == []


def test_proj_itself_may_not_reach_the_network() -> None:
    assert not pyproj.network.is_network_enabled()


def test_the_same_arguments_pin_the_same_operation() -> None:
    area = Extent(6.0, 45.0, 8.0, 47.0)
    first = operation(LONLAT, "EPSG:2056", area)
    operation.cache_clear()
    assert operation(LONLAT, "EPSG:2056", area) == first
    assert first.key


def test_where_several_operations_exist_the_area_decides() -> None:
    alaska = operation(LONLAT, "EPSG:4267", Extent(-150.0, 60.0, -148.0, 62.0))
    florida = operation(LONLAT, "EPSG:4267", Extent(-82.0, 27.0, -80.0, 29.0))
    assert alaska.pipeline != florida.pipeline


def test_an_area_beyond_the_antimeridian_is_accepted() -> None:
    assert operation(LONLAT, "EPSG:4267", Extent(179.0, 52.0, 182.0, 53.0)).pipeline


def test_one_operation_is_shared_by_all_areas() -> None:
    here = operation(MERCATOR, "EPSG:32632", Extent(6.0, 45.0, 8.0, 47.0))
    assert here == operation(MERCATOR, "EPSG:32632", Extent(9.0, 5.0, 10.0, 7.0))


_COORDINATE = st.tuples(st.floats(6.1, 11.9), st.floats(-79, 83))


@settings(max_examples=100, deadline=None)
@given(_COORDINATE)
def test_points_of_a_zone_come_back(place: tuple[float, float]) -> None:
    pipeline = operation(LONLAT, "EPSG:32632").pipeline
    lon, lat = np.array([place[0]]), np.array([place[1]])
    x, y, good = transform_checked(pipeline, lon, lat, 1e-9, 1e-9)
    assert good.all()
    back = inverse(pipeline, x, y)
    assert abs(back[0][0] - lon[0]) < 1e-9
    assert abs(back[1][0] - lat[0]) < 1e-9


def test_finite_nonsense_far_from_a_zone_does_not_count() -> None:
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    x, y = np.meshgrid(np.linspace(-2e7, 2e7, 101), np.linspace(-2e7, 2e7, 51))
    out_x, out_y, good = transform_checked(pipeline, x, y, 1.0, 1.0)
    near = (np.abs(x - 9.0 * 111319.49) < 1e6) & (np.abs(y) < 1.8e7)
    assert good[near].all()
    back_x, back_y = inverse(pipeline, out_x, out_y)
    finite = np.isfinite(out_x) & np.isfinite(out_y)
    with np.errstate(invalid="ignore"):
        lost = finite & (np.hypot(back_x - x, back_y - y) > 2.0)
    assert lost.any()
    assert not (good & lost).any()


def test_transforming_leaves_its_arguments_alone() -> None:
    x, y = np.array([9.0]), np.array([47.0])
    transform(operation(LONLAT, "EPSG:32632").pipeline, x, y)
    assert (x[0], y[0]) == (9.0, 47.0)


def test_axes_are_always_east_then_north() -> None:
    x, y = transform(operation(LONLAT, MERCATOR).pipeline, np.array([10.0]), np.array([50.0]))
    assert x[0] == pytest.approx(1113194.9, abs=1)
    assert y[0] == pytest.approx(6446275.8, abs=1)


def test_a_box_around_a_pole_holds_the_pole() -> None:
    pipeline = operation("EPSG:3413", LONLAT).pipeline
    box = transform_extent(pipeline, Extent(-1e6, -1e6, 1e6, 1e6))
    assert box is not None
    assert box.ymax == pytest.approx(90.0, abs=1e-6)
    assert box.width > 300


def test_a_box_without_place_gives_none() -> None:
    pipeline = operation(LONLAT, MERCATOR).pipeline
    assert transform_extent(pipeline, Extent(10.0, 95.0, 20.0, 99.0)) is None


def test_boxes_come_back_through_the_inverse() -> None:
    pipeline = operation(MERCATOR, "EPSG:32632").pipeline
    box = Extent(500000.0, 5000000.0, 510000.0, 5010000.0)
    around = inverse_extent(pipeline, box)
    assert around is not None
    again = transform_extent(pipeline, around)
    assert again is not None
    assert again.xmin <= box.xmin + 1
    assert again.xmax >= box.xmax - 1


def test_codes_and_units_are_described() -> None:
    assert describe_crs(MERCATOR).wkid == 102100
    assert describe_crs(MERCATOR).latest_wkid == 3857
    feet = describe_crs("EPSG:2263")
    assert feet.metres_per_unit == pytest.approx(0.3048006, abs=1e-6)
    degrees = describe_crs(LONLAT)
    assert degrees.is_geographic
    assert degrees.metres_per_unit == pytest.approx(111319.49, abs=0.1)
    fiji = describe_crs("EPSG:3460").area_lonlat
    assert fiji is not None
    assert fiji.xmax > 180


@pytest.mark.parametrize("version", ["WKT1_ESRI", "WKT1_GDAL"])
@pytest.mark.parametrize(
    "code",
    [
        32633,
        32756,
        25832,
        26910,
        7856,
        2193,
        3035,
        27700,
        2154,
        31370,
        21781,
        5514,
        4258,
        6933,
        3857,
    ],
)
def test_wkt_is_recognised_without_a_search_of_all_that_proj_knows(
    code: int, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyproj.CRS, "to_authority", _search)
    canonical_crs.cache_clear()
    assert canonical_crs(pyproj.CRS.from_epsg(code).to_wkt(version)) == f"EPSG:{code}"


def _search(*_: object, **__: object) -> None:
    pytest.fail("PROJ searched its database, which takes seconds")


def _renamed(wkt: str, name: str) -> str:
    """Return WKT with another name and without codes."""
    return re.sub(
        r',(AUTHORITY|ID)\["\w+","?\d+"?\]', "", re.sub(r'"[^"]*"', f'"{name}"', wkt, count=1)
    )


def test_utm_zones_are_known_by_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyproj.CRS, "to_authority", _search)
    for code in (32633, 32733, 25832, 26915):
        for name in ("UTM Zone, whichever", "unknown"):
            wkt = _renamed(pyproj.CRS.from_epsg(code).to_wkt("WKT1_GDAL"), name)
            assert canonical_crs(wkt) == f"EPSG:{code}"


def test_a_code_or_name_that_is_not_true_is_not_believed() -> None:
    wkt = pyproj.CRS.from_epsg(32633).to_wkt("WKT1_GDAL")
    moved = wkt.replace('"central_meridian",15', '"central_meridian",16')
    assert moved != wkt
    assert canonical_crs(moved).startswith("PROJCRS[")
    assert crs_of_wkt(moved).startswith("PROJCRS[")
    south = wkt.replace('AUTHORITY["EPSG","32633"]', 'AUTHORITY["EPSG","999999"]')
    assert canonical_crs(south) == "EPSG:32633"


def test_an_unknown_projection_of_a_request_stays_wkt_unsearched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pyproj.CRS, "to_authority", _search)
    local = pyproj.CRS.from_proj4("+proj=tmerc +lat_0=1 +lon_0=21.1 +k=0.9998 +datum=NAD83")
    key = canonical_crs(local.to_wkt("WKT1_ESRI"))
    assert key.startswith("PROJCRS[")
    assert canonical_crs(key) == key


def test_a_raster_in_a_known_projection_by_another_name_is_found() -> None:
    assert crs_of_wkt(_renamed(wkt_of("ESRI:102004"), "Ours")) == "ESRI:102004"


def test_wkt_written_is_read_again() -> None:
    for key in ("EPSG:32632", "ESRI:54009", MERCATOR):
        assert crs_of_wkt(wkt_of(key)) == key


def test_a_prj_file_may_hold_a_proj_string() -> None:
    assert crs_of_wkt("+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs") == "EPSG:32633"
    key = crs_of_wkt("+proj=tmerc +lat_0=0 +lon_0=25 +k=1 +datum=WGS84 +units=m +no_defs=True")
    x, y = transform(operation("EPSG:4326", key).pipeline, np.array([25.0]), np.array([0.0]))
    assert np.abs([x, y]).max() < 1e-6
    with pytest.raises(InvalidParameter, match="coordinate system"):
        crs_of_wkt("+proj=nonsense")


def test_wkt_that_proj_does_not_know_is_an_invalid_parameter() -> None:
    with pytest.raises(InvalidParameter, match="coordinate system"):
        crs_of_wkt("PROJCS[no]")
