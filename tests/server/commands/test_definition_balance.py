"""`swath definition balance` as typed, on real aerial photographs whose colours were disturbed."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from PIL import Image
from typer.testing import CliRunner

from config.definition import MosaicMethod
from engine.build.balance.balance import balance_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from engine.service import open_service
from server.cli import app
from server.guarded_workers import GuardedWorkers
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.extent import Extent
    from engine.service import ImageService

# Gains and offsets of the four photographs' bands.
DISTURBED = {
    1: ([1.15, 0.9, 1.05], [5, -8, 10]),
    2: ([0.8, 0.95, 1.1], [10, 12, -6]),
    3: ([1.0, 1.2, 0.85], [-12, 4, 0]),
    4: ([0.9, 0.8, 1.25], [8, 0, -5]),
}


def typed(*words: object) -> str:
    """Run a command that ends well, and return what it says."""
    result = CliRunner().invoke(app, ["definition", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def photographs(shared_data: Path, tmp_path: Path) -> Path:
    """A built definition of disturbed copies."""
    source = shared_data / "03_aerial_mosaics" / "ngi_ortho"
    for number, (gains, offsets) in DISTURBED.items():
        with rasterio.open(source / f"ngi_rgb_byte_{number}.tif") as file:
            data, profile = file.read(), file.profile
        made = data * np.array(gains).reshape(3, 1, 1) + np.array(offsets).reshape(3, 1, 1)
        made = np.where((data != 0).any(axis=0), np.clip(np.rint(made), 1, 255), 0)
        with rasterio.open(tmp_path / f"p{number}.tif", "w", **profile) as out:
            out.write(made.astype(np.uint8))
    definition = tmp_path / "d.isdef"
    typed("create", definition)
    typed("add", definition, *(tmp_path / f"p{number}.tif" for number in DISTURBED))
    typed("build", definition, "--overviews", "none")
    return definition


def mean_step(definition: Path) -> float:
    """Return the mean step between photographs that overlap, over bands, pixel by pixel."""
    out = definition.with_suffix(".zmd")
    compile_definition(definition, out)
    service = open_service(str(out))
    with DefinitionFolder(definition).table() as table:
        boxes = {row.id: service.catalog.item(row.id).extent for row in table.rows()}
    steps = []
    for (a, box), (b, other) in combinations(boxes.items(), 2):
        shared = box.intersection(other)
        if shared is not None:
            steps.append(_step(service, (a, b), shared))
    service.close()
    return float(np.mean(steps))


def _step(service: ImageService, items: tuple[int, int], shared: Extent) -> float:
    width, height = round(shared.width / 20), round(shared.height / 20)
    view = View(extent=shared, width=width, height=height)
    blocks = [
        read_view(service, view, MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item,)))
        for item in items
    ]
    both = blocks[0].valid_any() & blocks[1].valid_any()
    means = [block.data[:, both].mean(axis=1, dtype=float) for block in blocks]
    return float(np.abs(means[0] - means[1]).mean())


def test_real_photographs_lose_four_fifths_of_their_seams_and_get_them_back(
    photographs: Path, tmp_path: Path
) -> None:
    before = mean_step(photographs)
    with DefinitionFolder(photographs).table() as table:
        texts = [row.raster_text for row in table.rows()]
    picture = tmp_path / "seams.png"
    said = typed("balance", photographs, "--picture", picture)
    assert "Balanced 4 of 4 items by 6 overlaps (6 compared now, 0 told nothing)." in said
    assert f"Before and after: {picture}" in said
    assert f"Next: swath definition build {photographs}" in said
    with Image.open(picture) as drawn:
        assert drawn.size[0] > 1000
    typed("build", photographs, "--overviews", "none")
    assert before > 20
    assert mean_step(photographs) < 0.2 * before
    assert "(0 compared now" in typed("balance", photographs, "--method", "dodge")
    assert "Took back the balance of 4 items." in typed("balance", photographs, "--remove")
    with DefinitionFolder(photographs).table() as table:
        assert [row.raster_text for row in table.rows()] == texts
    typed("build", photographs, "--overviews", "none")
    assert mean_step(photographs) == pytest.approx(before, rel=1e-6)


def test_worker_processes_find_what_this_one_does(tmp_path: Path) -> None:
    for number in range(2):
        data = ramp(80, 80 + number, bands=3)
        write_raster(tmp_path / f"r{number}.tif", data)
    definition = tmp_path / "d.isdef"
    typed("create", definition)
    typed("add", definition, tmp_path / "r0.tif", tmp_path / "r1.tif")
    typed("build", definition)
    # The command line's own workers; nothing of a job may be tied to the process that made it.
    with GuardedWorkers(count=1) as workers:
        report = balance_definition(DefinitionFolder(definition), workers=workers)
    assert (report.overlaps, report.measured) == (1, 1)
