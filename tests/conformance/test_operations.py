"""Every ArcGIS operation keeps the contract of operations/base.py."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import ServiceProperties
from engine.errors import NotFound, RequestError
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.request import (
    AnglesRequest,
    AreaCountsRequest,
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
    StatisticsRequest,
    ThumbnailRequest,
)
from engine.results import (
    AnglesResult,
    AreaCountsResult,
    BandCounts,
    DescribeResult,
    ExplainedRaster,
    ExplainResult,
    HistogramsResult,
    IdentifiedItem,
    IdentifyResult,
    ItemResult,
    KeyPropertiesResult,
    LegendResult,
    PictureInfoResult,
    PlaceResult,
    PointSample,
    PointSamplesResult,
    QueryResult,
    QueryRow,
    StatisticsResult,
)
from engine.summary import BandInfo, BandStatistics, FieldInfo, Histogram, ServiceSummary
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.operations.base import (
    AnsweringOperation,
    AskedOperation,
    DescribedOperation,
    Question,
)
from server.protocols.arcgis.parameters import Parameters

_SUMMARY = ServiceSummary(
    properties=ServiceProperties(),
    crs="EPSG:3857",
    wkid=102100,
    latest_wkid=3857,
    extent=Extent(-2e7, -2e7, 2e7, 2e7),
    extent_mercator=Extent(-2e7, -2e7, 2e7, 2e7),
    pixel_size_x=10.0,
    pixel_size_y=10.0,
    pixel_type=PixelType.U8,
    bands=(BandInfo(name="Band_1"),),
    fields=(FieldInfo(name="OBJECTID", type="oid"),),
)


def _question(parameters: dict[str, str], f: str = "json") -> Question:
    return Question(
        service="s",
        url="http://h/arcgis/rest/services/s/ImageServer",
        f=f,
        summary=_SUMMARY,
        parameters=Parameters.from_mapping(parameters),
        query=tuple(parameters.items()),
    )


# What an operation cannot do without.
_NEEDED = {
    "level": "0",
    "row": "0",
    "col": "0",
    "geometry": "1,2",
    "rasterId": "1",
    "rasterIds": "1,2",
    "geometries": "1,2,3,4",
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_describes_or_asks_and_answers(name: str) -> None:
    operation = OPERATIONS[name]
    if isinstance(operation, AskedOperation):
        asked = operation.parse(_question(_NEEDED))
        packed = msgspec.msgpack.encode(asked.request)
        assert msgspec.msgpack.decode(packed, type=Request) == asked.request
        assert asked.is_final or isinstance(operation, AnsweringOperation)
        assert all(isinstance(value, str) for value in asked.options.values())
    else:
        assert isinstance(operation, DescribedOperation)
        assert msgspec.json.encode(operation.describe(_question(_NEEDED)))


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is(name: str) -> None:
    info = OPERATIONS[name].INFO
    assert info.title
    assert info.hint.endswith(".")
    assert info.capability in ("", "Image", "Metadata", "Catalog")
    names = [field.name for field in info.fields]
    assert len(set(names)) == len(names)


_VALUES = st.text(max_size=15) | st.sampled_from(
    ["NaN", "1e400", "{", "[[[[", "-1", "1,2", "null", "*", "0,0,1,1", '{"x":1}', "\x00"]
)


_WITH_INPUTS = [
    name
    for name, operation in OPERATIONS.items()
    if isinstance(operation, AskedOperation) and (operation.INFO.fields or operation.INFO.arguments)
]


@pytest.mark.parametrize("name", _WITH_INPUTS)
@given(data=st.data())
def test_hostile_values_end_in_an_error_of_the_caller(name: str, data: Any) -> None:
    operation = OPERATIONS[name]
    assert isinstance(operation, AskedOperation)
    names = [*operation.INFO.arguments, *(field.name for field in operation.INFO.fields)]
    values = data.draw(st.dictionaries(st.sampled_from(names), _VALUES))
    with contextlib.suppress(RequestError, NotFound):
        operation.parse(_question({**_NEEDED, **values}))


@pytest.mark.parametrize("name", OPERATIONS)
def test_empty_parameters_are_accepted_or_named_in_an_error(name: str) -> None:
    operation = OPERATIONS[name]
    if not isinstance(operation, AskedOperation):
        assert operation.describe(_question({}))
        return
    # The router gives no operation fewer path segments than it names.
    path = {argument: _NEEDED[argument] for argument in operation.INFO.arguments}
    names = [field.name for field in operation.INFO.fields]
    for parameters in ({}, dict.fromkeys(names, "")):
        named = ""
        try:
            operation.parse(_question({**path, **parameters}))
        except RequestError as error:
            named = str(error.fields[0])
        assert named in ("", *names)


_HOLES = (math.nan, math.inf, -math.inf)


def _result_for(request: Request) -> Any:
    """A record such as the engine answers with, its numbers not finite wherever they may be."""
    if isinstance(request, IdentifyRequest):
        item = IdentifiedItem(
            id=1, attributes={"Cloud": math.nan}, values=_HOLES, processed=(_HOLES,)
        )
        return IdentifyResult(x=math.nan, y=1.0, values=_HOLES, processed=(None,), items=(item,))
    if isinstance(request, QueryRequest):
        fields = (FieldInfo(name="OBJECTID", type="oid"), FieldInfo(name="Cloud", type="double"))
        return QueryResult(fields=fields, rows=(QueryRow(values=(1, math.nan)),), count=1)
    if isinstance(request, _FACTS):
        return _facts_for(request)
    if isinstance(request, AreaCountsRequest | PointSamplesRequest):
        return _values_for(request)
    if isinstance(request, PictureInfoRequest):
        return PictureInfoResult(width=1, height=1, extent=Extent(0, 0, 1, 1))
    if isinstance(request, ExplainRequest):
        raster = ExplainedRaster(id=1, name="a", ratio=math.inf, grid_error_px=math.nan)
        return ExplainResult(extent=Extent(0, 0, 1, 1), width=1, height=1, rasters=(raster,))
    if isinstance(request, PlaceRequest | MultirayRequest):
        return PlaceResult(positions=struct.pack("<3d", math.nan, math.nan, 1.0) * 2)
    if isinstance(request, AnglesRequest):
        return AnglesResult(north_deg=math.nan, up_deg=math.inf)
    if isinstance(request, ItemRequest):
        return _item()
    assert isinstance(request, LegendRequest), "a record for the new request belongs here"
    return LegendResult(ends=(-math.inf, math.nan), greys=(0, 255))


_FACTS = HistogramsRequest | StatisticsRequest | DescribeRequest | KeyPropertiesRequest


def _facts_for(request: Request) -> Any:
    if isinstance(request, KeyPropertiesRequest):
        return KeyPropertiesResult(properties={"CloudCover": math.nan})
    if isinstance(request, HistogramsRequest):
        bins = Histogram(min=math.nan, max=math.inf, counts=(0, 1))
        return HistogramsResult(histograms=(bins,))
    found = BandStatistics(min=-math.inf, max=math.nan, mean=math.nan, std=1, count=1)
    if isinstance(request, StatisticsRequest):
        return StatisticsResult(statistics=(found,))
    return DescribeResult(pixel_type=PixelType.F64, names=("a",), statistics=(found,))


def _values_for(request: AreaCountsRequest | PointSamplesRequest) -> Any:
    if isinstance(request, AreaCountsRequest):
        bins = Histogram(min=math.nan, max=math.inf, counts=(0, 1))
        found = BandStatistics(min=math.nan, max=math.inf, mean=1, std=math.nan, count=1)
        return AreaCountsResult(
            bands=(BandCounts(statistics=found, histogram=bins, median=math.nan),)
        )
    sample = PointSample(place=0, x=math.nan, y=1.0, item=1, values=_HOLES, resolution=math.inf)
    return PointSamplesResult(samples=(sample,))


def _item() -> ItemResult:
    return ItemResult(
        id=1,
        name="a",
        attributes={"Cloud": math.nan},
        extent=Extent(0, 0, 1, 1),
        width=1,
        height=1,
        block_width=1,
        block_height=1,
        pixel_size_x=math.inf,
        pixel_size_y=math.nan,
        pixel_type=PixelType.U8,
        bands=1,
        levels=1,
        no_data=(math.nan,),
    )


def _no_constant(token: str) -> Any:
    pytest.fail(f"{token} is no JSON")


@pytest.mark.parametrize("form", ["json", "pjson"])
@pytest.mark.parametrize(
    "name", [n for n, o in OPERATIONS.items() if isinstance(o, AskedOperation)]
)
def test_answers_are_json_whatever_numbers_are_in_them(name: str, form: str) -> None:
    operation = OPERATIONS[name]
    assert isinstance(operation, AskedOperation)
    asked = operation.parse(_question({**_NEEDED, "bbox": "0,0,1,1"}, form))
    if asked.is_final:
        assert isinstance(asked.request, ImageRequest | ThumbnailRequest)
        return
    assert isinstance(operation, AnsweringOperation)
    context = AnswerContext(
        service="s", summary=_SUMMARY, request=asked.request, options={**asked.options, "f": form}
    )
    media_type, body = operation.answer(_result_for(asked.request), context)
    assert media_type.startswith("application/json")
    assert json.loads(body.decode("utf-8"), parse_constant=_no_constant)


def test_the_front_imports_no_heavy_library_with_the_operations() -> None:
    heavy = ("numba", "rasterio", "shapely", "PIL", "pyproj")
    code = (
        "import sys, server.protocols.arcgis.operations\n"
        f"sys.exit(','.join(m for m in {heavy} if m in sys.modules))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert made.stderr.strip() == ""
