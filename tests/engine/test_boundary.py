"""Where a service has imagery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.zmd_writer import ZmdExtras
from engine.catalog_results import BoundaryResult
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.request import BoundaryRequest
from engine.service import open_service
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from pathlib import Path

_ELL = shapely.Polygon([(0, 0), (2000, 0), (2000, 1000), (1000, 1000), (1000, 2000), (0, 2000)])


def _asked(folder: Path, extras: ZmdExtras, out_crs: str = "", **head: object) -> BoundaryResult:
    path = folder / "b.zmd"
    make_catalog(path, [make_row(make_item(1))], extras, **head).close()
    service = open_service(str(path), InstanceMemory())
    record = answer(service, BoundaryRequest(out_crs=out_crs), UNLIMITED).record
    service.close()
    assert isinstance(record, BoundaryResult)
    return record


def test_the_boundary_is_that_of_the_footprints(tmp_path: Path) -> None:
    found = _asked(tmp_path, ZmdExtras(boundary=_ELL.wkb))
    assert shapely.from_wkb(found.shape).equals(_ELL)
    # At the equator a metre of Web Mercator is one on the ground, but for the ellipsoid's waist.
    assert found.area_m2 == pytest.approx(3_000_000, rel=0.01)
    assert found.crs == ""


def test_without_one_it_is_the_extent(tmp_path: Path) -> None:
    found = _asked(tmp_path, ZmdExtras(), extent=Extent(0, 0, 1000, 3000))
    assert shapely.from_wkb(found.shape).equals(shapely.box(0, 0, 1000, 3000))


def test_it_is_drawn_on_the_map_asked_for_and_stays_as_large(tmp_path: Path) -> None:
    own = _asked(tmp_path, ZmdExtras(boundary=_ELL.wkb))
    found = _asked(tmp_path, ZmdExtras(boundary=_ELL.wkb), "EPSG:4326")
    assert (found.crs, found.area_m2) == ("EPSG:4326", own.area_m2)
    assert shapely.from_wkb(found.shape).bounds == pytest.approx((0, 0, 0.01797, 0.01797), abs=1e-4)


def test_an_area_beyond_the_earth_is_not_known(tmp_path: Path) -> None:
    beyond = shapely.box(1e12, 1e12, 2e12, 2e12)
    found = _asked(tmp_path, ZmdExtras(boundary=beyond.wkb), crs="EPSG:32633")
    assert math.isnan(found.area_m2)


@pytest.mark.parametrize("crs", ["ICS:1", "EPSG:999999"])
def test_only_maps_are_drawn_on(tmp_path: Path, crs: str) -> None:
    with pytest.raises(InvalidParameter, match="outSR"):
        _asked(tmp_path, ZmdExtras(boundary=_ELL.wkb), crs)
