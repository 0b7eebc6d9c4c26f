"""The common ground of two services, whatever CRS each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.errors import ConfigError
from engine.extent import Extent
from server.comparison.picture_service import ServiceFacts, common_ground

if TYPE_CHECKING:
    from server.comparison.view import View


@dataclass(frozen=True)
class _Service:
    facts: ServiceFacts

    def picture_url(self, view: View) -> str:
        return f"http://h/{view.number}"


def _service(crs: str, box: Extent, pixel_size: float = 0.0) -> _Service:
    return _Service(ServiceFacts("kind", f"http://h/{crs}", {crs: box}, pixel_size))


_UTM = _service("EPSG:32633", Extent(500_000, 4_990_000, 510_000, 5_000_000), 10.0)


def test_the_box_in_both_and_the_finer_pixel() -> None:
    other = _service("EPSG:32633", Extent(505_000, 4_900_000, 600_000, 4_995_000), 2.5)
    ground = common_ground([_UTM, other], "EPSG:32633")
    assert ground.extent == Extent(505_000, 4_990_000, 510_000, 4_995_000)
    assert ground.pixel_size == 2.5


def test_boxes_and_pixels_are_projected() -> None:
    lonlat = _service("EPSG:4326", Extent(15.0, 45.1, 15.05, 45.14))
    ground = common_ground([_UTM, lonlat], "EPSG:3857")
    # 15° east on the equator's circle; 10 m at 45.1° north are 14.2 m of it.
    assert ground.extent.xmin == pytest.approx(1_669_792.4, abs=5)
    assert ground.extent.width == pytest.approx(5_566, abs=20)
    assert ground.pixel_size == pytest.approx(14.15, abs=0.05)


def test_the_whole_world_ends_where_mercator_ends() -> None:
    world = _service("EPSG:4326", Extent(-180, -90, 180, 90), 0.1)
    ground = common_ground([world, world], "EPSG:3857")
    assert ground.extent.ymax == pytest.approx(20_037_508, rel=1e-4)
    assert ground.extent.xmin == pytest.approx(-20_037_508.34, abs=1)


def test_services_of_different_places_are_told() -> None:
    other = _service("EPSG:32633", Extent(100_000, 0, 110_000, 1000))
    with pytest.raises(ConfigError, match="share no place"):
        common_ground([_UTM, other], "EPSG:3857")


def test_a_box_that_is_stated_is_taken() -> None:
    stated = Extent(505_000, 4_991_000, 506_000, 4_992_000)
    boxes = {"EPSG:4326": Extent(15, 45, 16, 46), "EPSG:32633": stated}
    wms = _Service(ServiceFacts("WMS", "http://h", boxes))
    assert common_ground([_UTM, wms], "EPSG:32633").extent == stated
