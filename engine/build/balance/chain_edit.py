"""Put colour corrections into the chains of items, and take them out again.

Rules: nothing but processes `made_by` the colour balance is added or taken away; files, places and what
an author wrote stay as they are. A correction stands behind all other radiometric processes, as early
among geotransforms and samplers as that allows: there it is done once, when blocks are decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item
from engine.chain import BY_BALANCE, RasterFunctionProcess

if TYPE_CHECKING:
    from engine.build.raster_record import RasterDefinition
    from engine.chain import Chain


def is_balanced(raster: RasterDefinition) -> bool:
    """Whether an item has corrections in its chain."""
    if raster.process is None:
        return False
    chains = (raster.process.process_chain, *(r.process_chain for r in raster.process.rasters))
    return any(_is_ours(process) for chain in chains for process in chain)


def with_correction(
    name: str, raster: RasterDefinition, correction: RasterFunctionProcess
) -> RasterDefinition:
    """Return an item's record with a correction instead of those that it had."""
    plain = without_correction(name, raster)
    definition = definition_of_item(name, plain)
    process = msgspec.structs.replace(correction, made_by=BY_BALANCE)
    if any(isinstance(each, RasterFunctionProcess) for each in definition.process_chain):
        # What the group does comes last, for all of the item's rasters alike.
        chain = _with(definition.process_chain, process)
        changed = msgspec.structs.replace(definition, process_chain=chain)
    else:
        rasters = tuple(
            msgspec.structs.replace(entry, process_chain=_with(entry.process_chain, process))
            for entry in definition.rasters
        )
        changed = msgspec.structs.replace(definition, rasters=rasters)
    # Files and geolocation do not follow from it anew: they stay as they were found.
    return msgspec.structs.replace(raster, process=changed)


def without_correction(name: str, raster: RasterDefinition) -> RasterDefinition:
    """Return an item's record without corrections, the same one where it has none."""
    if raster.process is None or not is_balanced(raster):
        return raster
    rasters = tuple(
        msgspec.structs.replace(entry, process_chain=_without(entry.process_chain))
        for entry in raster.process.rasters
    )
    chain = _without(raster.process.process_chain)
    process = msgspec.structs.replace(raster.process, process_chain=chain, rasters=rasters)
    bare = msgspec.structs.replace(raster, process=None)
    if definition_of_item(name, bare) == msgspec.structs.replace(process, name=name):
        return bare
    return msgspec.structs.replace(raster, process=process)


def _with(chain: Chain, process: RasterFunctionProcess) -> Chain:
    places = [i + 1 for i, each in enumerate(chain) if isinstance(each, RasterFunctionProcess)]
    place = max(places, default=0)
    return (*chain[:place], process, *chain[place:])


def _without(chain: Chain) -> Chain:
    return tuple(process for process in chain if not _is_ours(process))


def _is_ours(process: object) -> bool:
    return isinstance(process, RasterFunctionProcess) and process.made_by == BY_BALANCE
