"""The benchmark of histograms runs, in its small form, and counts every pixel once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import histograms

if TYPE_CHECKING:
    import pytest


def test_it_prints_a_line_a_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert histograms.main(["--tiny", "--rounds", "1"]) == 0
    quick, exact, told = capsys.readouterr().out.splitlines()
    assert json.loads(quick)["way"] == "from overviews"
    # Scenes of 1024² pixels, two a side, that overlap by a tenth: a square without a gap.
    side = 1024 + round(1024 * 0.9)
    assert (json.loads(exact)["pixels"], json.loads(exact)["skip"]) == (side * side, 1)
    assert "from overviews" in told
