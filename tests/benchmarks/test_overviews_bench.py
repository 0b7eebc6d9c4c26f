"""The benchmark of overviews runs, in its small form, beside the real GDAL tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import overviews

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_it_prints_a_line_a_way(
    capsys: pytest.CaptureFixture[str], require_program: Callable[[str], Path]
) -> None:
    require_program("gdalbuildvrt")
    assert overviews.main(["--tiny", "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ways = [json.loads(line) for line in lines[:-1]]
    assert ways[0]["way"] == "swath"
    assert len(ways) == 3
    # The same pixels, but for whole tiles of files that are counted from 0.
    assert max(way["pixels"] for way in ways) < 1.05 * min(way["pixels"] for way in ways)
    assert "times as fast" in lines[-1]
