"""Requests are hashable, frozen, named by keyword alone, and the same behind a process border."""

from __future__ import annotations

import msgspec
import pytest

from config.definition import MosaicMethod, MosaicOperator, TileSchemeName
from engine.extent import Extent
from engine.function_rules import StretchRule
from engine.measure_requests import (
    ClassArea,
    ClassStatisticsRequest,
    MeasureImageRequest,
    MeasureRequest,
    VolumeRequest,
)
from engine.pixel_type import PixelType
from engine.request import (
    AnglesRequest,
    AreaCountsRequest,
    BoundaryRequest,
    CatalogImagesRequest,
    DescribeRequest,
    ExplainRequest,
    HistogramsRequest,
    IdentifyRequest,
    ImageRequest,
    ItemRequest,
    KeyPropertiesRequest,
    LegendRequest,
    MultirayRequest,
    PictureInfoRequest,
    PlaceRequest,
    PointSamplesRequest,
    QueryRequest,
    Request,
    SlicesRequest,
    StatisticsRequest,
    StripLayoutRequest,
    StripRequest,
    ThumbnailRequest,
    TilemapRequest,
    ValidateRequest,
)
from engine.request_parts import (
    DimensionValues,
    Encoding,
    MapPoint,
    MosaicRule,
    RenderingRule,
    TileAddress,
    TimeRange,
    View,
)

_VIEW = View(extent=Extent(0.0, 0.0, 1.0, 2.0), extent_crs="EPSG:4326", width=3, height=4)
_RULE = MosaicRule(
    method=MosaicMethod.VIEWPOINT,
    operator=MosaicOperator.BLEND,
    viewpoint=MapPoint(x=1.0, y=2.0, crs="EPSG:3857"),
)
_IMAGE = ImageRequest(
    view=_VIEW,
    encoding=Encoding(format="tiff"),
    mosaic=_RULE,
    rendering=RenderingRule(function="Stretch", arguments=StretchRule(gamma=(1.0, 2.0))),
    pixel_type=PixelType.F32,
    time=TimeRange(start=5),
)
EXAMPLES: list[Request] = [
    _IMAGE,
    ImageRequest(
        view=View(tile=TileAddress(level=3, row=2, col=1)), encoding=Encoding(format="png")
    ),
    StripRequest(image=_IMAGE, first_row=64, rows=32),
    StripLayoutRequest(image=_IMAGE, rows_per_strip=32),
    PictureInfoRequest(image=_IMAGE),
    IdentifyRequest(geometry=b"\x01", crs="EPSG:4326"),
    QueryRequest(where="Name = 'a'", out_fields=("Name",)),
    StatisticsRequest(),
    HistogramsRequest(),
    KeyPropertiesRequest(),
    AreaCountsRequest(geometry=b"\x01", pixel_size=(1.0, 2.0), rendering=RenderingRule()),
    PointSamplesRequest(geometry=b"\x01", count=5, first_only=False, out_fields=("Name",)),
    DescribeRequest(rendering=RenderingRule(function="NDVI"), with_statistics=True),
    LegendRequest(band_ids=(2, 1)),
    ThumbnailRequest(item=3),
    ExplainRequest(image=_IMAGE),
    PlaceRequest(positions=bytes(24), from_crs="ICS:1", visible_only=True),
    AnglesRequest(item=1, point=MapPoint(x=1.0, y=2.0, crs="ICS:1")),
    MultirayRequest(items=(1, 2), positions=bytes(32)),
    MeasureRequest(operation="Point3D", from_geometry=b"\x01", from_crs="ICS:1"),
    MeasureImageRequest(item=1, geometry=b"\x01"),
    VolumeRequest(areas=((b"\x01", ""), (b"\x02", "EPSG:4326")), base="lowest"),
    ClassStatisticsRequest(classes=(ClassArea(id=1, name="Water", geometry=b"\x01"),)),
    ItemRequest(item=7),
    TilemapRequest(level=3, row=2, col=1, rows=4, cols=5, scheme=TileSchemeName.OWN),
    BoundaryRequest(out_crs="EPSG:4326"),
    CatalogImagesRequest(rows=QueryRequest(where="1=1"), near=MapPoint(x=1.0, y=2.0)),
    ValidateRequest(mosaic=_RULE, problems=("no",)),
    SlicesRequest(dimensions=(DimensionValues(dimension="StdZ", values=((1.0, 2.0),)),)),
]


def test_every_member_of_the_union_has_an_example_here() -> None:
    assert {type(request) for request in EXAMPLES} == set(Request.__args__)


@pytest.mark.parametrize("request_", EXAMPLES, ids=lambda each: type(each).__name__)
def test_a_request_is_the_same_behind_a_process_border(request_: Request) -> None:
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(request_), type=Request)
    assert back == request_
    assert hash(back) == hash(request_)


@pytest.mark.parametrize("request_", EXAMPLES, ids=lambda each: type(each).__name__)
def test_a_request_cannot_be_changed(request_: Request) -> None:
    for name in request_.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(request_, name, None)


@pytest.mark.parametrize("kind", [MapPoint, View, TileAddress, ImageRequest, TimeRange])
def test_fields_are_given_by_name_alone(kind: type) -> None:
    with pytest.raises(TypeError, match="positional"):
        kind(1, 2)


@pytest.mark.parametrize(
    "record",
    [
        {"type": "no such"},
        {"type": "image", "view": {"width": "wide"}, "encoding": {"format": "png"}},
        {"type": "strip", "image": {}, "first_row": 0, "rows": 1},
    ],
)
def test_what_is_no_request_is_refused_when_decoded(record: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Request)
