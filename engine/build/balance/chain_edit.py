"""Put colour corrections into the chains of items, and take them out again.

Rules: nothing but processes `made_by` the colour balance is added or taken away; files, places and what
an author wrote stay as they are. A correction stands behind all other radiometric processes, as early
among geotransforms and samplers as that allows: there it is done once, when blocks are decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item
from engine.chain import BY_BALANCE, RasterFunctionProcess, Sampler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.raster_record import RasterDefinition
    from engine.chain import Chain


def is_balanced(raster: RasterDefinition) -> bool:
    """Whether an item has corrections in its chain."""
    if raster.process is None:
        return False
    chains = (raster.process.process_chain, *(r.process_chain for r in raster.process.rasters))
    return any(_is_ours(process) for chain in chains for process in chain)


def with_corrections(
    name: str, raster: RasterDefinition, corrections: Sequence[RasterFunctionProcess]
) -> RasterDefinition:
    """Return an item's record with corrections instead of those that it had; () = none."""
    plain = without_correction(name, raster)
    if not corrections:
        return plain
    definition = definition_of_item(name, plain)
    ours = tuple(msgspec.structs.replace(each, made_by=BY_BALANCE) for each in corrections)
    group = definition.process_chain
    was_sampled = any(isinstance(p, Sampler) for r in definition.rasters for p in r.process_chain)
    if _last_radiometric(group) and not (was_sampled and _needs_places(ours)):
        # What the group does comes last, for all of the item's rasters alike.
        changed = msgspec.structs.replace(definition, process_chain=_with(group, ours))
    else:
        rasters = tuple(
            msgspec.structs.replace(entry, process_chain=_with(entry.process_chain, ours))
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


def _last_radiometric(chain: Chain) -> int:
    """Return the place behind the last radiometric process, 0 where there is none."""
    found = (i + 1 for i, each in enumerate(chain) if isinstance(each, RasterFunctionProcess))
    return max(found, default=0)


def _with(chain: Chain, ours: tuple[RasterFunctionProcess, ...]) -> Chain:
    place = _last_radiometric(chain)
    if _needs_places(ours):
        samplers = [i for i, each in enumerate(chain) if isinstance(each, Sampler)]
        place = min(place, _last_radiometric(chain[: min(samplers, default=len(chain))]))
    return (*chain[:place], *ours, *chain[place:])


def _needs_places(ours: tuple[RasterFunctionProcess, ...]) -> bool:
    return any(process.function == "GainSurface" for process in ours)


def _without(chain: Chain) -> Chain:
    return tuple(process for process in chain if not _is_ours(process))


def _is_ours(process: object) -> bool:
    return isinstance(process, RasterFunctionProcess) and process.made_by == BY_BALANCE
