"""Plan a request: catalog and arithmetic only, nothing opened.

`plan()` says which rasters, in which order, from which level, onto which grid; `execute` does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from config.definition import MosaicMethod
from engine.companion_picture import with_companion_picture
from engine.errors import InvalidParameter, RequestTooLarge
from engine.formats import FORMATS
from engine.formats.tiff import check_compression
from engine.functions import FUNCTIONS
from engine.image_space import image_space_item
from engine.image_view import appearances_in, grid_of_any_view
from engine.item_process import bound_process
from engine.item_rasters import shown_at
from engine.levels import LevelView, choose_level
from engine.mosaic_process import is_function
from engine.pansharpened_view import at_view_size
from engine.pixel_type import PixelType
from engine.request_parts import ItemInput, MosaicRule
from engine.selection import Selected, select_items
from engine.service_picture import by_service, rule_bands
from engine.source_pixels import check_source_pixels, most_source_pixels
from engine.view_area import check_meets

if TYPE_CHECKING:
    from collections.abc import Hashable

    from config.definition import Interpolation, MosaicOperator
    from engine.functions.base import BoundFunction
    from engine.functions.picture import Picture
    from engine.item import Item
    from engine.mosaic_process import MosaicProcess
    from engine.request import ImageRequest
    from engine.service import ImageService, Placed
    from engine.target_grid import TargetGrid

# Samples that functions with neighbours may look at: some seconds of one core, or so many a sample of
# large exports.
_MOST_TAPS = 8_000_000_000
_TAPS_PER_SAMPLE = 50
# Why rasters are left out that a view would cost too much with.
BEYOND_BUDGET = "beyond the budget of source pixels"


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One raster of a plan.

    Attributes
    ----------
    view : LevelView
        The level that is read.
    ratio : float
        Level-0 source pixels per output pixel.
    cost_px : int
        Source pixels to decode, estimated.
    fits_words : bool
        Its samples are 8-bit ones before they are sampled (any three can be RGBV words).
    """

    item: Item
    placed: Placed
    view: LevelView
    ratio: float
    cost_px: int
    fits_words: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for an image request.

    Attributes
    ----------
    items
        In mosaic order, topmost first.
    per_pixel : bool
        Order by distance pixel by pixel (tiles of view-dependent methods).
    bands : tuple of int
        Service bands to read, from 0, in the order of the answer; of a rule's functions their bands.
    pixel_type : PixelType
        Of the answer's samples.
    picture : Picture or None
        How samples become 8-bit colours; None for raw samples.
    stretch : BoundFunction or None
        A raster function applied to the samples of a data format.
    process : MosaicProcess or None
        Functions between the mosaic and what becomes of its samples.
    sources : tuple of Plan
        Of the rule's leaves, with the halo; () = this plan's own items are the only one.
    truncated : str
        Why something was left out; "" = nothing was.
    memo : dict
        What rendering works out from the plan alone; a changed copy of the plan starts with none.
    """

    grid: TargetGrid
    items: tuple[PlannedItem, ...]
    method: MosaicMethod
    operator: MosaicOperator
    per_pixel: bool
    ascending: bool
    interpolation: Interpolation
    bands: tuple[int, ...]
    pixel_type: PixelType
    picture: Picture | None
    stretch: BoundFunction | None
    tolerance_px: float
    process: MosaicProcess | None = None
    sources: tuple[Plan, ...] = ()
    considered: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    truncated: str = ""
    memo: dict[Hashable, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    @property
    def cost_px(self) -> int:
        """Source pixels to decode, estimated."""
        return sum(planned.cost_px for planned in self.items)

    def rows_of(self, first: int, count: int) -> Plan:
        """Return the plan of some rows; order, levels and lattice stay as they are."""
        return self.of_grid(self.grid.rows_of(first, count))

    def of_grid(self, grid: TargetGrid) -> Plan:
        """Return the plan of a part of the view, on the same lattice."""
        box = with_halo(grid, self.process).extent
        return replace(
            self,
            grid=grid,
            items=tuple(planned for planned in self.items if planned.placed.box.intersects(box)),
            sources=tuple(source.of_grid(grid) for source in self.sources),
        )


def plan(service: ImageService, request: ImageRequest) -> Plan:
    """Decide how an image request is answered; plans of tiles are kept.

    Raises
    ------
    InvalidParameter
        A parameter cannot be, given this service.
    RequestTooLarge
        Every raster that could answer would cost more than the limit.
    """
    if request.view.tile is None:
        return _make_plan(service, request)
    found = service.plans.get(request)
    if found is None:
        found = service.plans[request] = _make_plan(service, request)
    return found


def _make_plan(service: ImageService, request: ImageRequest) -> Plan:
    if request.view.tile is not None and request.rendering is not None:
        request = msgspec.structs.replace(request, rendering=by_service(request.rendering))
    grid = grid_of_any_view(request.view, service)
    if request.view.must_meet:
        check_meets(service, grid)
    request = at_view_size(service, request, grid)
    output = _output(service, request)
    _check_answer(service, request, output)
    wide = with_halo(grid, output.process)
    rules = _leaf_rules(request, output.process)
    found = [select_items(service, wide, rule, request) for rule in rules]
    suited = with_companion_picture(service.summary, request, found[0].items)
    if suited is not request:
        output = _output(service, suited)
    _check_effort(wide, output)
    _check_place(grid, output)
    made = [_mosaic_plan(service, request, (grid, wide), output, each) for each in found]
    check_source_pixels(wide, [each.cost_px for each in made])
    made = _with_interpolations(made, output.process)
    truncated = next((each.truncated for each in made if each.truncated), "")
    return replace(made[0], sources=tuple(made) if len(made) > 1 else (), truncated=truncated)


def _with_interpolations(made: list[Plan], process: MosaicProcess | None) -> list[Plan]:
    """Return the plans of a rule's leaves with the interpolation that the rule has for each."""
    if process is None or process.rule is None:
        return made
    asked = [leaf.source.interpolation for leaf in process.rule.leaves]
    return [
        each if interpolation is None else replace(each, interpolation=interpolation)
        for each, interpolation in zip(made, asked, strict=True)
    ]


