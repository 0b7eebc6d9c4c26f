"""The engine's one door: every request is answered by bytes or by a record of its own kind."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import shapely
from PIL import Image
from rasterio.io import MemoryFile

from engine.answer import Answer, answer
from engine.budget import UNLIMITED
from engine.errors import TileOutsideLimits
from engine.extent import Extent
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
    PictureInfoRequest,
    PlaceRequest,
    PointSamplesRequest,
    QueryRequest,
    Request,
    StatisticsRequest,
    StripLayoutRequest,
    StripRequest,
    ThumbnailRequest,
)
from engine.request_parts import Encoding, RenderingRule, TileAddress, View
from engine.results import (
    AnglesResult,
    AreaCountsResult,
    DescribeResult,
    ExplainResult,
    HistogramsResult,
    IdentifyResult,
    ItemResult,
    KeyPropertiesResult,
    LegendResult,
    PictureInfoResult,
    PlaceResult,
    PointSamplesResult,
    QueryResult,
    StatisticsResult,
)
from engine.tiff_layout import TiffLayout, finish

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


def _image(service: ImageService, form: str = "tiff", **encoding: object) -> ImageRequest:
    view = View(extent=service.summary.extent, width=96, height=64)
    return ImageRequest(view=view, encoding=Encoding(format=form, **encoding))  # type: ignore[arg-type]  # -- a shorthand


def _answer(service: ImageService, request: Request) -> Answer:
    return answer(service, request, UNLIMITED)


def test_a_question_that_is_not_pixels_has_its_kind_of_record(pair: ImageService) -> None:
    place = shapely.to_wkb(shapely.Point(500100.0, 5199900.0))
    kinds: list[tuple[Request, type]] = [
        (PictureInfoRequest(image=_image(pair)), PictureInfoResult),
        (IdentifyRequest(geometry=place), IdentifyResult),
        (QueryRequest(), QueryResult),
        (ExplainRequest(image=_image(pair)), ExplainResult),
        (HistogramsRequest(), HistogramsResult),
        (StatisticsRequest(), StatisticsResult),
        (AreaCountsRequest(geometry=place), AreaCountsResult),
        (PointSamplesRequest(geometry=place), PointSamplesResult),
        (DescribeRequest(rendering=RenderingRule()), DescribeResult),
        (LegendRequest(), LegendResult),
        (KeyPropertiesRequest(), KeyPropertiesResult),
        (PlaceRequest(positions=bytes(24), to_crs="ICS:1"), PlaceResult),
        (AnglesRequest(item=1), AnglesResult),
        (ItemRequest(item=1), ItemResult),
    ]
    for request, kind in kinds:
        found = _answer(pair, request)
        assert isinstance(found.record, kind)
        assert found.body == b""
        assert "plan" in found.stages


def test_a_data_format_is_raw_and_placed(pair: ImageService) -> None:
    found = _answer(pair, _image(pair))
    assert found.media_type == "image/tiff"
    with MemoryFile(bytes(found.body)) as file, file.open() as dataset:
        assert dataset.crs.to_epsg() == 32632
        assert Extent(*dataset.bounds) == pair.summary.extent
        assert dataset.read()[:, 5, 5].tolist() == [50, 51, 52]
        assert dataset.read()[:, 5, 90].tolist() == [200, 201, 202]


def test_stages_of_a_picture_are_told(pair: ImageService) -> None:
    stages = _answer(pair, _image(pair, "png")).stages
    assert {"plan", "grid", "blocks", "sample", "picture", "encode"} <= set(stages)
    assert all(ms >= 0 for ms in stages.values())


def test_a_thumbnail_shows_the_whole_service(pair: ImageService) -> None:
    found = _answer(pair, ThumbnailRequest(width=60, height=60))
    picture = np.asarray(Image.open(BytesIO(found.body)).convert("RGBA"))
    assert picture.shape == (60, 60, 4)
    assert picture[30, 5, 3] == picture[30, 55, 3] == 255
    assert picture[2, 30, 3] == 0


@pytest.mark.parametrize("compression", ["deflate", "none"])
def test_strips_put_together_are_the_whole_image(pair: ImageService, compression: str) -> None:
    image = _image(pair, compression=compression)
    layout = msgspec.msgpack.decode(
        _answer(pair, StripLayoutRequest(image=image, rows_per_strip=24)).body, type=TiffLayout
    )
    strips = [
        _answer(pair, StripRequest(image=image, first_row=first, rows=min(24, 64 - first)))
        for first in range(0, 64, 24)
    ]
    sizes = [
        tuple(int(size) for size in dict(strip.headers)["X-Swath-Strip-Sizes"].split(","))
        for strip in strips
    ]
    joined = finish(layout, sizes) + b"".join(bytes(strip.body) for strip in strips)
    with MemoryFile(joined) as file, file.open() as dataset:
        whole, mask = dataset.read(), dataset.read_masks(1)
    with MemoryFile(bytes(_answer(pair, image).body)) as file, file.open() as dataset:
        np.testing.assert_array_equal(whole, dataset.read())
        np.testing.assert_array_equal(mask, dataset.read_masks(1))


@pytest.mark.parametrize("blank", ["image", "missing"])
def test_a_tile_beside_the_data_is_blank_or_missing_as_asked(
    pair: ImageService, blank: str
) -> None:
    view = View(tile=TileAddress(level=5, row=0, col=0))
    request = ImageRequest(view=view, encoding=Encoding(format="png"), blank=blank)  # type: ignore[arg-type]  # -- a literal
    if blank == "missing":
        with pytest.raises(TileOutsideLimits):
            _answer(pair, request)
        return
    picture = np.asarray(Image.open(BytesIO(_answer(pair, request).body)).convert("RGBA"))
    assert (picture[..., 3] == 0).all()


def test_an_answer_without_one_of_its_sources_is_not_kept(
    pair: ImageService, tmp_path: Path
) -> None:
    assert _answer(pair, _image(pair)).cacheable
    (tmp_path / "east.tif").unlink()
    pair.memory.blocks.clear()
    pair.memory.handles.close()
    found = _answer(pair, _image(pair))
    assert not found.cacheable
    with MemoryFile(bytes(found.body)) as file, file.open() as dataset:
        mask = dataset.read_masks(1)
    assert mask[:, :64].all()
    assert not mask[:, 64:].any()


def test_values_that_a_request_calls_no_data_are_invalid(pair: ImageService) -> None:
    request = msgspec.structs.replace(_image(pair), no_data=(50.0, 51.0, 52.0))
    with MemoryFile(bytes(_answer(pair, request).body)) as file, file.open() as dataset:
        mask = dataset.read_masks(1)
    assert not mask[:, :32].any()
    assert mask[:, 65:].all()


def test_the_size_of_a_picture_is_told_without_pixels(pair: ImageService, tmp_path: Path) -> None:
    for path in tmp_path.glob("*.tif"):
        path.unlink()
    view = View(extent=Extent(5e5, 5.1e6, 5.1e5, 5.2e6), width=50, height=50, adjust_aspect=True)
    image = ImageRequest(view=view, encoding=Encoding(format="png"))
    record = _answer(pair, PictureInfoRequest(image=image)).record
    assert isinstance(record, PictureInfoResult)
    assert (record.width, record.height, record.crs) == (50, 50, "EPSG:32632")
    assert record.extent.width == pytest.approx(100000)
