"""The RPC benchmark runs, and what it times is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import rpc

if TYPE_CHECKING:
    from pathlib import Path


def test_every_row_is_written_and_both_programs_agree(tmp_path: Path) -> None:
    assert rpc.main(["--tiny", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "rpc.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=rpc.RpcFigure) for line in lines]
    assert [(figure.row, figure.program) for figure in figures] == [
        ("rpc ground to image", "Swath"),
        ("rpc ground to image", "GDAL through rasterio"),
        ("rpc image to ground", "Swath"),
        ("rpc image to ground", "GDAL through rasterio"),
    ]
    assert all(figure.rate_mpts > 0 for figure in figures)
    assert all(figure.worst_px < 2e-6 for figure in figures)
    assert [figure.floor_mpts for figure in figures] == [100.0, 0.0, 0.0, 0.0]