def _leaf_rules(request: ImageRequest, process: MosaicProcess | None) -> list[MosaicRule]:
    """Return the mosaic rule of each leaf of the request's rule, of the request where it has none."""
    own = request.mosaic or MosaicRule()
    if process is None or process.rule is None:
        return [own]
    rules = []
    for leaf in process.rule.leaves:
        if isinstance(leaf.source, ItemInput):
            rules.append(MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(leaf.source.item,)))
        else:
            rules.append(leaf.source.mosaic or own)
    return rules


def _mosaic_plan(
    service: ImageService,
    request: ImageRequest,
    grids: tuple[TargetGrid, TargetGrid],
    output: _Output,
    selected: Selected,
) -> Plan:
    """Return the plan of one mosaic; `grids` are those of the view without and with the halo."""
    grid, wide = grids
    items, left_out, truncated = _affordable(service, wide, selected)
    return Plan(
        grid=grid,
        items=tuple(items),
        method=selected.method,
        operator=selected.operator,
        per_pixel=selected.per_pixel,
        ascending=selected.ascending,
        interpolation=request.interpolation or service.interpolation,
        bands=output.bands,
        pixel_type=output.pixel_type,
        picture=output.picture,
        stretch=output.stretch,
        tolerance_px=service.summary.properties.grid_tolerance_px,
        process=output.process,
        considered=len(selected.items),
        left_out=left_out,
        truncated=truncated or selected.truncated,
    )


def with_halo(grid: TargetGrid, process: MosaicProcess | None) -> TargetGrid:
    """Return the grid on which the mosaic is made."""
    return grid if process is None or not process.halo_px else grid.expand(process.halo_px)


@dataclass(frozen=True, slots=True)
class _Output:
    """The service chain of an answer: the picture step or samples, and the bands it needs."""

    bands: tuple[int, ...]
    pixel_type: PixelType
    picture: Picture | None = None
    stretch: BoundFunction | None = None
    process: MosaicProcess | None = None

    @property
    def is_changed(self) -> bool:
        """Whether samples are no longer the service's own."""
        has_rule = self.process is not None and self.process.rule is not None
        return has_rule or self.stretch is not None


def _output(service: ImageService, request: ImageRequest) -> _Output:
    """Return what becomes of the mosaic's samples."""
    summary, rule = service.summary, request.rendering
    is_picture = FORMATS[request.encoding.format].is_picture
    if is_function(rule):
        return _rule_output(service, request, is_picture=is_picture)
    if is_picture:
        picture = service.picture(request.band_ids, rule, request.no_data_match)
        process = service.mosaic_process(picture.bands, None)
        return _Output(picture.bands, PixelType.U8, picture, process=process)
    bands = rule_bands(summary, request.band_ids)
    process = service.mosaic_process(bands, None)
    if rule is not None and rule.function != "None":
        stretch = FUNCTIONS[rule.function].bind(service.bands_info(bands), rule)
        own = stretch.output.pixel_type
        return _Output(bands, request.pixel_type or own, stretch=stretch, process=process)
    out_type = rule.output_pixel_type if rule is not None else None
    own = out_type or summary.pixel_type
    return _Output(bands, request.pixel_type or own, process=process)


