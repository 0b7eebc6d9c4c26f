"""The checks for raster types of other distributions: ours pass, and what breaks a promise does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.build.raster_record import ItemStatus
from engine.contract.checks import ContractBroken
from raster_types import RASTER_TYPES
from raster_types.contract import check_item, check_product, check_raster_type
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from raster_types.base import ItemOptions


@pytest.mark.parametrize("name", RASTER_TYPES)
def test_every_raster_type_holds_the_contract(name: str, tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", ramp(16, 16))
    (tmp_path / "b.tif").write_bytes(b"no raster")
    check_raster_type(RASTER_TYPES[name], name)
    check_product(RASTER_TYPES[name], tmp_path)


class _Type:
    name = "greedy"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        yield tuple(paths)
        yield tuple(paths)

    def is_expected(self, path: str) -> bool:
        return True

    def items(self, product: Any, options: ItemOptions) -> Iterator[Any]:
        yield from ()


def test_a_type_that_puts_a_file_in_two_products_is_found() -> None:
    with pytest.raises(ContractBroken, match="each file in one"):
        check_raster_type(_Type(), "greedy")
    with pytest.raises(ContractBroken, match="registered as 'other'"):
        check_raster_type(_Type(), "other")


def test_an_item_that_is_not_as_it_should_be_is_found(tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", ramp(16, 16))
    (item,) = check_product(RASTER_TYPES["raster-dataset"], tmp_path)
    with pytest.raises(ContractBroken, match="made by 'raster-dataset'"):
        check_item("other", item)
    with pytest.raises(ContractBroken, match="none of the product's"):
        check_item("raster-dataset", item, ["/elsewhere.tif"])
    with pytest.raises(ContractBroken, match="lacks headers"):
        check_item("raster-dataset", msgspec.structs.replace(item, headers=()))
    failed = msgspec.structs.replace(item, status=ItemStatus.CORRUPT, message="")
    with pytest.raises(ContractBroken, match="no sentence"):
        check_item("raster-dataset", failed)
