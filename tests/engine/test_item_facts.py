"""What is told of one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.errors import ItemNotFound
from engine.extent import Extent
from engine.request import ItemRequest
from engine.service import open_service
from tests.engine.catalogs import make_catalog, make_item, make_row
from tests.engine.image_pairs import pair_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results import ItemResult


def test_an_item_is_told_without_its_path(tmp_path: Path) -> None:
    service = pair_service(tmp_path)
    found: ItemResult = answer(service, ItemRequest(item=2), UNLIMITED).record  # type: ignore[assignment]  # -- its kind of record
    assert (found.id, found.name, found.width, found.height) == (2, "right", 400, 300)
    assert (found.bands, found.pixel_type, found.has_sensor) == (2, "U16", True)
    assert (found.block_width, found.levels) == (128, 1)
    assert found.pixel_size_x == pytest.approx(5, abs=0.5)
    # Turned on the map: its box holds a whole number of pixels about as large.
    assert found.map_extent.width == pytest.approx(found.columns * found.pixel_size_x)
    assert found.map_extent.height == pytest.approx(found.rows * found.pixel_size_y)
    # Nobody has asked for them.
    assert (found.statistics, found.histograms) == ((), ())
    assert found.attributes["Name"] == "right"
    assert shapely.from_wkb(found.footprint).bounds == pytest.approx(
        (found.extent.xmin, found.extent.ymin, found.extent.xmax, found.extent.ymax), abs=1e-6
    )
    # A sensor model places it: it has no map of its own.
    assert (found.crs, found.native_extent, found.driver) == ("", None, "GTiff")
    assert found.extent_lonlat is not None
    assert found.extent_lonlat.xmin < found.extent_lonlat.xmax
    assert str(tmp_path) not in repr(found)
    with pytest.raises(ItemNotFound):
        answer(service, ItemRequest(item=3), UNLIMITED)


@pytest.mark.parametrize(
    ("geotransform", "box"),
    [
        ((100.0, 2.0, 0.0, 200.0, 0.0, -3.0), Extent(100, 170, 120, 200)),
        ((100.0, -2.0, 0.0, 200.0, 0.0, 3.0), Extent(80, 200, 100, 230)),
        ((100.0, 2.0, 1.0, 200.0, 0.0, -3.0), None),
    ],
)
def test_a_raster_has_a_box_on_its_own_map_unless_it_is_turned(
    tmp_path: Path, geotransform: tuple[float, ...], box: Extent | None
) -> None:
    make_catalog(tmp_path / "t.zmd", [make_row(make_item(1, geotransform=geotransform))]).close()
    service = open_service(str(tmp_path / "t.zmd"), InstanceMemory())
    found: ItemResult = answer(service, ItemRequest(item=1), UNLIMITED).record  # type: ignore[assignment]  # -- its kind of record
    assert (found.crs, found.native_extent) == ("EPSG:3857", box)
    if box is not None:
        # The service has the same map: all pixels, wherever the footprint lies.
        assert (found.map_extent, found.columns, found.rows) == (box, 10, 10)
        assert (found.pixel_size_x, found.pixel_size_y) == (2.0, 3.0)
    service.close()
