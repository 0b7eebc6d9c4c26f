"""Stretches by dynamic range where there is no one view whose pixels could say the cut.

Tiles and single samples are parts of something larger: each by its own statistics would not fit its
neighbours, so there the service's count. Strips of a large export take what the whole view says.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from engine.functions.cast import mark_no_data
from engine.functions.stretch import SPECIFICATION
from engine.functions.view_statistics import histograms_of, statistics_of
from engine.pixels import PixelBlock
from engine.plan import plan
from engine.render import render
from engine.request_parts import Encoding, MosaicInput, RenderingRule

if TYPE_CHECKING:
    from engine.function_rules import StretchRule
    from engine.render_work import Work
    from engine.request import ImageRequest
    from engine.request_parts import RuleInput

# Enough that a percent of the pixels are ten thousand.
_MOST_PX = 1 << 20


def settled(request: ImageRequest, work: Work) -> ImageRequest:
    """Return a request with the statistics of its whole view in place of dynamic range.

    They come of the view at no more than a million pixels, once for all strips.
    """
    rule = request.rendering
    if rule is None or not rule.is_dynamic:
        return request
    known = work.service.settled_rules
    found = known.get(request)
    if found is None:
        found = known[request] = _settled_rule(rule, request, work)
    return msgspec.structs.replace(request, rendering=found)


def _settled_rule(rule: RenderingRule, request: ImageRequest, work: Work) -> RenderingRule:
    inputs = tuple(
        _settled_rule(each, request, work) if isinstance(each, RenderingRule) else each
        for each in rule.inputs
    )
    rule = msgspec.structs.replace(rule, inputs=inputs)
    stretch = rule.stretch
    if stretch is None or not stretch.dynamic_range:
        return rule
    first = inputs[0] if inputs else MosaicInput()
    return msgspec.structs.replace(rule, arguments=_by_view(stretch, first, request, work))


def _by_view(
    stretch: StretchRule, raster: RuleInput, request: ImageRequest, work: Work
) -> StretchRule:
    """Return a stretch with the statistics and histograms of what a view shows of a raster."""
    view = request.view
    shrink = max(1.0, math.sqrt(view.width * view.height / _MOST_PX))
    small = msgspec.structs.replace(
        view, width=max(1, round(view.width / shrink)), height=max(1, round(view.height / shrink))
    )
    rule = RenderingRule(inputs=(raster,))
    asked = msgspec.structs.replace(
        request, view=small, rendering=rule, encoding=Encoding(format="bsq"), pixel_type=None
    )
    made = replace(plan(work.service, asked), picture=None, stretch=None)
    block = render(made, work, work.service.summary.pixel_type)
    if not isinstance(block, PixelBlock):
        block = block.planes()
    if request.no_data and not isinstance(raster, RenderingRule):
        block = mark_no_data(block, request.no_data, request.no_data_match)
    statistics = tuple((each.min, each.max, each.mean, each.std) for each in statistics_of(block))
    wanted = stretch.histograms if stretch.stretch_type == SPECIFICATION else histograms_of(block)
    return msgspec.structs.replace(
        stretch, dynamic_range=False, statistics=statistics, histograms=wanted
    )
