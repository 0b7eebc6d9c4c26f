"""Copy some items of a catalog into another one, where all of them show at every pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.chain_files import SERVICE_CHAIN
from engine.build.service_table import ServiceTable
from engine.build.table_copy import TableCopy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def extract_items(source: ServiceTable, target: Path, fids: Sequence[int]) -> None:
    """Write a GeoPackage with the given items, all of them primaries, ready and visible at any size.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    with ServiceTable.create(target) as made:
        # It is thrown away after use: nothing needs to survive a failure of power.
        made.execute("PRAGMA synchronous=OFF")
        copy = TableCopy(source, made)
        with made.batch():
            # The chain of the service follows the mosaic, and overviews are mosaics.
            copy.info(without=SERVICE_CHAIN)
            copy.all_rows("boundary")
            copy.items(sorted(set(fids)))
            made.execute("UPDATE footprints SET MinPS = 0, MaxPS = 0, StatusId = 0, Category = 1")
