"""The benchmark of products runs on tiny scenes; covers benchmarks.product_scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import products
from benchmarks.product_scenes import TINY, ensure_product_scenes
from benchmarks.rows import Figure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_every_product_is_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_program: Callable[[str], Path]
) -> None:
    require_program("wrk")
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    arguments = ["--tiny", "--only", "Swath", "--rounds", "1", "--seconds", "0.5"]
    assert products.main([*arguments, "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "products-tiny.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=Figure) for line in lines]
    rows = products.product_rows(ensure_product_scenes(TINY), TINY)
    assert [figure.row for figure in figures] == [row.key for row in rows]
    assert all(figure.non_empty_share == 1.0 for figure in figures)
    assert all(row.queries.keys() == {"Swath", "TiTiler"} for row in rows)
