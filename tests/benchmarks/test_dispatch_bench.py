"""The benchmark of dispatch runs on a few rasters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_each_tile_is_rendered_here_and_through_the_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert dispatch.main(["--tiny", "--rounds", "1", "--results", str(tmp_path)]) == 0
    (line,) = (tmp_path / "dispatch.jsonl").read_bytes().splitlines()
    figure = msgspec.json.decode(line, type=dispatch.DispatchFigure)
    assert figure.pairs > 0
    assert figure.pool_ms > figure.in_process_ms > 0
