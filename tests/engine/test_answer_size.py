"""What is too large is refused from the request, or else from the plan; the limit is exact."""

import pytest

from engine.answer import answer
from engine.answer_size import check_answer_size, check_request_size
from engine.budget import UNLIMITED
from engine.errors import RequestTooLarge
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, TileAddress, View

WIDTH, HEIGHT = 100, 50
PIXELS = WIDTH * HEIGHT


def asked(service, form, **fields):
    view = View(extent=service.summary.extent, width=WIDTH, height=HEIGHT)
    return ImageRequest(view=view, encoding=Encoding(format=form), **fields)


def check_made(service, request, limit):
    made = plan(service, request)
    pixels = made.grid.width * made.grid.height
    check_answer_size(pixels, len(made.bands), made.pixel_type, request, limit)


@pytest.mark.parametrize(
    ("form", "fields", "each"),
    [
        ("png", {}, 4),
        ("bsq", {}, 3 * 2),
        ("bsq", {"band_ids": (0,)}, 2),
        ("lerc", {"pixel_type": PixelType.F32}, 3 * 5),
    ],
)
def test_the_limit_is_exact_in_request_and_plan(pair, form, fields, each):
    request = asked(pair, form, **fields)
    check_request_size(request, pair.summary, PIXELS * each)
    check_made(pair, request, PIXELS * each)
    with pytest.raises(RequestTooLarge, match="size of the image in memory"):
        check_request_size(request, pair.summary, PIXELS * each - 1)
    with pytest.raises(RequestTooLarge, match="'size', 'bandIds', 'pixelType' and 'format'"):
        check_made(pair, request, PIXELS * each - 1)


def test_tiles_are_small_and_tiffs_come_in_strips(pair):
    tile = ImageRequest(
        view=View(tile=TileAddress(level=3, row=1, col=1)), encoding=Encoding(format="png")
    )
    check_request_size(tile, pair.summary, 1)
    check_request_size(asked(pair, "tiff"), pair.summary, 1)


def test_what_a_rule_makes_is_known_with_the_plan(pair):
    rule = RenderingRule(output_pixel_type=PixelType.F64)
    request = asked(pair, "bsq", rendering=rule)
    check_request_size(request, pair.summary, PIXELS)
    with pytest.raises(RequestTooLarge):
        check_made(pair, request, PIXELS * 3 * 9 - 1)


def test_the_instance_refuses_before_it_opens_a_file(pair, monkeypatch):
    monkeypatch.setattr(pair.memory, "scratch_bytes", 1000)
    opened = pair.memory.blocks.misses
    with pytest.raises(RequestTooLarge):
        answer(pair, asked(pair, "png"), UNLIMITED)
    assert pair.memory.blocks.misses == opened
