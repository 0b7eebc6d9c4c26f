"""Figures of differences, against loops over pixels: server.comparison.difference, .picture."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from engine.errors import SourceUnavailable
from engine.extent import Extent
from server.comparison.difference import compare_pictures
from server.comparison.fetcher import Answer
from server.comparison.picture import data_url, decode_picture, difference_picture
from server.comparison.view import View

_VIEW = View(
    number=1, crs="EPSG:3857", extent=Extent(0, 0, 40, 30), width=40, height=30, pixel_size=1.0
)


def _picture(seed: int) -> np.ndarray:
    draws = np.random.default_rng(seed)
    picture = draws.integers(0, 256, (30, 40, 4)).astype(np.uint8)
    picture[..., 3] = np.where(draws.random((30, 40)) < 0.7, 255, 0)
    return picture


@pytest.mark.parametrize("tolerance", [0, 8, 100, 255])
def test_figures_are_those_of_loops(tolerance: int) -> None:
    first, second = _picture(1), _picture(2)
    second[5:20] = first[5:20]
    sums, worst, differing, both, one_only = 0, 0, 0, 0, 0
    for row in range(30):
        for col in range(40):
            a, b = first[row, col].tolist(), second[row, col].tolist()
            if a[3] and b[3]:
                wrong = [abs(a[band] - b[band]) for band in range(3)]
                both += 1
                sums += sum(wrong)
                worst = max(worst, *wrong)
                differing += max(wrong) > tolerance
            elif a[3] or b[3]:
                one_only += 1
    found = compare_pictures(first, second, tolerance)
    assert (found.compared, found.pixels, found.max_abs) == (both, both + one_only, worst)
    assert found.mean_abs == pytest.approx(sums / both / 3)
    assert found.share_differing == pytest.approx(differing / both)
    assert found.share_one_only == pytest.approx(one_only / (both + one_only))


def test_nothing_in_either_is_no_difference() -> None:
    empty = np.zeros((30, 40, 4), np.uint8)
    found = compare_pictures(empty, empty, 8)
    assert (found.pixels, found.compared, found.share_differing, found.share_one_only) == (0,) * 4
    assert found.shift is None


def test_the_difference_picture_amplifies_and_marks() -> None:
    first = np.full((1, 4, 4), 100, np.uint8)
    first[..., 3] = [[255, 255, 0, 0]]
    second = first.copy()
    second[0, 0, :3] = (97, 100, 200)
    second[..., 3] = [[255, 0, 255, 0]]
    shown = difference_picture(first, second)[0].tolist()
    assert shown[0] == [24, 0, 255, 255]
    assert shown[1] == shown[2]
    assert shown[1][3] == 255
    assert shown[3] == [0, 0, 0, 0]


def _answer(body: bytes, kind: str = "image/png", status: int = 200) -> Answer:
    return Answer("http://h/x", status, kind, body, 0.1)


def _png(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def test_pictures_of_all_kinds_become_colours_and_opacity() -> None:
    picture = _picture(1)
    assert np.array_equal(decode_picture(_answer(_png(picture)), _VIEW), picture)
    without = decode_picture(_answer(_png(picture[..., :3])), _VIEW)
    assert np.array_equal(without[..., :3], picture[..., :3])
    assert (without[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_answer(_png(np.zeros((20, 40, 4), np.uint8))), "a picture of 40 × 20, asked for 40 × 30"),
        (_answer(b"<x/>", "text/xml"), "instead of a picture"),
        (_answer(_png(_picture(1)), status=500), "answered 500"),
        (_answer(_png(_picture(1))[:300]), "instead of a picture that can be read"),
        (_answer(b"no picture"), "instead of a picture that can be read"),
    ],
)
def test_what_is_no_such_picture_is_told(answer: Answer, why: str) -> None:
    with pytest.raises(SourceUnavailable, match=why):
        decode_picture(answer, _VIEW)


def test_a_data_url_holds_the_picture() -> None:
    picture = np.full((30, 40, 4), 255, np.uint8)
    kind, _, data = data_url(picture).partition(",")
    assert kind == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (40, 30)
