"""The benchmark of many services runs from end to end with a hundred, so that it never rots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import many_services

if TYPE_CHECKING:
    from pathlib import Path


def test_a_hundred_services_are_opened_lazily_and_closed_by_least_use(tmp_path: Path) -> None:
    many_services.main(["--tiny", "--results", str(tmp_path)])
    lines = (tmp_path / "many_services.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=many_services.ManyServicesFigure) for line in lines]
    by_row = {figure.row: figure for figure in figures}
    # Not the times: a busy machine may break them.
    assert 1 < by_row["services open in an instance"].value <= 64
    assert by_row["memory, every service asked"].met
    assert by_row["first tile of a service, p50"].value > 0
