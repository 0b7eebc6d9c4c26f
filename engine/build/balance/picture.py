"""A picture of a mosaic before and after its colours were balanced, side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.balance.workspace import compiled_copy
from engine.errors import ConfigError
from engine.extent import Extent
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.build.balance.kept_records import BalanceSummary
    from engine.build.balance.measure import Measured
    from engine.build.balance.members import Member
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.raster_record import RasterDefinition
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

_MOST_ITEMS = 200
_SIDE = 900
_MARGIN, _HEAD = 16, 64
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


@dataclass(frozen=True, slots=True)
class PictureJob:
    """What is drawn, and into which file."""

    folder: DefinitionFolder
    table: ServiceTable
    members: Sequence[Member]
    measured: Measured
    path: Path


def draw_before_and_after(
    job: PictureJob,
    after: Mapping[int, RasterDefinition],
    summary: BalanceSummary,
    workers: Workers,
) -> Path:
    """Draw the mosaic, or of very many items the surroundings of the greatest step, and return the file.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    chosen, extent = _scene(job)
    before = {member.id: member.raster for member in chosen}
    view = _view(extent)
    pictures = [
        _rendered(job, {fid: rasters[fid] for fid in before}, view, workers)
        for rasters in (before, after)
    ]
    drawn = _side_by_side(pictures, summary)
    try:
        job.path.parent.mkdir(parents=True, exist_ok=True)
        drawn.save(job.path, format="PNG", compress_level=4)
    except OSError as err:
        raise ConfigError(job.path, "", f"cannot be written: {err.strerror or err}") from err
    return job.path


def _scene(job: PictureJob) -> tuple[list[Member], Extent]:
    members = list(job.members)
    bounds = shapely.bounds([member.shape for member in members])
    if len(members) > _MOST_ITEMS:
        middle = _greatest_step(job.measured)
        width, height = (np.median(bounds[:, i + 2] - bounds[:, i]) for i in (0, 1))
        reach = Extent(middle[0], middle[1], middle[0], middle[1]).expand(2 * width, 2 * height)
        tree = shapely.STRtree([member.shape for member in members])
        found = sorted(
            tree.query(shapely.box(reach.xmin, reach.ymin, reach.xmax, reach.ymax)).tolist()
        )[:_MOST_ITEMS]
        return [members[i] for i in found], reach
    edges = [*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)]
    return members, Extent(*map(float, edges))


def _greatest_step(measured: Measured) -> tuple[float, float]:
    """Return the middle of the overlap whose means differ most."""

    def step(number: int) -> float:
        matches = measured.overlaps[number].matches
        return max((abs(m.mean_a - m.mean_b) for m in matches if m.count), default=0.0)

    pairs = [i for i, each in enumerate(measured.overlaps) if each.b >= 0] or [0]
    box = measured.overlaps[max(pairs, key=step)].box
    return box.center_x, box.center_y


def _view(extent: Extent) -> View:
    scale = _SIDE / max(extent.width, extent.height)
    width, height = (max(1, round(side * scale)) for side in (extent.width, extent.height))
    return View(extent=extent, width=width, height=height)


def _rendered(
    job: PictureJob, rasters: Mapping[int, RasterDefinition], view: View, workers: Workers
) -> Image.Image:
    request = ImageRequest(view=view, encoding=Encoding(format="png32"))
    with compiled_copy(job.folder, job.table, rasters, workers) as compiled:
        service = open_service(str(compiled))
        try:
            body = bytes(answer(service, request, UNLIMITED).body)
        finally:
            service.close()
    picture = Image.open(io.BytesIO(body)).convert("RGBA")
    paper = Image.new("RGBA", picture.size, (*_PAPER, 255))
    return Image.alpha_composite(paper, picture).convert("RGB")


def _side_by_side(pictures: Sequence[Image.Image], summary: BalanceSummary) -> Image.Image:
    width, height = pictures[0].size
    whole = Image.new("RGB", (2 * width + 3 * _MARGIN, height + _HEAD + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(whole)
    words = ("Before", "After"), (summary.step_before, summary.step_after)
    for place, (picture, word, steps) in enumerate(zip(pictures, *words, strict=True)):
        left = _MARGIN + place * (width + _MARGIN)
        whole.paste(picture, (left, _HEAD))
        numbers = "  ".join(f"{step:.3g}" for step in steps[:6])
        draw.text((left, 10), word, _INK, ImageFont.load_default(20))
        told = f"mean step in {summary.overlaps} overlaps: {numbers}"
        draw.text((left, 38), told, _INK, ImageFont.load_default(14))
    return whole
