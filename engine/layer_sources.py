"""Where the pixels of a planned raster come from, and how its coordinates become pixels of its level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.fetch import BlockSource, block_source
from engine.item_process import bound_process
from engine.level_ground import level_ground
from engine.process_sources import ProcessedSource
from engine.process_steps import steps_for_bands
from engine.readers.block_reader import BlockRequest, Prefix
from engine.samplers.placement import LevelAffine, level_affine

if TYPE_CHECKING:
    from config.definition import Interpolation
    from engine.item_process import BoundProcess
    from engine.levels import LevelView
    from engine.pixel_type import PixelType
    from engine.plan import PlannedItem
    from engine.process_steps import Steps
    from engine.region_sampling import PixelSource
    from engine.service import ImageService, LayerKey

# A number that no band has.
_MISSING = 1 << 30


@dataclass(frozen=True, slots=True)
class LayerSource:
    """What a layer is sampled from.

    Attributes
    ----------
    affine : LevelAffine
        From the locator's coordinates to pixels of `source`.
    interpolation, tolerance_px
        Of the last sampler.
    pixel_type : PixelType
        Of `source`.
    after : Steps or None
        Functions done to the sampled pixels of all bands; then `bands` are taken of what comes out.
    """

    source: PixelSource
    affine: LevelAffine
    interpolation: Interpolation
    tolerance_px: float
    pixel_type: PixelType
    after: Steps | None = None
    bands: tuple[int, ...] = ()


def layer_source(
    service: ImageService,
    planned: PlannedItem,
    key: LayerKey,
    sampling: tuple[Interpolation, float],
) -> LayerSource:
    """Return what a raster's layer is sampled from.

    Parameters
    ----------
    sampling : (interpolation, tolerance_px)
        As the request or the service says.
    """
    item, view = planned.item, planned.view
    if item.process:
        return _processed(service, planned, key, sampling)
    source = block_source(_request(service, planned, key, view), key[4])
    size, scale = (view.width, view.height), (view.scale_x, view.scale_y)
    affine = level_affine(item.geotransform, scale, size)
    return LayerSource(source, affine, *sampling, item.pixel_type)


def _request(
    service: ImageService, planned: PlannedItem, key: LayerKey, view: LevelView
) -> BlockRequest:
    """Return the request for blocks of a level as the files have them."""
    _, _, _, bands, _, by_seamline, by_majority = key
    item = planned.item
    seam = item.seamline if by_seamline else b""
    number = service.memory.identities.number(item)
    return BlockRequest(item, number, view, bands, by_majority, item.footprint, seam=seam)


def _processed(
    service: ImageService,
    planned: PlannedItem,
    key: LayerKey,
    sampling: tuple[Interpolation, float],
) -> LayerSource:
    item, view = planned.item, planned.view
    process = bound_process(item)
    wanted = tuple(band if band < process.bands else _MISSING for band in key[3])

    def open_level(level: LevelView, take: tuple[int, ...] = ()) -> BlockSource:
        plain = _request(service, planned, key, level)
        return block_source(_with_prefix(plain, process, take), key[4])

    after = process.after if process.after.functions else None
    take = wanted if after is None else ()
    last = process.stages[-1]
    staged = planned.placed.staged
    source: PixelSource
    if staged is not None:
        source, affine = staged.source(view, take, sampling, open_level)
    else:
        # In its own image space an item is not sampled on the way: functions of all stages in a row.
        steps = [process.stages[0].focal, *(s for b in process.stages[1:] for s in b.steps)]
        size, scale = (view.width, view.height), (view.scale_x, view.scale_y)
        source = open_level(view, take)
        if steps := [each for each in steps if each.functions]:
            # Windows of blocks: functions need neighbours.
            ground = level_ground(item.crs, item.geotransform, scale, item.ground_size_m)
            whole = (view.cols, view.rows)
            source = ProcessedSource(open_level(view), tuple(steps), whole, take or None, ground)
        affine = level_affine(item.geotransform, scale, size)
    sampler = last.stage.sampler
    return LayerSource(
        source,
        affine,
        sampler.interpolation or sampling[0],
        sampler.tolerance_px or sampling[1],
        last.focal.output.pixel_type,
        after,
        wanted,
    )


def _with_prefix(
    request: BlockRequest, process: BoundProcess, take: tuple[int, ...]
) -> BlockRequest:
    """Return the request for blocks whose pixels the chain's prefix has changed.

    Parameters
    ----------
    take
        Bands of what comes out; () = all.
    """
    item, steps = request.item, process.stages[0].prefix
    plain = bool(take) and max(take) < len(item.bands)
    narrow = steps_for_bands(steps, take) if plain and steps.functions else None
    if plain and not steps.functions:
        bands, prefix = take, None
    elif narrow is not None:
        bands, prefix = take, Prefix(narrow, None, process.key)
    else:
        bands = tuple(range(len(item.bands)))
        is_idle = not steps.functions and not take
        prefix = None if is_idle else Prefix(steps, take or None, process.key)
    return BlockRequest(
        item,
        request.identity,
        request.view,
        bands,
        request.thematic,
        request.clip,
        prefix,
        request.seam,
    )
