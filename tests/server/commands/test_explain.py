"""`swath explain` tells by which sensor model and over which terrain images are placed."""

from __future__ import annotations

import pytest

from engine.extent import Extent
from engine.results import ExplainedRaster, ExplainResult
from server.commands.explain import _ways

RPC = "proj=pipeline step inv proj=utm zone=31 → terrain (egm96) → RpcModel"
FRAME = "proj=noop → terrain (egm2008) → FrameCamera; stretch"
MAP = "proj=pipeline step proj=utm zone=31"


def _plan(*operations: str, missing: int = 0) -> ExplainResult:
    rasters = tuple(
        ExplainedRaster(id=number, name=f"i{number}", operation=operation, no_terrain_px=missing)
        for number, operation in enumerate(operations, start=1)
    )
    return ExplainResult(extent=Extent(0, 0, 1, 1), width=1, height=1, rasters=rasters)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([MAP, MAP], []),
        ([RPC, RPC], ["placed      RpcModel over terrain (egm96)"]),
        (
            [RPC, FRAME],
            [
                "i1 (1): RpcModel over terrain (egm96)",
                "i2 (2): FrameCamera over terrain (egm2008)",
            ],
        ),
        ([MAP, RPC], ["i2 (2): RpcModel over terrain (egm96)"]),
    ],
)
def test_the_way_over_terrain_is_told_once_where_all_take_it(
    operations: list[str], expected: list[str]
) -> None:
    assert _ways(_plan(*operations)) == expected


def test_pixels_without_terrain_are_counted() -> None:
    assert _ways(_plan(RPC, RPC, missing=600))[-1] == "no terrain  1,200 pixels"
