"""Nodes of trees call a function with what it asks for: the ground, the grid, or pixels alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.extent import Extent
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.target_grid import TargetGrid, grid_of_extent
from engine.tree_nodes import OneBlock, SeveralBlocks, TreeNode

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = PixelBlock(np.ones((1, 4, 5), np.uint8), np.ones((1, 4, 5), np.bool_))
GRID = grid_of_extent("EPSG:32633", Extent(0, 0, 50, 40), 5, 4, None)
GROUND = GroundCells(np.full((1, 1), 10.0), np.full((1, 1), 10.0))


@dataclass
class _Plain:
    output: BandsInfo = field(default_factory=lambda: BandsInfo(PixelType.U8, 1))
    told: list[str] = field(default_factory=list)

    def apply(self, block: PixelBlock) -> PixelBlock:
        self.told.append("pixels")
        return block


class _OnGround(_Plain):
    def apply_on(self, block: PixelBlock, ground: GroundCells) -> PixelBlock:
        assert ground is GROUND
        self.told.append("ground")
        return block


class _OnMap(_Plain):
    def apply_in(self, block: PixelBlock, grid: TargetGrid) -> PixelBlock:
        assert grid is GRID
        self.told.append("grid")
        return block


@dataclass
class _Both:
    output: BandsInfo = field(default_factory=lambda: BandsInfo(PixelType.U8, 1))

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        return blocks[-1]


@pytest.mark.parametrize(
    ("kind", "grid", "told"),
    [
        (_Plain, GRID, "pixels"),
        (_OnGround, GRID, "ground"),
        (_OnMap, GRID, "grid"),
        (_OnMap, None, "pixels"),
    ],
)
def test_a_function_gets_what_it_asks_for(
    kind: type[_Plain], grid: TargetGrid | None, told: str
) -> None:
    function = kind()
    got = TreeNode(OneBlock(function), (0,)).run([BLOCK], lambda: GROUND, grid)
    assert got is BLOCK
    assert function.told == [told]


def test_functions_of_several_blocks_get_all() -> None:
    other = PixelBlock(BLOCK.data.copy(), BLOCK.valid)
    node = TreeNode(SeveralBlocks(_Both()), (0, 1))
    assert node.run([BLOCK, other], lambda: GROUND, GRID) is other
