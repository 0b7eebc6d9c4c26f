"""Key properties of a service are what all its items agree on; those of an item are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.extent import Extent
from engine.function_rules import TasseledCapRule
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.request_parts import ItemInput, MosaicInput, RenderingRule
from engine.service import open_service
from engine.service_properties import with_properties
from engine.summary import BandInfo, FieldInfo
from tests.engine.catalogs import FIELDS, make_catalog, make_item, make_row

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

_EXTRA = (
    FieldInfo(name="sensorName", type="string"),
    FieldInfo(name="PlatformName", type="string"),
    FieldInfo(name="SunElevation", type="double"),
)
_BANDS = tuple(BandInfo(name=f"B{number}") for number in range(1, 7))


def _service(folder: Path, *sun: float | None) -> ImageService:
    rows = [
        make_row(
            make_item(number, Extent(0, 0, 10, 10)),
            {
                "sensorName": "ETM",
                "PlatformName": "Landsat 7",
                "SunElevation": elevation,
                "Category": 1,
            },
        )
        for number, elevation in enumerate(sun, start=1)
    ]
    path = folder / "c.zmd"
    make_catalog(path, rows, fields=(*FIELDS, *_EXTRA), bands=_BANDS).close()
    return open_service(str(path))


def _known(service: ImageService, leaf: MosaicInput | ItemInput) -> dict[str, str | float]:
    return dict(with_properties(BandsInfo(PixelType.U8, 6), service, leaf).properties)


def test_what_all_items_agree_on_is_known_of_the_mosaic(tmp_path: Path) -> None:
    service = _service(tmp_path, 40.5, 40.5)
    assert _known(service, MosaicInput()) == {
        "sensorname": "ETM",
        "platformname": "Landsat 7",
        "sunelevation": 40.5,
    }


def test_what_differs_is_known_of_each_item_alone(tmp_path: Path) -> None:
    service = _service(tmp_path, 40.5, 12.0, None)
    assert "sunelevation" not in _known(service, MosaicInput())
    assert _known(service, ItemInput(item=2))["sunelevation"] == 12.0
    assert "sunelevation" not in _known(service, ItemInput(item=3))
    assert _known(service, ItemInput(item=99)) == {}


def test_companions_have_facts_of_their_own(tmp_path: Path) -> None:
    rows = [
        make_row(
            make_item(number, category=category),
            {"sensorName": sensor, "Category": category},
        )
        for number, (category, sensor) in enumerate(((1, "TM"), (5, "TIRS"), (2, None)), start=1)
    ]
    path = tmp_path / "c.zmd"
    make_catalog(path, rows, fields=(*FIELDS, *_EXTRA), bands=_BANDS).close()
    assert _known(open_service(str(path)), MosaicInput()) == {"sensorname": "TM"}


def test_functions_of_rules_find_the_sensor(tmp_path: Path) -> None:
    service = _service(tmp_path, 40.5, 12.0)
    rule = RenderingRule(function="TasseledCap", arguments=TasseledCapRule())
    tree = service.function_tree(rule, tuple(range(6)))
    assert tree.output.bands == 6
    assert tree.output.names[0] == "Brightness"
