"""Two services as their summaries say them, and questions to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import numpy as np
import pytest
import rasterio

from config.definition import ServiceProperties
from engine.build.compile_raster import compile_raster
from engine.build.zmd_writer import CompiledRow, ZmdExtras, write_zmd
from engine.catalog import Catalog
from engine.extent import Extent, union_of
from engine.pixel_type import PixelType
from engine.summary import BandInfo, BandStatistics, FieldInfo, ServiceSummary, TimeInfo
from server.protocols.arcgis.operations.base import Question
from server.protocols.arcgis.parameters import Parameters
from server.site.publishing import Publisher
from tests.server.protocols.arcgis.live import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


# A real server with a small mosaic, for whatever can only be seen end to end.

HILLS = "demo/hills"
_SIDE = 64
_PIXEL = 10.0
_LEFT, _TOP = 500000.0, 5500640.0
_FIRST_DAY, _SECOND_DAY = 1_600_000_000_000, 1_600_086_400_000


def _write_scene(path: Path, left: float, colour: tuple[int, int, int]) -> Path:
    data = np.empty((3, _SIDE, _SIDE), np.uint8)
    data[:] = np.array(colour, np.uint8)[:, None, None]
    transform = rasterio.Affine(_PIXEL, 0.0, left, 0.0, -_PIXEL, _TOP)
    shape = {"count": 3, "height": _SIDE, "width": _SIDE, "dtype": "uint8"}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:32633", transform=transform, **shape
    ) as f:
        f.write(data)
    return path


def _compile_mosaic(folder: Path) -> Path:
    """Two scenes side by side, the second half over the first, one day later."""
    scenes = (
        (_write_scene(folder / "a.tif", _LEFT, (10, 20, 30)), _FIRST_DAY),
        (_write_scene(folder / "b.tif", _LEFT + 320.0, (110, 120, 130)), _SECOND_DAY),
    )
    rows, operations, extents = [], {}, []
    for number, (scene, day) in enumerate(scenes, start=1):
        compiled = scene.with_suffix(".zmd")
        compile_raster(scene, compiled)
        catalog = Catalog.open(compiled)
        summary = catalog.summary
        operations.update(msgspec.msgpack.decode(catalog.meta("operations") or b""))
        item = msgspec.structs.replace(catalog.item(1), id=number, z_order=None)
        outline = catalog.footprints_of([1])[1]
        catalog.close()
        rows.append(CompiledRow(item=item, wkb=outline, attributes={"AcqDate": day}))
        extents.append(item.extent)
    fields = [
        FieldInfo(name="OBJECTID", type="oid"),
        FieldInfo(name="Shape", type="geometry"),
        *(FieldInfo(name=n, type="double") for n in ("MinPS", "MaxPS", "LowPS", "HighPS")),
        FieldInfo(name="Name", type="string", length=100),
        FieldInfo(name="Category", type="integer"),
        FieldInfo(name="AcqDate", type="date"),
        FieldInfo(name="Raster", type="raster"),
    ]
    extent = union_of(extents)
    assert extent is not None
    whole = msgspec.structs.replace(
        summary,
        source_type="mosaic",
        extent=extent,
        extent_lonlat=Extent(15.0, 49.6525, 15.0134, 49.6584),
        extent_mercator=Extent(1669792.3, 6386318.2, 1671273.1, 6387308.3),
        fields=tuple(fields),
        time=TimeInfo(
            start_field="AcqDate", end_field="AcqDate", start=_FIRST_DAY, end=_SECOND_DAY
        ),
        properties=ServiceProperties(title="Hills <b>&", description="Rolling", copyright="© us"),
    )
    out = folder / "hills.zmd"
    write_zmd(out, whole, rows, ZmdExtras(operations=operations))
    return out


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the mosaic demo/hills and the single raster `plain`."""
    folder = tmp_path_factory.mktemp("arcgis")
    publisher = Publisher(folder / "data")
    publisher.publish(_compile_mosaic(folder), HILLS)
    publisher.publish(folder / "a.zmd", "plain")
    return folder / "data"


@pytest.fixture(scope="session")
def server_url(served_folder: Path) -> Iterator[str]:
    """The address of a server of its own with one instance."""
    with serving(served_folder) as url:
        yield url


@pytest.fixture(scope="session")
def client(server_url: str) -> Iterator[httpx.Client]:
    """A client whose relative addresses begin at the services directory."""
    with httpx.Client(base_url=server_url + "/arcgis/rest/services/", timeout=60) as made:
        yield made
