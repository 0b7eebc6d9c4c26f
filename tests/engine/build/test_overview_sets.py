"""Overviews of groups: a condition that is a group gets its overviews, and never anything else.

Covers engine.build.overview_cost, engine.build.overview_options, engine.overview_groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import MosaicOperator
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.overview_cost import overview_cost
from engine.build.overview_plan import PrimaryBox
from engine.build.overview_sets import group_field
from engine.errors import ConfigError
from engine.extent import Extent
from engine.item import OVERVIEW
from engine.plan import plan
from engine.read_view import read_view
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import ImageService, open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Scenes overlap; those of one year have one value.
_YEARS = (2019, 2019, 2020, 2020, 2021, 2021, None)
_VALUE = {2019: 50, 2020: 120, 2021: 200, None: 90}
_GROUPED = BuildOptions(overviews="all", overviews_by="year")


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    for number, year in enumerate(_YEARS):
        data = np.full((3, 300, 300), _VALUE[year], "uint8")
        at = place(number % 3 * 2000, -(number // 3) * 2000)
        write_geotiff(tmp_path / f"s{number}.tif", data, at, nodata=0, overviews=(2, 4))
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    with made.table() as table, table.batch():
        table.ensure_field("Year", "INTEGER")
        for row, year in zip(list(table.rows()), _YEARS, strict=True):
            table.update(row.id, {"Year": year})
    return made


def _service(folder: DefinitionFolder) -> ImageService:
    out = folder.path.with_suffix(".zmd")
    out.unlink(missing_ok=True)
    compile_definition(folder.path, out)
    return open_service(str(out))


@pytest.fixture
def service(folder: DefinitionFolder) -> Iterator[ImageService]:
    build_definition(folder, _GROUPED)
    made = _service(folder)
    yield made
    made.close()


def _view(service: ImageService, size: float) -> View:
    extent = service.summary.extent
    return View(extent=extent, width=round(extent.width / size), height=round(extent.height / size))


def _planned(service: ImageService, where: str, size: float) -> list[tuple[int, object]]:
    """Return category and year of the items of a plan."""
    request = ImageRequest(
        view=_view(service, size), encoding=Encoding(format="bsq"), mosaic=MosaicRule(where=where)
    )
    ids = [planned.item.id for planned in plan(service, request).items]
    found = service.catalog.attributes_of(ids)
    return [(int(str(found[key]["Category"])), found[key]["Year"]) for key in ids]


@pytest.mark.parametrize("where", ["Year = 2020", "year in (2020)", "Year > 2019 AND Year < 2021"])
def test_a_condition_that_is_one_group_is_answered_by_its_overviews(
    service: ImageService, where: str
) -> None:
    assert set(_planned(service, where, 80)) == {(OVERVIEW, 2020)}
    block = read_view(service, _view(service, 80), MosaicRule(where=where))
    assert set(np.unique(block.data[:, block.valid_any()])) == {120}


def test_without_a_condition_only_overviews_of_the_whole_service_show(
    service: ImageService,
) -> None:
    assert set(_planned(service, "", 80)) == {(OVERVIEW, None)}


def test_close_up_the_items_themselves_show(service: ImageService) -> None:
    assert set(_planned(service, "Year = 2020", 10)) == {(1, 2020)}
    assert {category for category, _ in _planned(service, "", 10)} == {1}


@pytest.mark.parametrize(
    ("where", "years"),
    [
        ("Year >= 2020", {2020, 2021}),
        ("Year = 2020 OR Year IS NULL", {2020, None}),
        ("Year = 2020 AND Name <> 's3'", {2020}),
        ("Year IS NULL", {None}),
        ("Name LIKE 's%'", {2019, 2020, 2021, None}),
    ],
)
def test_any_other_condition_goes_to_the_items(
    service: ImageService, where: str, years: set[object]
) -> None:
    found = _planned(service, where, 80)
    assert {category for category, _ in found} == {1}
    assert {year for _, year in found} == years


def test_another_operator_goes_to_the_items_of_the_group(service: ImageService) -> None:
    rule = MosaicRule(where="Year = 2020", operator=MosaicOperator.MEAN)
    request = ImageRequest(view=_view(service, 80), encoding=Encoding(format="bsq"), mosaic=rule)
    assert {planned.item.category for planned in plan(service, request).items} == {1}


def test_an_overview_of_a_group_equals_the_mosaic_of_its_members(service: ImageService) -> None:
    view = _view(service, 40)
    overview = read_view(service, view, MosaicRule(where="Year = 2021"))
    members = read_view(service, view, MosaicRule(where="Year = 2021 AND OBJECTID > 0"))
    assert (overview.valid_any() != members.valid_any()).mean() < 0.02
    both = overview.valid_any() & members.valid_any()
    assert (overview.data[:, both] == members.data[:, both]).all()


@pytest.mark.parametrize("where", ["", "Year = 2019", "Year = 2020", "Year = 2021"])
def test_at_each_size_an_item_or_its_overview_shows_and_never_both(
    service: ImageService, where: str
) -> None:
    sizes = [1, 10, 19.99, 20, 20.01, 40, 80, 500, 5000]
    boxes = service.catalog.items_by_id(
        [row[0] for row in service.catalog.rows("SELECT OBJECTID FROM items WHERE Category = 1")]
    )
    chosen = [box for box in boxes if not where or box.id in _ids(service, where)]
    for size in sizes:
        request = ImageRequest(
            view=_view_at(service, size),
            encoding=Encoding(format="bsq"),
            mosaic=MosaicRule(where=where),
        )
        shown = {planned.item.id: planned.item for planned in plan(service, request).items}
        overviews = [item for item in shown.values() if item.category == OVERVIEW]
        primaries = {item.id for item in shown.values() if item.category != OVERVIEW}
        assert bool(overviews) != bool(primaries)
        if overviews:
            for item in chosen:
                assert any(_holds(over.extent, item.extent) for over in overviews), size
        else:
            assert primaries == {item.id for item in chosen}


def _view_at(service: ImageService, size: float) -> View:
    """Return a view of the whole service whose pixels have a size, however few or many those are."""
    extent = service.summary.extent
    if size < 10:
        # All scenes meet where the middle ones overlap.
        side = extent.width
        return View(extent=extent, width=round(side / size), height=round(extent.height / size))
    grown = extent.expand(size, size)
    columns, rows = (max(1, round(side / size)) for side in (grown.width, grown.height))
    box = Extent(grown.xmin, grown.ymin, grown.xmin + columns * size, grown.ymin + rows * size)
    return View(extent=box, width=columns, height=rows)


def _ids(service: ImageService, where: str) -> set[int]:
    selection = service.catalog.select(where)
    extent = service.summary.extent
    return {item.id for item in service.catalog.items_at(extent, 1, 1, selection, 100)}


def _holds(outer: Extent, inner: Extent) -> bool:
    return (
        outer.xmin <= inner.xmin + 1
        and outer.ymin <= inner.ymin + 1
        and outer.xmax >= inner.xmax - 1
        and outer.ymax >= inner.ymax - 1
    )


def test_later_builds_keep_groups_and_remake_only_those_that_changed(
    folder: DefinitionFolder,
) -> None:
    first = build_definition(folder, _GROUPED)
    assert first.overviews == 4
    assert build_definition(folder).overviews == 0
    with folder.table() as table, table.batch():
        (row,) = (row for row in table.rows() if row.name == "s0")
        table.update(row.id, {"Year": 2020})
    # Those of the service depend on all fields, 2019 lost a member and 2020 got one.
    assert build_definition(folder).overviews == 3


def test_without_groups_their_files_and_rows_go(folder: DefinitionFolder) -> None:
    build_definition(folder, _GROUPED)
    report = build_definition(folder, BuildOptions(overviews_by=""))
    assert report.facts is not None
    assert report.facts.overview_field == ""
    with folder.table() as table:
        assert table.count(f"Category = {OVERVIEW}") == 1
    assert len(list(folder.overviews.glob("*.tif"))) == 1


def test_a_field_that_is_none_is_named_with_those_that_are(folder: DefinitionFolder) -> None:
    with pytest.raises(ConfigError, match=r"is no field; there are .*Year"):
        build_definition(folder, BuildOptions(overviews_by="Yaer"))
    assert group_field("YEAR", {"Year": "INTEGER", "MinPS": "DOUBLE"}) == "Year"
    with pytest.raises(ConfigError, match="is no field"):
        group_field("MinPS", {"Year": "INTEGER", "MinPS": "DOUBLE"})


def _grid(count: int) -> list[PrimaryBox]:
    side = 20_000.0
    return [
        PrimaryBox(
            row * count + col,
            Extent(
                500_000 + col * side,
                5_000_000 + row * side,
                500_000 + (col + 1) * side,
                5_000_000 + (row + 1) * side,
            ),
            10.0,
            80.0,
        )
        for row in range(count)
        for col in range(count)
    ]


def test_the_cost_names_the_zoom_the_rasters_and_what_was_made() -> None:
    boxes = _grid(20)
    extent = Extent(500_000, 5_000_000, 900_000, 5_400_000)
    said = overview_cost(boxes, extent, "EPSG:32633", (40.0, 1280.0))
    assert said == (
        "Zoom 5 would read 400 rasters a tile: overviews made, from pixel size 40, 1280 on."
    )
    few = overview_cost(_grid(2), Extent(500_000, 5_000_000, 540_000, 5_040_000), "EPSG:32633", ())
    assert few.endswith("would read 4 rasters a tile: no overviews needed.")


def test_nothing_to_serve_has_no_cost() -> None:
    assert overview_cost([], None, "EPSG:32633", ()) == ""
