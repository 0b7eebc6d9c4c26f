"""Which requests overviews may answer, and which go to the primaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from rasterio import Affine

from config.definition import MosaicMethod, MosaicOperator
from engine.budget import UNLIMITED
from engine.errors import InvalidParameter
from engine.explain import explain
from engine.extent import Extent
from engine.geometry.projection import MERCATOR
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


@pytest.fixture
def service(tmp_path: Path) -> ImageService:
    """Two rasters in one place; the files are gone: planning opens nothing."""
    paths = [
        write_raster(tmp_path / f"{name}.tif", np.full((1, 64, 64), value, np.uint8))
        for name, value in (("a", 5), ("b", 9))
    ]
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632")
    for path in paths:
        path.unlink()
    return open_service(str(tmp_path / "m.zmd"))


def _request(service: ImageService, **rule: object) -> ImageRequest:
    view = View(extent=service.summary.extent, width=64, height=64)
    return ImageRequest(view=view, encoding=Encoding(format="bsq"), mosaic=MosaicRule(**rule))


def test_the_order_is_the_rules(service: ImageService) -> None:
    lock = {"method": MosaicMethod.LOCK_RASTER}
    for ids in ((1, 2), (2, 1), (2,)):
        made = plan(service, _request(service, **lock, lock_ids=ids))
        assert tuple(planned.item.id for planned in made.items) == ids


def test_fids_leave_the_others_out(service: ImageService) -> None:
    made = plan(service, _request(service, fids=(2,)))
    assert [planned.item.id for planned in made.items] == [2]


def test_lock_raster_without_ids_names_its_parameter(service: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="lockRasterIds"):
        plan(service, _request(service, method=MosaicMethod.LOCK_RASTER))


@pytest.mark.parametrize(
    "rule",
    [
        {"method": MosaicMethod.NONE},
        {"method": MosaicMethod.NONE, "ascending": False},
        {"method": MosaicMethod.NORTH_WEST},
        {"method": MosaicMethod.NORTH_WEST, "ascending": False},
        {"method": MosaicMethod.CENTER},
        {"method": MosaicMethod.NADIR},
        {"method": MosaicMethod.ATTRIBUTE, "sort_field": "OBJECTID", "sort_value": 4.4},
        {"method": MosaicMethod.ATTRIBUTE, "sort_field": "OBJECTID", "ascending": False},
        {"method": MosaicMethod.SEAMLINE},
        {"method": MosaicMethod.NORTH_WEST, "where": "OBJECTID <> 5"},
        {"method": MosaicMethod.NORTH_WEST, "fids": (6, 5, 3, 2, 1)},
    ],
)
@pytest.mark.parametrize("crs", ["", MERCATOR])
def test_of_too_many_rasters_the_first_in_order_stay(
    tmp_path: Path, rule: dict[str, object], crs: str
) -> None:
    paths = [
        write_raster(
            tmp_path / f"{number}.tif",
            ramp(64, 64),
            transform=Affine(10, 0, 500000 + x, 0, -10, 5200000),
        )
        for number, x in enumerate((40, 0, 50, 10, 30, 20))
    ]
    plans = []
    for limit in (1000, 2):
        out = tmp_path / f"m{limit}.zmd"
        compile_mosaic(paths, out, crs="EPSG:32632", properties={"max_mosaic_images": limit})
        service = open_service(str(out))
        request = _request(service, **rule)
        plans.append(plan(service, msgspec.structs.replace(request, view=_view(service, crs))))
    ids = [[planned.item.id for planned in made.items] for made in plans]
    assert len(ids[0]) > 2
    assert ids[1] == ids[0][:2]
    assert [bool(made.truncated) for made in plans] == [False, True]


@pytest.mark.parametrize(
    ("sort_field", "order"), [("objectid", [3, 4, 2, 1]), ("AcqDate", [1, 2, 3, 4])]
)
def test_the_services_sort_value_is_for_its_own_field_alone(
    tmp_path: Path, sort_field: str, order: list[int]
) -> None:
    transforms = [Affine(10, 0, 500000 + 10 * n, 0, -10, 5200000) for n in range(4)]
    paths = [
        write_raster(tmp_path / f"{n}.tif", ramp(64, 64), transform=transform)
        for n, transform in enumerate(transforms)
    ]
    usual = {"sort_field": sort_field, "sort_value": "3.1"}
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632", properties=usual)
    service = open_service(str(tmp_path / "m.zmd"))
    made = plan(service, _request(service, method=MosaicMethod.ATTRIBUTE, sort_field="OBJECTID"))
    assert [planned.item.id for planned in made.items] == order


def test_a_sort_value_that_is_no_place_in_its_field_is_refused(service: ImageService) -> None:
    by_id = {"method": MosaicMethod.ATTRIBUTE, "sort_field": "OBJECTID"}
    assert plan(service, _request(service, **by_id, sort_value="2")).items[0].item.id == 2
    with pytest.raises(InvalidParameter, match="'newest' for parameter 'sortValue'"):
        plan(service, _request(service, **by_id, sort_value="newest"))


def _view(service: ImageService, crs: str) -> View:
    view = View(extent=service.summary.extent, width=64, height=64)
    return msgspec.structs.replace(view, out_crs=crs) if crs else view


def test_a_service_may_lock_rasters_by_default(tmp_path: Path) -> None:
    paths = [write_raster(tmp_path / f"{name}.tif", ramp(64, 64)) for name in ("a", "b", "c")]
    locked = {"mosaic_method": MosaicMethod.LOCK_RASTER, "lock_raster_ids": (3, 1)}
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632", properties=locked)
    service = open_service(str(tmp_path / "m.zmd"))
    for rule, ids in (({}, [3, 1]), ({"lock_ids": (2, 3)}, [2, 3]), ({"where": "OBJECTID=1"}, [1])):
        made = plan(service, _request(service, **rule))
        assert [planned.item.id for planned in made.items] == ids
        assert made.method is MosaicMethod.LOCK_RASTER
    free = plan(service, _request(service, method=MosaicMethod.NONE))
    assert [planned.item.id for planned in free.items] == [1, 2, 3]


def test_seamline_without_seamlines_is_north_west(service: ImageService) -> None:
    made = plan(service, _request(service, method=MosaicMethod.SEAMLINE))
    assert made.method is MosaicMethod.NORTH_WEST


@pytest.mark.parametrize("operator", list(MosaicOperator))
def test_the_operator_asked_for_is_in_force(
    service: ImageService, operator: MosaicOperator
) -> None:
    assert plan(service, _request(service, operator=operator)).operator is operator


def test_a_view_beside_the_data_plans_nothing(service: ImageService) -> None:
    view = View(extent=Extent(0.0, 0.0, 100.0, 100.0), width=10, height=10)
    made = plan(service, ImageRequest(view=view, encoding=Encoding(format="bsq")))
    assert made.items == ()


def test_bands_beyond_the_services_are_refused(service: ImageService) -> None:
    request = ImageRequest(
        view=_request(service).view, encoding=Encoding(format="bsq"), band_ids=(0, 3)
    )
    with pytest.raises(InvalidParameter, match="bandIds"):
        plan(service, request)


def test_explain_opens_no_file_and_names_no_path(service: ImageService) -> None:
    result = explain(_request(service), Work(service, UNLIMITED))
    assert [raster.id for raster in result.rasters] == [1, 2]
    assert all(raster.window == (0, 0, 64, 64) for raster in result.rasters)
    assert all(raster.grid_error_px <= 0.125 for raster in result.rasters)
    assert ".tif" not in repr(result)
