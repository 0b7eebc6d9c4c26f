"""A service opened under an item rule: a rendering rule that is done to each item before they are mosaicked.

The rule follows what an item's own chain makes and the sampler, so that an item shows as it would alone
under that rule; it knows statistics, names and properties of the whole service. What comes out is a
service of its own: other bands, another pixel type, other statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cachetools import LRUCache

from engine.area_counts import area_counts
from engine.budget import UNLIMITED
from engine.chain import DEFAULT_SAMPLER, RasterFunctionProcess, split
from engine.chain_rules import item_faults
from engine.errors import InvalidParameter, RequestTooLarge
from engine.item_process import ItemProcess, ItemRule, pack_process, unpack_process
from engine.item_rasters import pack_rasters, rasters_of
from engine.kept_by_service import KeptByService
from engine.process_steps import tree_step
from engine.render_work import Work
from engine.request import AreaCountsRequest
from engine.request_parts import MosaicInput, RenderingRule
from engine.service import ImageService
from engine.service_picture import rule_head
from engine.service_properties import with_properties

if TYPE_CHECKING:
    from engine.budget import Budget
    from engine.functions.base import BandsInfo
    from engine.item import Item

_NAME = "mosaicRule.itemRenderingRule"
# Of a service; each has caches of its own, which fill slowly.
_MOST_RULES = 8
# That items share.
_MOST_CHAINS = 256
# Pixels a side of the whole service that tell the range of what comes out.
_LOOKED_AT = 256
# What the places and samplings of a view take part in, or that runs beside this process.
_OF_VIEWS = ("Resample", "Python")

_kept: KeptByService[RenderingRule, ImageService] = KeptByService(_MOST_RULES)


def service_under(
    service: ImageService, rule: RenderingRule, budget: Budget = UNLIMITED
) -> ImageService:
    """Return a service as if a rule was done to each of its items; a few are kept.

    Raises
    ------
    InvalidParameter
        The rule cannot stand there, or its arguments do not fit the bands of the items.
    DeadlineExceeded, Cancelled
    """
    found = _kept.get(service, rule)
    if found is None:
        found = RuledService(service, rule, budget)
        _kept.put(service, rule, found)
    return found


class RuledService(ImageService):
    """A service whose items are under a rule.

    Parameters
    ----------
    plain : ImageService
        The service without; nothing of it is kept.
    budget : Budget
        Of the first request, which looks at some pixels.
    """

    def __init__(self, plain: ImageService, rule: RenderingRule, budget: Budget) -> None:
        super().__init__(plain.path, plain.memory, variable=plain.summary.default_variable)
        info = self._mosaic_info()
        _check(rule, info)
        self._rule = ItemRule(
            rule=rule,
            pixel_type=info.pixel_type,
            bands=info.bands,
            statistics=info.statistics,
            histograms=info.histograms,
            names=info.names,
            wavelengths_nm=info.wavelengths_nm,
            colormap=info.colormap,
            properties=info.properties,
            is_thematic=info.is_thematic,
            height_m=info.height_m,
        )
        self._chains: LRUCache[bytes, bytes] = LRUCache(_MOST_CHAINS)
        output = _bound_output(rule, info)
        if self._process is not None:
            self._process = msgspec.structs.replace(
                self._process,
                pixel_type=output.pixel_type,
                bands=output.bands,
                statistics=output.statistics,
                histograms=output.histograms,
                names=output.names,
                wavelengths_nm=output.wavelengths_nm,
            )
            self._steps = self._process.bind()
            output = self._steps.output
        self._histograms = output.histograms
        self.summary = msgspec.structs.replace(
            rule_head(self.summary, output), no_data=(), attribute_table=None, templates=()
        )
        self.catalog.changed = self._under_rule
        if not output.statistics:
            self._count(budget)

    def _mosaic_info(self) -> BandsInfo:
        """Return what is known of the mosaic, before what the service does to it."""
        if self._process is not None:
            return with_properties(self._process.info, self, MosaicInput())
        bands = tuple(range(len(self.summary.bands)))
        return with_properties(self.bands_info(bands), self, MosaicInput())

    def _under_rule(self, item: Item) -> Item:
        """Return an item with the rule at the end of its chain, and so each of several rasters."""
        if item.rasters:
            own = [self._under_rule(raster) for raster in rasters_of(item)]
            item = msgspec.structs.replace(item, rasters=pack_rasters(own))
        return msgspec.structs.replace(item, process=self._chain_under_rule(item.process))

    def _chain_under_rule(self, chain: bytes) -> bytes:
        """Return a packed chain with the rule behind it; items with one chain share one."""
        found = self._chains.get(chain)
        if found is None:
            process = unpack_process(chain) if chain else ItemProcess(split=split(()))
            found = pack_process(msgspec.structs.replace(process, rule=self._rule))
            self._chains[chain] = found
        return found

    def _count(self, budget: Budget) -> None:
        """Find out statistics and histograms; where rasters without levels make that costly there are none."""
        box = self.summary.extent
        size = max(box.width, box.height) / _LOOKED_AT
        try:
            found = area_counts(AreaCountsRequest(pixel_size=(size, size)), Work(self, budget))
        except RequestTooLarge:
            return
        if any(band.statistics.is_empty for band in found.bands):
            return
        # What was made of the service without statistics is not what is made with them.
        self.plans.clear()
        self._histograms = tuple(band.histogram for band in found.bands)
        statistics = tuple(band.statistics for band in found.bands)
        self.summary = msgspec.structs.replace(self.summary, statistics=statistics)


def _bound_output(rule: RenderingRule, info: BandsInfo) -> BandsInfo:
    try:
        return tree_step(rule, info).output
    except InvalidParameter as err:
        raise _refused(rule, str(err)) from err


def _check(rule: RenderingRule, info: BandsInfo) -> None:
    """Refuse a rule that cannot be done to single items."""
    for name in _OF_VIEWS:
        if _has(rule, name):
            raise _refused(rule, f"functions without {name}, which is for renderingRule alone")
    process = RasterFunctionProcess(
        function=rule.function,
        arguments=rule.arguments,
        output_pixel_type=rule.output_pixel_type,
        inputs=rule.inputs,
    )
    for fault in item_faults((DEFAULT_SAMPLER, process), info):
        raise _refused(rule, fault.why)


def _has(rule: RenderingRule, name: str) -> bool:
    inner = (each for each in rule.inputs if isinstance(each, RenderingRule))
    return rule.function == name or any(_has(each, name) for each in inner)


def _refused(rule: RenderingRule, why: str) -> InvalidParameter:
    return InvalidParameter(_NAME, rule.function, f"a rule that can be done to each item ({why})")
