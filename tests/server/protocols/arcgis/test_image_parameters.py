"""exportImage's parameters: mapping in, ImageRequest out."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.definition import Interpolation
from engine.errors import RequestError, RequestTooLarge, UnsupportedFormat
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary


@pytest.fixture
def read(mosaic: ServiceSummary) -> Callable[..., ImageRequest]:
    def make(**parameters: str) -> ImageRequest:
        return image_request(Parameters.from_mapping(parameters), mosaic, "demo/hills")

    return make


def test_no_parameters_are_the_full_extent_in_the_default_size(
    read: Callable[..., ImageRequest], mosaic: ServiceSummary
) -> None:
    request = read()
    assert request.view.extent == mosaic.extent
    assert request.view.extent_crs == mosaic.crs
    assert (request.view.width, request.view.height) == (400, 400)
    assert request.view.adjust_aspect
    assert request.encoding.format == "jpgpng"
    assert request.encoding.quality == 75


def test_all_parameters_are_read(read: Callable[..., ImageRequest]) -> None:
    request = read(
        bbox="4,3,2,1",
        bboxSR="4326",
        imageSR='{"wkid":102100}',
        size="300,200",
        format="TIFF",
        pixelType="S16",
        noData="0,1,2",
        noDataInterpretation="esriNoDataMatchAll",
        interpolation=" RSP_NearestNeighbor",
        compression="LZ77",
        compressionQuality="90",
        compressionTolerance="0.5",
        lercVersion="1",
        bandIds="2,1,0",
        adjustAspectRatio="False",
        time="1000",
    )
    assert request.view.extent == Extent(2, 1, 4, 3)
    assert (request.view.extent_crs, request.view.out_crs) == ("EPSG:4326", "EPSG:3857")
    assert not request.view.adjust_aspect
    assert request.encoding.format == "tiff"
    assert request.encoding.compression == "deflate"
    assert (request.encoding.quality, request.encoding.tolerance) == (90, 0.5)
    assert request.encoding.lerc_version == 2
    assert request.pixel_type is PixelType.S16
    assert (request.no_data, request.no_data_match) == ((0.0, 1.0, 2.0), "all")
    assert request.interpolation is Interpolation.NEAREST
    assert request.band_ids == (2, 1, 0)


def test_the_python_api_sends_an_envelope(read: Callable[..., ImageRequest]) -> None:
    box = {"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3, "spatialReference": {"wkid": 3857}}
    request = read(bbox=json.dumps(box), bboxSR="4326")
    assert request.view.extent == Extent(0, 1, 2, 3)
    assert request.view.extent_crs == "EPSG:3857"


def test_openlayers_sends_fractions_of_pixels(read: Callable[..., ImageRequest]) -> None:
    view = read(size="400.5,299.9999").view
    assert (view.width, view.height) == (401, 300)


def test_the_r_client_sends_an_empty_size(read: Callable[..., ImageRequest]) -> None:
    assert read(size="").view.width == 400


def test_an_unknown_pixel_type_word_is_the_default(read: Callable[..., ImageRequest]) -> None:
    assert read(pixelType="UNKNOWN").pixel_type is None


@pytest.mark.parametrize(
    "size",
    ["1000000,1000000", "4294967297,1", "15001,1", "1,4101"],
)
def test_a_size_beyond_the_limit_is_refused_with_the_limit(
    size: str, read: Callable[..., ImageRequest]
) -> None:
    with pytest.raises(RequestTooLarge, match=r"size.*(15000|4100)"):
        read(size=size)


@pytest.mark.parametrize(
    "size", ["-1,100", "0,0", "0,10", "abc", "100", "1,2,3", "NaN,1", "1e400,1"]
)
def test_a_bad_size_is_named(size: str, read: Callable[..., ImageRequest]) -> None:
    with pytest.raises(RequestError, match="size"):
        read(size=size)


@pytest.mark.parametrize(
    "bbox",
    ["", "NaN,NaN,NaN,NaN", "0,0,Infinity,1", "0,0,1e400,1", "1,2,3", "1,2,3,4,5", "1,1,1,2",
     "0,0,0,0", "a,b,c,d", '{"xmin":1}', "{}", "[1,2,3]", "0,0,1e31,1e31",
     '{"xmin":"NaN","ymin":"NaN","xmax":"NaN","ymax":"NaN"}'],
)  # fmt: skip
def test_a_bad_box_is_named(bbox: str, read: Callable[..., ImageRequest]) -> None:
    with pytest.raises(RequestError, match="bbox"):
        read(bbox=bbox)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pixelType", "C64"),
        ("bandIds", "3"),
        ("bandIds", "-1"),
        ("bandIds", ",".join(["0"] * 300)),
        ("compression", "ZIP"),
        ("compressionQuality", "101"),
        ("compressionTolerance", "-1"),
        ("lercVersion", "3"),
        ("noData", "one"),
        ("noDataInterpretation", "esriMaybe"),
        ("interpolation", "RSP_Best"),
        ("imageSR", "0:x"),
        ("adjustAspectRatio", "maybe"),
    ],
)
def test_a_bad_parameter_is_named(name: str, value: str, read: Callable[..., ImageRequest]) -> None:
    with pytest.raises(RequestError, match=name):
        read(**{name: value})


def test_the_lerc_version_is_of_lerc_alone(read: Callable[..., ImageRequest]) -> None:
    assert read(format="lerc", lercVersion="1").encoding.lerc_version == 1
    assert read(format="lerc").encoding.lerc_version == 2
    assert read(format="png", lercVersion="1").encoding.lerc_version == 2


def test_an_unknown_format_lists_the_known_ones(read: Callable[..., ImageRequest]) -> None:
    with pytest.raises(UnsupportedFormat, match="jpgpng, jpg"):
        read(format="kmz")


_NAMES = st.sampled_from(
    ["bbox", "size", "bboxSR", "imageSR", "format", "pixelType", "noData", "bandIds", "time",
     "interpolation", "mosaicRule", "renderingRule", "compressionQuality", "adjustAspectRatio"]
)  # fmt: skip
_PIECES = st.sampled_from(
    ["1", "-5", "1e9", "NaN", "{", "}", "[", "]", ":", ",", '"', "'", "x", "wkid", "null", " ",
     "\x00", "é", "rasterFunction", "Stretch", "mosaicMethod", "esriMosaicCenter"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.dictionaries(_NAMES, st.lists(_PIECES, max_size=8).map("".join)))
def test_any_parameters_give_a_finite_request_or_a_request_error(
    mosaic: ServiceSummary, parameters: dict[str, str]
) -> None:
    try:
        request = image_request(Parameters.from_mapping(parameters), mosaic, "demo/hills")
    except RequestError:
        return
    packed = msgspec.msgpack.encode(request)
    assert msgspec.msgpack.decode(packed, type=ImageRequest) == request
    assert request.view.extent is not None
    assert request.view.extent.is_finite
    assert all(map(math.isfinite, request.no_data))


def test_a_view_in_image_space_without_a_box_is_the_whole_image(
    read: Callable[..., ImageRequest],
) -> None:
    view = read(imageSR="0:7").view
    assert (view.out_crs, view.extent, view.extent_crs) == ("ICS:7", None, "ICS:7")


def test_a_box_in_image_space_keeps_its_negative_rows(read: Callable[..., ImageRequest]) -> None:
    view = read(imageSR='{"icsid":7}', bboxSR="0:7", bbox="-0.5,-299.5,399.5,0.5").view
    assert (view.out_crs, view.extent_crs) == ("ICS:7", "ICS:7")
    assert view.extent == Extent(-0.5, -299.5, 399.5, 0.5)
