"""What every raster type must hold: run this over your own in your tests; see `engine.contract`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.raster_record import raster_of_text, raster_to_text
from engine.contract.checks import ContractBroken
from engine.errors import SourceError
from engine.readers.header import read_header
from raster_types.base import ItemOptions, Product

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.build.raster_record import NewItem
    from raster_types.base import RasterType

_NAMES = ("a.tif", "A.TIF", "a.tif.ovr", "a.tfw", "b.jp2", "README", ".hidden", "x.", "ü.png")


def check_raster_type(raster_type: RasterType, name: str) -> None:
    """Check what a raster type makes of names: products of the offered files, each file in one.

    Raises
    ------
    ContractBroken
        Also where it opens files to recognise them: nothing of these names exists.
    """
    if raster_type.name != name:
        raise ContractBroken(f"its name is {raster_type.name!r}, registered as {name!r}")
    offered = [f"/nowhere/{each}" for each in _NAMES]
    products = list(raster_type.match(offered))
    taken = [path for product in products for path in product]
    if not all(products) or not set(taken) <= set(offered) or len(set(taken)) != len(taken):
        raise ContractBroken(f"{products} are not products of {offered}, each file in one")
    if list(raster_type.match(offered)) != products:
        raise ContractBroken("the same names give other products")
    if not all(isinstance(raster_type.is_expected(each), bool) for each in offered):
        raise ContractBroken("is_expected does not answer with a truth value")


def check_product(raster_type: RasterType, folder: Path) -> list[NewItem]:
    """Check what a raster type makes of the real files of a folder, and return the items.

    Raises
    ------
    ContractBroken
    """
    offered = sorted(str(path) for path in folder.iterdir() if path.is_file())
    items: list[NewItem] = []
    for paths in raster_type.match(offered):
        product = Product(tuple(paths), read_header)
        try:
            items += raster_type.items(product, ItemOptions())
        except SourceError as err:
            _check_sentence(str(err.fields[1]))
    for item in items:
        check_item(raster_type.name, item)
    return items


def check_item(name: str, item: NewItem, offered: Sequence[str] = ()) -> None:
    """Check one item that a raster type made.

    Parameters
    ----------
    offered
        Files its sources must be among; () = any.

    Raises
    ------
    ContractBroken
    """
    if not item.name or item.raster.raster_type != name:
        raise ContractBroken(f"item {item.name!r} is made by {item.raster.raster_type!r}")
    if raster_of_text(raster_to_text(item.raster)) != item.raster:
        raise ContractBroken(f"the record of {item.name} does not survive JSON")
    sources = {source.path for source in item.raster.sources}
    if not sources or (offered and not sources <= set(offered)):
        raise ContractBroken(f"{item.name} has sources that are none of the product's: {sources}")
    if not item.status.is_failed and len(item.headers) != len(item.raster.sources):
        raise ContractBroken(f"{item.name} is not failed and lacks headers of its sources")
    if item.status.is_failed:
        _check_sentence(item.message)


def _check_sentence(text: str) -> None:
    if not text.strip() or "Traceback" in text:
        raise ContractBroken(f"{text!r} is no sentence for a person")
