"""Rules of pansharpening at the scale of a view: pixels no finer than multispectral ones are those alone.

Depends on the pixel size and the service alone, never on the place, so that tiles agree: the size of
multispectral pixels is that of the item that is named, else of the first raster that the input selects.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from engine.function_rules import PansharpeningRule
from engine.functions.base import arguments_of
from engine.functions.pansharpening import is_pan
from engine.item import OVERVIEW, PRIMARY
from engine.item_rasters import pixel_size_of, rasters_of
from engine.mosaic_process import is_function
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, MosaicRule, RenderingRule
from engine.service_picture import rule_bands

if TYPE_CHECKING:
    from engine.function_tree import TreeLeaf
    from engine.item import Item
    from engine.request import ImageRequest
    from engine.request_parts import RuleInput
    from engine.service import ImageService
    from engine.target_grid import TargetGrid

# Sizes that are the same but for what a projection does to digits.
_SAME = 0.999
_FEW = 16


def at_view_size(service: ImageService, request: ImageRequest, grid: TargetGrid) -> ImageRequest:
    """Return the request with pansharpening left out where the view's pixels are no finer.

    Raises
    ------
    InvalidParameter
        An input's mosaic rule cannot be read.
    """
    rule = request.rendering
    if rule is None or not is_function(rule) or not _is_pansharpened(rule):
        return request
    bands = rule_bands(service.summary, request.band_ids)
    changed = _Changer(service, grid, bands).changed(rule)
    return request if changed is rule else msgspec.structs.replace(request, rendering=changed)


def _is_pansharpened(rule: RenderingRule) -> bool:
    if rule.function == PansharpeningRule.__struct_config__.tag:
        return True
    return any(_is_pansharpened(each) for each in rule.inputs if isinstance(each, RenderingRule))


class _Changer:
    def __init__(self, service: ImageService, grid: TargetGrid, bands: tuple[int, ...]) -> None:
        self._service = service
        self._grid = grid
        self._bands = bands

    def changed(self, rule: RenderingRule) -> RenderingRule:
        inputs = tuple(
            self.changed(each) if isinstance(each, RenderingRule) else each for each in rule.inputs
        )
        if any(new is not old for new, old in zip(inputs, rule.inputs, strict=True)):
            rule = msgspec.structs.replace(rule, inputs=inputs)
        if rule.function != PansharpeningRule.__struct_config__.tag:
            return rule
        own = (*rule.inputs, MosaicInput())[min(1, len(rule.inputs))]
        if not self._is_coarse(own):
            return rule
        arguments = arguments_of(rule, PansharpeningRule)
        arguments = msgspec.structs.replace(arguments, multispectral_only=True)
        if len(rule.inputs) > 1:
            # Nothing of the panchromatic raster is read.
            inputs = (ConstantInput(value=0.0), *rule.inputs[1:])
            return msgspec.structs.replace(rule, arguments=arguments, inputs=inputs)
        return msgspec.structs.replace(rule, arguments=arguments)

    def _is_coarse(self, multispectral: RuleInput) -> bool:
        """Tell whether the view's pixels are no finer than those of any raster of an input."""
        whole = RenderingRule(inputs=(multispectral,))
        leaves = self._service.function_tree(whole, self._bands).leaves
        return bool(leaves) and all(self._is_no_finer(leaf) for leaf in leaves)

    def _is_no_finer(self, leaf: TreeLeaf) -> bool:
        item = self._item(leaf)
        if item is None:
            return False
        raster = rasters_of(item)[0] if item.rasters else item
        size = pixel_size_of(self._service, raster, self._grid)
        own = raster.low_ps * self._factor(raster, leaf.bands)
        return size is not None and own > 0 and size >= own * _SAME

    def _item(self, leaf: TreeLeaf) -> Item | None:
        """Return the raster that stands for a leaf."""
        catalog = self._service.catalog
        if isinstance(leaf.source, ItemInput):
            found = catalog.items_by_id((leaf.source.item,))
            return found[0] if found else None
        rule = leaf.source.mosaic or MosaicRule()
        selection = catalog.select(rule.where, rule.lock_ids or rule.fids)
        extent = self._service.summary.extent
        found = catalog.items_at(extent, 0.0, math.inf, selection, _FEW)
        # Companions only where the rule means nothing else.
        found = sorted(found, key=lambda item: item.category != PRIMARY)
        return next((item for item in found if item.category != OVERVIEW), None)

    def _factor(self, item: Item, bands: tuple[int, ...]) -> int:
        """Return how many pixels of an item one of its multispectral bands is wide."""
        if item.process:
            return 1
        shown = [self._bands[band] for band in bands]
        names = [band.name for band in self._service.summary.bands]
        factors = []
        for band in shown:
            place = item.bands[band].source if band < len(item.bands) else -1
            if place >= 0 and not is_pan(names[band]):
                coarse = item.sources[place].coarse
                factors.append(1 if coarse is None else coarse.factor)
        return min(factors, default=1)
