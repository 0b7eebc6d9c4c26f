"""The benchmark of seamlines runs, in its small form, and borders by pixels show less."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import seamlines

if TYPE_CHECKING:
    import pytest


def test_it_prints_a_line_a_method(capsys: pytest.CaptureFixture[str]) -> None:
    seamlines.main(["--tiny"])
    straight, follows = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (straight["method"], follows["method"]) == ("voronoi", "radiometric")
    assert straight["made"] == follows["made"] == straight["scenes"]
    assert straight["moved"] == 0
    assert follows["moved"] > 0
    assert follows["step_dn"] < straight["step_dn"]
