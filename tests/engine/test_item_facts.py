"""What is told of one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import ItemNotFound
from engine.request import ItemRequest
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
    assert found.attributes["Name"] == "right"
    assert shapely.from_wkb(found.footprint).bounds == pytest.approx(
        (found.extent.xmin, found.extent.ymin, found.extent.xmax, found.extent.ymax), abs=1e-6
    )
    assert str(tmp_path) not in repr(found)
    with pytest.raises(ItemNotFound):
        answer(service, ItemRequest(item=3), UNLIMITED)
