"""Layers of a canvas: which cells each may touch, and what becomes of sources that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from config.definition import Interpolation, MosaicOperator
from engine.budget import UNLIMITED
from engine.errors import SourceError
from engine.layers import Cells
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from tests.engine.rasters import samples, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


def _cells(service: ImageService, **rule: object) -> Cells:
    # Twelve cells across: each 80 m wide.
    view = View(extent=service.summary.extent, width=3072, height=2048)
    request = ImageRequest(
        view=view,
        encoding=Encoding(format="bsq"),
        mosaic=MosaicRule(**rule),  # type: ignore[arg-type]  # -- a shorthand
    )
    return Cells(plan(service, request), Work(service, UNLIMITED), "planes")


def test_a_cell_has_the_layers_that_reach_it_topmost_first(pair: ImageService) -> None:
    cells = _cells(pair)
    first = next(cell for cell in cells.plan.grid.cells() if cell.canvas_row >= 256)
    row = [cell for cell in cells.plan.grid.cells() if cell.row == first.row]
    names = [[layer.planned.item.name for layer in cells.layers_of(cell)] for cell in row]
    assert names[0] == names[1] == ["west"]
    assert names[len(row) // 2] == ["west", "east"]
    assert names[-1] == ["east"]


def test_under_last_the_bottom_comes_first(pair: ImageService) -> None:
    cells = _cells(pair, operator=MosaicOperator.LAST)
    assert [layer.planned.item.name for layer in cells.layers] == ["east", "west"]


def test_a_part_lies_inside_its_cell_and_is_worked_out_once(pair: ImageService) -> None:
    cells = _cells(pair)
    for cell in cells.plan.grid.cells():
        for layer in cells.layers_of(cell):
            part = cells.part(layer, cell)
            if part is None:
                continue
            assert cell.col_start <= part.col_start < part.col_stop <= cell.col_stop
            assert cell.row_start <= part.row_start < part.row_stop <= cell.row_stop
            assert cells.part(layer, cell) is part


def test_a_source_that_fails_once_is_not_asked_again(pair: ImageService, tmp_path: Path) -> None:
    cells = _cells(pair)
    (tmp_path / "west.tif").unlink()
    cell = next(iter(cells.plan.grid.cells()))
    (layer,) = cells.layers_of(cell)
    part = cells.part(layer, cell)
    assert part is not None
    assert cells.fetch(layer, part) is None
    assert len(cells.work.skipped) == 1
    assert cells.layers_of(cell) == []


def test_a_strict_service_fails_with_its_source(pair: ImageService, tmp_path: Path) -> None:
    strict = msgspec.structs.replace(pair.summary.properties, strict_sources=True)
    pair.summary = msgspec.structs.replace(pair.summary, properties=strict)
    cells = _cells(pair)
    (tmp_path / "west.tif").unlink()
    cell = next(iter(cells.plan.grid.cells()))
    (layer,) = cells.layers_of(cell)
    part = cells.part(layer, cell)
    assert part is not None
    with pytest.raises(SourceError):
        cells.fetch(layer, part)


@pytest.mark.parametrize("bands", [1, 3])
def test_majority_is_asked_for_of_any_service_and_means_stay_means(
    tmp_path: Path, bands: int
) -> None:
    data = np.full((bands, 256, 256), 5, np.uint8)
    data[:, ::3, ::3] = 200
    service = single_service(write_raster(tmp_path / "a.tif", data))
    view = View(extent=service.summary.extent, width=32, height=32)
    found = {}
    for interpolation in (Interpolation.BILINEAR, Interpolation.MAJORITY, Interpolation.BILINEAR):
        request = ImageRequest(
            view=view, encoding=Encoding(format="bsq"), interpolation=interpolation
        )
        found[interpolation] = samples(service, request).data
    assert (found[Interpolation.MAJORITY] == 5).all()
    assert 20 < found[Interpolation.BILINEAR].mean() < 35
