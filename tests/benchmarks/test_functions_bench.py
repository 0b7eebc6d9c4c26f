"""The benchmark of functions runs, and both programs give the same; covers benchmarks.picture_tile."""

from __future__ import annotations

from shutil import which
from typing import TYPE_CHECKING

import msgspec

from benchmarks import functions

if TYPE_CHECKING:
    from pathlib import Path


def test_every_row_is_written_and_both_programs_agree(tmp_path: Path) -> None:
    assert functions.main(["--tiny", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "functions.jsonl").read_bytes().splitlines()
    own = [msgspec.json.decode(line) for line in lines]
    figures = {(each["row"], each.get("peer", "")): each for each in own}
    assert ("five pointwise functions", "numpy") in figures
    assert (("hillshade", "gdaldem") in figures) is (which("gdaldem") is not None)
    # Whole shades may differ by one, heights of some hundreds in their last digits.
    apart = [each["apart"] for (row, _), each in figures.items() if "apart" in each]
    assert len(apart) >= 14
    assert max(apart) <= 1.0
    assert sum("beyond_ms" in each for each in own) == 2
