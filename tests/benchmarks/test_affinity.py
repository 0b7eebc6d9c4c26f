"""The measurement of affinity runs on a few rasters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import affinity

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_both_sides_render_the_same_screens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert affinity.main(["--tiny", "--screens", "6", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "affinity.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=affinity.AffinityFigure) for line in lines]
    assert len(figures) == 2
    assert all(0 < figure.block_hits <= 1 for figure in figures)
    assert all(figure.tiles_a_second > 0 for figure in figures)
