"""See test_convolution.py for sums; here the layout of one kernel as Esri writes it."""

from __future__ import annotations

from engine.functions.convolution_kernels import KERNELS


def test_rows_stand_one_below_the_other() -> None:
    assert KERNELS[7].tolist() == [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
