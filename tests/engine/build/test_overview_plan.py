"""Which overviews are made: where they pay, once each, and the same files as a service grows."""

from __future__ import annotations

import pytest

from engine.build.overview_plan import (
    FILE_PX,
    LEVEL_STEP,
    OverviewMode,
    PrimaryBox,
    overview_files,
    overview_sizes,
)
from engine.extent import Extent


def _grid(
    count: int, side: float = 20_000.0, low: float = 10.0, high: float = 80.0
) -> list[PrimaryBox]:
    return [
        PrimaryBox(
            row * count + col,
            Extent(col * side, row * side, (col + 1.1) * side, (row + 1.1) * side),
            low,
            high,
        )
        for row in range(count)
        for col in range(count)
    ]


def _extent(boxes: list[PrimaryBox]) -> Extent:
    found = boxes[0].extent
    for box in boxes:
        found = found.union(box.extent)
    return found


def test_few_rasters_with_pyramids_need_no_overview() -> None:
    boxes = _grid(3)
    assert overview_sizes(boxes, _extent(boxes), "auto") == ()
    assert overview_sizes(boxes, _extent(boxes), "none") == ()


def test_many_rasters_get_overviews_before_a_tile_touches_too_many() -> None:
    boxes = _grid(12)
    sizes = overview_sizes(boxes, _extent(boxes), "auto")
    assert sizes
    tile = sizes[0] * 256
    assert tile < 4 * 20_000
    assert sizes[0] >= 40


def test_a_raster_without_pyramid_gets_one_where_averaging_would_be_slow() -> None:
    box = PrimaryBox(1, Extent(0, 0, 200_000, 200_000), 10, 10)
    assert overview_sizes([box], box.extent, "auto") == (80.0,)


@pytest.mark.parametrize("mode", ["auto", "all"])
def test_generations_end_with_one_file(mode: OverviewMode) -> None:
    boxes = _grid(40, side=50_000)
    extent = _extent(boxes)
    sizes = overview_sizes(boxes, extent, mode)
    files = list(overview_files(sizes, extent, boxes))
    last = [file for file in files if file.generation == len(sizes)]
    assert len(last) == 1
    assert max(last[0].width, last[0].height) <= FILE_PX + 2 * LEVEL_STEP
    assert list(sizes) == sorted(sizes)


def test_every_primary_lies_wholly_in_the_files_of_each_generation_it_belongs_to() -> None:
    boxes = [*_grid(30), PrimaryBox(9999, Extent(-100_000, 0, 700_000, 600_000), 600, 600)]
    extent = _extent(boxes)
    sizes = overview_sizes(boxes, extent, "all")
    files = list(overview_files(sizes, extent, boxes))
    for generation, size in enumerate(sizes, 1):
        own = [file.extent for file in files if file.generation == generation]
        for box in boxes:
            if box.low_ps > size:
                continue
            covered = sum(
                common.width * common.height
                for common in (e.intersection(box.extent) for e in own)
                if common is not None
            )
            assert covered == pytest.approx(box.extent.width * box.extent.height)


def test_files_stay_the_same_when_a_scene_is_added_far_away() -> None:
    boxes = _grid(30)
    sizes = (20.0, 640.0, 20480.0)
    before = {f.name for f in overview_files(sizes[:2], _extent(boxes), boxes) if f.generation == 1}
    more = [*boxes, PrimaryBox(9999, Extent(2e6, 2e6, 2.02e6, 2.02e6), 10, 80)]
    after = {f.name for f in overview_files(sizes, _extent(more), more) if f.generation == 1}
    assert before <= after
    assert len(after - before) <= 4


def test_a_file_is_a_whole_number_of_pixels() -> None:
    boxes = _grid(30)
    extent = _extent(boxes)
    for file in overview_files((20.0, 640.0), extent, boxes):
        assert file.extent.width == pytest.approx(file.width * file.pixel_size)
        assert file.width <= FILE_PX
        assert file.extent.xmin / file.pixel_size == pytest.approx(
            round(file.extent.xmin / file.pixel_size)
        )


def test_a_raster_of_millimetres_in_a_service_of_the_world_needs_a_handful_of_files() -> None:
    # Squares of a generation are counted by rasters: over this extent there are 10^13 of them.
    world = PrimaryBox(1, Extent(-2e7, -2e7, 2e7, 2e7), 40_000, 40_000)
    tiny = PrimaryBox(2, Extent(100.0, 100.0, 102.0, 102.0), 0.001, 0.001)
    files = list(overview_files((0.004, 0.128, 4.096, 131.072), world.extent, [world, tiny]))
    assert [file.generation for file in files] == [1, 2, 3, 4]
    assert files[0].extent.intersection(tiny.extent) == tiny.extent


def test_no_file_is_made_where_a_raster_only_touches_it() -> None:
    side = 10.0 * FILE_PX
    box = PrimaryBox(1, Extent(side, side, 2 * side, 2 * side), 5, 80)
    (file,) = overview_files((10.0,), Extent(0, 0, 4 * side, 4 * side), [box])
    assert file.extent == box.extent


def test_a_raster_over_the_antimeridian_has_overviews_where_it_lies_and_not_around_the_world() -> (
    None
):
    half, north = 20037508.34, 1_345_000.0
    whole = Extent(-half, north - 4000, half, north + 4000)
    parts = (
        Extent(-half, north - 4000, -half + 4000, north + 4000),
        Extent(half - 4000, north - 4000, half, north + 4000),
    )
    box = PrimaryBox(1, whole, 10.0, 10.0, parts)
    files = list(overview_files((80.0, 2560.0, 81920.0), whole, [box]))
    assert len([file for file in files if file.generation == 1]) <= 4
    for part in parts:
        assert any(file.extent.intersects(part) for file in files if file.generation == 1)
    around = list(overview_files((80.0,), whole, [PrimaryBox(1, whole, 10.0, 10.0)]))
    assert len(around) > 100
