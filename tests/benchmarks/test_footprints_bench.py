"""The benchmark of footprints runs, in its small form, and finds no pixel lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import footprints

if TYPE_CHECKING:
    import pytest


def test_it_prints_a_line_a_scene(capsys: pytest.CaptureFixture[str]) -> None:
    footprints.main(["--tiny"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert all(line["lost_by_more_than_one_px"] == 0 for line in lines)
