"""An open service: defaults from its head, places of items on any map, memory shared in the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from config.definition import Interpolation
from engine.errors import ConfigError
from engine.geometry.projection import MERCATOR, transform
from engine.process_memory import process_memory
from engine.service import open_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(90), b"no database" * 40])
def test_what_is_no_compiled_definition_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zmd"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.zmd"):
        open_service(str(path))


def test_a_definition_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.zmd"):
        open_service(str(tmp_path / "gone.zmd"))


@pytest.mark.parametrize(
    ("data_type", "declared", "chosen", "expected"),
    [
        ("rgb", None, None, Interpolation.BILINEAR),
        ("thematic", None, None, Interpolation.NEAREST),
        ("thematic", False, None, Interpolation.BILINEAR),
        ("generic", True, None, Interpolation.NEAREST),
        ("thematic", None, Interpolation.MAJORITY, Interpolation.MAJORITY),
    ],
)
def test_classes_are_sampled_nearest_unless_the_author_says_otherwise(
    pair: ImageService,
    data_type: str,
    declared: bool | None,
    chosen: Interpolation | None,
    expected: Interpolation,
) -> None:
    properties = msgspec.structs.replace(
        pair.summary.properties, thematic=declared, interpolation=chosen
    )
    pair.summary = msgspec.structs.replace(pair.summary, data_type=data_type, properties=properties)
    assert pair.interpolation is expected


@pytest.mark.parametrize("crs", ["EPSG:32632", MERCATOR, "EPSG:4326", "EPSG:3035"])
def test_an_items_place_leads_from_the_map_to_its_own_pixels(pair: ImageService, crs: str) -> None:
    item = pair.catalog.item(1)
    placed = pair.placed(item, crs)
    assert placed is not None
    assert placed.scale_x > 0
    assert placed.scale_y > 0
    # The middle of its box on that map is the middle of the raster, within its own size.
    box = placed.box
    x, y = transform(placed.locator.pipeline, np.array([box.center_x]), np.array([box.center_y]))
    assert x[0] == pytest.approx(500320, abs=100)
    assert y[0] == pytest.approx(5199680, abs=100)
    assert pair.placed(item, crs) is placed


def test_pixels_of_the_map_are_counted_along_its_axes(pair: ImageService) -> None:
    placed = pair.placed(pair.catalog.item(1), MERCATOR)
    assert placed is not None
    # A Mercator metre at 46.95° north is cos(46.95°) on the ground: pixels of 10 m.
    expected = np.cos(np.radians(46.95)) / 10
    assert placed.scale_x == pytest.approx(expected, rel=0.01)
    assert placed.scale_y == pytest.approx(expected, rel=0.01)


def test_pictures_are_made_once_per_arguments(pair: ImageService) -> None:
    assert pair.picture((), None, "") is pair.picture((), None, "")
    assert pair.picture((0,), None, "") is not pair.picture((), None, "")


def test_blocks_are_shared_by_threads_and_handles_are_not(pair: ImageService) -> None:
    memory = process_memory()
    assert pair.memory is memory
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.extend([memory.blocks, memory.handles]))
    thread.start()
    thread.join()
    assert others[0] is memory.blocks
    assert others[1] is not memory.handles
    assert memory.handles is memory.handles
