"""No position grid errs more than it claims: random views of every image of the kit.

`python -m benchmarks.claimed_error` does the same with a thousand views of each.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import claimed_error
from benchmarks.kit_images import map_images, sensor_images

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from benchmarks.claimed_error import ClaimFigure


def _said(figures: list[ClaimFigure]) -> str:
    lines = [
        f"{figure.image}: {figure.views} views, claimed {figure.claimed_px:.5f} px, "
        f"true {figure.true_px:.5f} px{' EXCEEDED' if figure.exceeded else ''}"
        for figure in figures
    ]
    kinds = Counter(figure.kind for figure in figures)
    return "\n".join([*lines, f"{len(figures)} images: {dict(kinds)}"])


def test_no_image_with_a_sensor_model_is_further_off_than_claimed(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [claimed_error.measure(image, 20) for image in sensor_images(shared_data, tmp_path)]
    with capsys.disabled():
        print(f"\n{_said(figures)}")  # noqa: T201 -- the kit's list is counted in the output
    assert not [(figure.image, figure.exceeded) for figure in figures if figure.exceeded]
    assert Counter(figure.kind for figure in figures) == {
        "RPC": 26,
        "GCPs": 6,
        "frame": 6,
        "grid": 3,
    }
    assert {figure.views for figure in figures} == {20}
    # Claims say something: what is true comes within a factor of them somewhere.
    assert max(figure.worst_ratio for figure in figures) > 0.5


def test_no_raster_on_a_map_is_further_off_than_claimed(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [claimed_error.measure(image, 6) for image in map_images(shared_data)]
    with capsys.disabled():
        print(f"\n{_said(figures)}")  # noqa: T201 -- the kit's list is counted in the output
    assert not [(figure.image, figure.exceeded) for figure in figures if figure.exceeded]
    assert len(figures) >= 130
    assert all(figure.views >= 1 for figure in figures)
