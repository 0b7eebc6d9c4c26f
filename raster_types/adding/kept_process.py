"""What of an item's process definition stays when its product is read again.

What an author changed stays as it is. What the raster type made is made anew; what colour balance put
after it is put there again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item
from engine.build.raster_record import ItemStatus
from engine.chain import BY_BALANCE, RasterFunctionProcess

if TYPE_CHECKING:
    from engine.build.raster_record import NewItem, RasterDefinition
    from engine.chain import Chain
    from engine.process_definition import RasterProcessDefinition


def process_digest(raster: RasterDefinition) -> str:
    """Return a digest of an item's definition without its colour balance; "" where it has none."""
    if raster.process is None:
        return ""
    plain = msgspec.structs.replace(_unbalanced(raster.process), name="-")
    if plain == msgspec.structs.replace(_bare(raster), name="-"):
        # Balanced, and nothing else: as if it had none.
        return ""
    return hashlib.blake2b(msgspec.json.encode(plain), digest_size=12).hexdigest()


def with_kept_process(old: RasterDefinition, made: str, item: NewItem) -> NewItem:
    """Return an item that was read again, with what an author did to its row before.

    Parameters
    ----------
    old
        What the row says now.
    made : str
        `process_digest` of what the raster type made of it when it was read before; "" = no process.
    """
    raster = item.raster
    if old.footprint is not None:
        raster = msgspec.structs.replace(raster, footprint=old.footprint)
    if old.process is None:
        return msgspec.structs.replace(item, raster=raster)
    if process_digest(old) == made:
        raster = _balanced_again(old, raster, item.name)
        return msgspec.structs.replace(item, raster=raster)
    raster = msgspec.structs.replace(
        raster, process=old.process, sources=old.sources, geolocation=old.geolocation
    )
    status = ItemStatus.ADDED if item.headers else item.status
    return msgspec.structs.replace(item, raster=raster, status=status)


def _bare(raster: RasterDefinition) -> RasterProcessDefinition:
    return definition_of_item("-", msgspec.structs.replace(raster, process=None))


def _is_balance(process: object) -> bool:
    return isinstance(process, RasterFunctionProcess) and process.made_by == BY_BALANCE


def _without_balance(chain: Chain) -> Chain:
    return tuple(process for process in chain if not _is_balance(process))


def _balance_of(chain: Chain) -> Chain:
    return tuple(process for process in chain if _is_balance(process))


def _unbalanced(definition: RasterProcessDefinition) -> RasterProcessDefinition:
    return msgspec.structs.replace(
        definition,
        process_chain=_without_balance(definition.process_chain),
        rasters=tuple(
            msgspec.structs.replace(entry, process_chain=_without_balance(entry.process_chain))
            for entry in definition.rasters
        ),
    )


def _balanced_again(old: RasterDefinition, new: RasterDefinition, name: str) -> RasterDefinition:
    """Return the record of an item with the colour balance it had, where it has the same files."""
    assert old.process is not None
    has_balance = _unbalanced(old.process) != old.process
    same = [(s.path, s.bands) for s in old.sources] == [(s.path, s.bands) for s in new.sources]
    if not (has_balance and same and new.sources):
        return new
    definition = definition_of_item(name, new)
    if len(definition.rasters) != len(old.process.rasters):
        return new
    rasters = tuple(
        msgspec.structs.replace(
            entry, process_chain=entry.process_chain + _balance_of(before.process_chain)
        )
        for entry, before in zip(definition.rasters, old.process.rasters, strict=True)
    )
    chain = definition.process_chain + _balance_of(old.process.process_chain)
    made = msgspec.structs.replace(definition, rasters=rasters, process_chain=chain)
    return msgspec.structs.replace(new, process=made)