def _rule_output(service: ImageService, request: ImageRequest, *, is_picture: bool) -> _Output:
    """Return what becomes of the results of a rule's functions; bands are theirs."""
    known = rule_bands(service.summary, request.band_ids)
    process = service.mosaic_process(known, request.rendering)
    assert process is not None
    assert process.rule is not None
    if is_picture:
        picture = service.picture(request.band_ids, request.rendering, request.no_data_match)
        return _Output(picture.bands, PixelType.U8, picture, process=process)
    output = process.rule.output
    bands = tuple(range(output.bands))
    return _Output(bands, request.pixel_type or output.pixel_type, process=process)


def _check_answer(service: ImageService, request: ImageRequest, output: _Output) -> None:
    """Refuse what the samples of the answer cannot be, before they cost anything."""
    bands = len(output.bands)
    if len(request.no_data) not in (0, 1, bands):
        values = ",".join(f"{value:g}" for value in request.no_data)
        accepted = "1 value" if bands == 1 else f"1 or {bands} values"
        raise InvalidParameter("noData", values, accepted)
    if request.encoding.format == "tiff":
        check_compression(
            request.encoding.compression,
            output.pixel_type.dtype_name,
            bands,
            has_palette=bool(service.summary.colormap) and bands == 1 and not output.is_changed,
        )


def _check_effort(grid: TargetGrid, output: _Output) -> None:
    """Refuse functions that would look at too many neighbours of too many pixels."""
    if output.process is None:
        return
    service, rule = output.process.service, output.process.rule
    each = sum(steps.taps for steps in (service, rule) if steps is not None)
    samples = grid.width * grid.height * len(output.bands)
    taps, most = samples * each, max(_MOST_TAPS, _TAPS_PER_SAMPLE * samples)
    if taps > most:
        accepted = f"{most}; ask for fewer pixels or bands, or a smaller kernel"
        raise RequestTooLarge("number of pixels times neighbours", taps, accepted)


def _check_place(grid: TargetGrid, output: _Output) -> None:
    """Refuse functions that cut by places on the map where the view is no map."""
    rule = None if output.process is None else output.process.rule
    if rule is not None and rule.needs_map and image_space_item(grid.lattice.crs) is not None:
        raise InvalidParameter("renderingRule", "Clip in image space", "a view on a map")


def _affordable(
    service: ImageService, grid: TargetGrid, selected: Selected
) -> tuple[list[PlannedItem], tuple[tuple[str, int], ...], str]:
    """Choose levels and keep what the budget of source pixels allows, in order."""
    budget = most_source_pixels(grid)
    kept: list[PlannedItem] = []
    too_dear, elsewhere, spent = 0, 0, 0
    box = grid.extent
    for item in selected.items:
        found = appearances_in(service, item, grid.lattice.crs)
        if item.rasters:
            found = shown_at(service, item, grid, found)
        shown = [
            plan_item(appearance.item, appearance.placed, grid)
            for appearance in found
            if appearance.placed.box.intersects(box)
        ]
        if not shown:
            elsewhere += 1
        for planned in shown:
            if spent + planned.cost_px > budget:
                too_dear += 1
                continue
            spent += planned.cost_px
            kept.append(planned)
    if too_dear and not kept:
        raise RequestTooLarge(
            "number of source pixels",
            "rasters without pyramids",
            f"{budget}; build --pyramids or --overviews",
        )
    reasons = (
        ("no place in this view", elsewhere),
        (BEYOND_BUDGET, too_dear),
    )
    truncated = f"{too_dear} rasters {BEYOND_BUDGET}" if too_dear else ""
    return kept, tuple(reason for reason in reasons if reason[1]), truncated


def plan_item(item: Item, placed: Placed, grid: TargetGrid) -> PlannedItem:
    """Choose the level of one raster and estimate its cost."""
    lattice = grid.lattice
    ratio = min(lattice.pixel_x * placed.scale_x, lattice.pixel_y * placed.scale_y)
    staged = placed.staged
    view = choose_level(item, ratio) if staged is None else staged.view(ratio)
    common = placed.box.intersection(grid.extent)
    area = 0.0
    if common is not None:
        area = (common.width / lattice.pixel_x + 1) * (common.height / lattice.pixel_y + 1)
    level_px = area * (ratio * min(view.scale_x, view.scale_y)) ** 2
    # A raster much smaller than a pixel of the view still costs no more than all it has.
    cost_px = min(level_px * 4**view.shrink, item.width * item.height)
    is_bytes = item.pixel_type is PixelType.U8
    fits_words = bound_process(item).fits_words if item.process else is_bytes
    return PlannedItem(item, placed, view, ratio, int(cost_px), fits_words)
