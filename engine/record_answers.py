"""Requests that are not answered with pixels: one function each, which returns a result record.

A further request is a record in `request.py`, a function of (request, work) and a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.area_counts import area_counts
from engine.boundary import boundary
from engine.catalog_images import catalog_images
from engine.class_statistics import class_statistics
from engine.explain import explain
from engine.identify import identify
from engine.image_directions import image_directions
from engine.image_shapes import query_on_map, rows_in_image
from engine.image_space import image_space_item
from engine.item_facts import item_facts
from engine.key_properties import key_properties
from engine.legend import legend
from engine.measure import measure, measure_image
from engine.measure_requests import (
    ClassStatisticsRequest,
    MeasureImageRequest,
    MeasureRequest,
    VolumeRequest,
)
from engine.multiray import multiray
from engine.place import place
from engine.plan import plan
from engine.point_samples import point_samples
from engine.query import query
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
from engine.results import HistogramsResult, PictureInfoResult, QueryResult, StatisticsResult
from engine.rule_counts import statistics_of
from engine.rule_description import describe_rule
from engine.rule_validity import validate
from engine.slices import slices
from engine.tilemap import tilemap
from engine.volume import volumes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.render_work import Work


def record_answer(request: Request, work: Work) -> object:
    """Return the result record of a request.

    Raises
    ------
    ImageServerError
    """
    return _ANSWERS[type(request)](request, work)


def _picture_info(request: PictureInfoRequest, work: Work) -> PictureInfoResult:
    # An address is given of what can be answered alone.
    grid = plan(work.service, request.image).grid
    return PictureInfoResult(
        width=grid.width, height=grid.height, extent=grid.extent, crs=grid.lattice.crs
    )


def _query(request: QueryRequest, work: Work) -> QueryResult:
    """Answer a query; its geometry and footprints may be in the image space of a raster."""
    service = work.service
    with service.catalog.watched_by(work.budget):
        found = query(service.catalog, query_on_map(service, request))
        if request.returns != "features" or image_space_item(request.out_crs) is None:
            return found
        return rows_in_image(service, found, request.out_crs)


def _explain(request: ExplainRequest, work: Work) -> object:
    return explain(request.image, work)


def _statistics(request: StatisticsRequest, work: Work) -> StatisticsResult:
    counts = statistics_of(work.service, request.rendering, work.budget)
    return StatisticsResult(statistics=counts.statistics)


def _histograms(request: HistogramsRequest, work: Work) -> HistogramsResult:
    counts = statistics_of(work.service, request.rendering, work.budget)
    return HistogramsResult(histograms=counts.histograms)


_ANSWERS: Mapping[type, Callable[[Any, Work], object]] = {
    PictureInfoRequest: _picture_info,
    IdentifyRequest: identify,
    QueryRequest: _query,
    ExplainRequest: _explain,
    AreaCountsRequest: area_counts,
    PointSamplesRequest: point_samples,
    PlaceRequest: place,
    AnglesRequest: image_directions,
    MultirayRequest: multiray,
    MeasureRequest: measure,
    MeasureImageRequest: measure_image,
    VolumeRequest: volumes,
    ClassStatisticsRequest: class_statistics,
    ItemRequest: item_facts,
    StatisticsRequest: _statistics,
    HistogramsRequest: _histograms,
    LegendRequest: legend,
    DescribeRequest: describe_rule,
    KeyPropertiesRequest: key_properties,
    TilemapRequest: tilemap,
    BoundaryRequest: boundary,
    CatalogImagesRequest: catalog_images,
    ValidateRequest: validate,
    SlicesRequest: slices,
}
