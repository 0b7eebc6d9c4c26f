"""Records such as the engine answers with, their numbers not finite wherever they may be."""

from __future__ import annotations

import math
import struct
from typing import Any

from engine.catalog_results import (
    BoundaryResult,
    CatalogCamera,
    CatalogImage,
    CatalogImagesResult,
    ValidateResult,
)
from engine.extent import Extent
from engine.measure_requests import (
    ClassStatisticsRequest,
    MeasureImageRequest,
    MeasureRequest,
    VolumeRequest,
)
from engine.measurements import (
    ClassStatistics,
    ClassStatisticsResult,
    ImageShapeResult,
    Measured,
    MeasureResult,
    Volume,
    VolumesResult,
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
    TilemapRequest,
    ValidateRequest,
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
    SliceInfo,
    SlicesResult,
    StatisticsResult,
    TilemapResult,
)
from engine.summary import BandStatistics, FieldInfo, Histogram

_HOLES = (math.nan, math.inf, -math.inf)


def hollow_result(request: Request) -> Any:
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
    if isinstance(request, AreaCountsRequest | PointSamplesRequest | _MEASURES):
        return _values_for(request)
    if isinstance(request, PictureInfoRequest):
        return PictureInfoResult(width=1, height=1, extent=Extent(0, 0, 1, 1))
    if isinstance(request, ExplainRequest):
        raster = ExplainedRaster(id=1, name="a", ratio=math.inf, grid_error_px=math.nan)
        return ExplainResult(extent=Extent(0, 0, 1, 1), width=1, height=1, rasters=(raster,))
    if isinstance(request, _PLACES):
        return _places_for(request)
    if isinstance(request, _CATALOG):
        return _catalog_for(request)
    assert isinstance(request, LegendRequest), "a record for the new request belongs here"
    return LegendResult(ends=(-math.inf, math.nan), greys=(0, 255))


_PLACES = PlaceRequest | MultirayRequest | AnglesRequest | ItemRequest
_CATALOG = BoundaryRequest | CatalogImagesRequest | ValidateRequest | SlicesRequest


def _places_for(request: Request) -> Any:
    if isinstance(request, AnglesRequest):
        return AnglesResult(north_deg=math.nan, up_deg=math.inf)
    if isinstance(request, ItemRequest):
        return _item()
    return PlaceResult(positions=struct.pack("<3d", math.nan, math.nan, 1.0) * 2)


def _catalog_for(request: Request) -> Any:
    if isinstance(request, BoundaryRequest):
        return BoundaryResult(shape=b"", area_m2=math.nan)
    if isinstance(request, ValidateRequest):
        return ValidateResult(problems=("\u2028",))
    if isinstance(request, SlicesRequest):
        deep = SliceInfo(number=0, variable="salinity", values=(("StdZ", math.nan),))
        return SlicesResult(slices=(deep, SliceInfo(number=1, variable="")))
    image = CatalogImage(id=1, name="a", center=(math.nan, 1.0), perspective_center=_HOLES)
    camera = CatalogCamera(id="c", focal_length=math.inf)
    return CatalogImagesResult(images=(image,), cameras=(camera,), exceeded=True)


_MEASURES = MeasureRequest | MeasureImageRequest | VolumeRequest | ClassStatisticsRequest


def _measured_for(request: Request) -> Any:
    if isinstance(request, MeasureRequest):
        names = ("distance", "azimuthAngle", "elevationAngle", "area", "perimeter", "height")
        values = (*_HOLES, 0.0, -1e-300, 1e300)
        quantities = {
            name: Measured(value=value, uncertainty=math.inf)
            for name, value in zip(names, values, strict=True)
        }
        return MeasureResult(point=_HOLES, quantities=quantities)
    if isinstance(request, MeasureImageRequest):
        point = struct.pack("<BIdd", 1, 1, 1.0, 2.0)
        return ImageShapeResult(shape=point, length_m=math.nan, center=(math.nan, math.inf))
    if isinstance(request, VolumeRequest):
        holes = dict.fromkeys(("min_z", "max_z", "mean_z", "cut_m3", "fill_m3"), math.nan)
        none = Volume(area_m2=math.inf, cut_cells=0, fill_cells=0, **holes)
        return VolumesResult(volumes=(none,))
    rows = (_HOLES,) * 3
    found = ClassStatistics(id=1, name="\u2028", count=1, means=_HOLES, covariances=rows)
    return ClassStatisticsResult(classes=(found,))


_FACTS = (
    HistogramsRequest | StatisticsRequest | DescribeRequest | KeyPropertiesRequest | TilemapRequest
)


def _facts_for(request: Request) -> Any:
    if isinstance(request, TilemapRequest):
        return TilemapResult(data=b"\x01")
    if isinstance(request, KeyPropertiesRequest):
        return KeyPropertiesResult(properties={"CloudCover": math.nan})
    if isinstance(request, HistogramsRequest):
        bins = Histogram(min=math.nan, max=math.inf, counts=(0, 1))
        return HistogramsResult(histograms=(bins,))
    found = BandStatistics(min=-math.inf, max=math.nan, mean=math.nan, std=1, count=1)
    if isinstance(request, StatisticsRequest):
        return StatisticsResult(statistics=(found,))
    return DescribeResult(pixel_type=PixelType.F64, names=("a",), statistics=(found,))


def _values_for(request: Request) -> Any:
    if isinstance(request, _MEASURES):
        return _measured_for(request)
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
        map_extent=Extent(0, 0, 1, 1),
        columns=1,
        rows=1,
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
