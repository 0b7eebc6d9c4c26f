"""Two services as their summaries say them, and questions to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from config.definition import ServiceProperties
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.summary import BandInfo, BandStatistics, FieldInfo, ServiceSummary, TimeInfo
from server.protocols.arcgis.operations.base import Question
from server.protocols.arcgis.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://host/arcgis/rest/services/demo/hills/ImageServer"


@pytest.fixture
def mosaic() -> ServiceSummary:
    """Three bands of U8 in UTM 33N, with a catalog, statistics and dates."""
    return ServiceSummary(
        properties=ServiceProperties(title="Hills", description="Rolling", copyright="© us"),
        data_type="rgb",
        crs="EPSG:32633",
        wkid=32633,
        latest_wkid=32633,
        extent=Extent(500000.0, 5500000.0, 510000.0, 5508000.0),
        extent_lonlat=Extent(15.0, 49.6, 15.2, 49.7),
        extent_mercator=Extent(1669792.0, 6380000.0, 1686000.0, 6393000.0),
        pixel_size_x=10.0,
        pixel_size_y=10.0,
        pixel_type=PixelType.U8,
        bands=tuple(BandInfo(name=name) for name in ("Red", "Green", "Blue")),
        statistics=tuple(BandStatistics(min=0, max=250, mean=100.5, std=20) for _ in range(3)),
        has_histograms=True,
        picture_bands=(0, 1, 2),
        fields=(
            FieldInfo(name="OBJECTID", type="oid"),
            FieldInfo(name="Shape", type="geometry"),
            FieldInfo(name="Raster", type="raster"),
            FieldInfo(name="Name", type="string", length=200),
            FieldInfo(name="Category", type="integer"),
            FieldInfo(name="AcqDate", type="date"),
        ),
        time=TimeInfo(start_field="AcqDate", end_field="AcqDate", start=1000, end=2000),
        item_count=4,
    )


@pytest.fixture
def raster() -> ServiceSummary:
    """One band of F32 in Web Mercator, a single raster."""
    return ServiceSummary(
        properties=ServiceProperties(),
        source_type="raster",
        data_type="elevation",
        crs="EPSG:3857",
        wkid=102100,
        latest_wkid=3857,
        extent=Extent(0.0, 0.0, 2560.0, 2560.0),
        extent_mercator=Extent(0.0, 0.0, 2560.0, 2560.0),
        pixel_size_x=10.0,
        pixel_size_y=10.0,
        pixel_type=PixelType.F32,
        bands=(BandInfo(name="Band_1"),),
        no_data=(-9999.0,),
    )


@pytest.fixture
def ask(mosaic: ServiceSummary) -> Callable[..., Question]:
    """A function from parameters (and `f`, `summary`) to a Question."""

    def make(
        parameters: dict[str, str] | str, f: str = "json", summary: ServiceSummary = mosaic
    ) -> Question:
        read: Any = (
            Parameters.from_query if isinstance(parameters, str) else Parameters.from_mapping
        )
        pairs = () if isinstance(parameters, str) else tuple(parameters.items())
        return Question(
            service="demo/hills",
            url=URL,
            f=f,
            summary=summary,
            parameters=read(parameters),
            query=pairs,
        )

    return make
