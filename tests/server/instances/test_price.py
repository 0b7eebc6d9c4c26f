"""Prices: by size at first, then by what the like took."""

from types import SimpleNamespace

import pytest

from engine.request import ImageRequest, QueryRequest, StripRequest
from engine.request_parts import Encoding, TileAddress, View
from server.instances.job import Job
from server.instances.price import Prices, pixels_of


def image(width, height):
    return ImageRequest(view=View(width=width, height=height), encoding=Encoding(format="png"))


def job(request, service="a"):
    return Job(service=SimpleNamespace(name=service), request=request, operation="x")


def price(request):
    return Prices().of(job(request))


def test_only_small_pictures_are_light_and_small():
    assert price(image(1024, 1024)).is_light
    assert not price(image(1025, 1024)).is_light
    assert not price(QueryRequest()).is_light
    assert price(image(512, 512)).is_small
    assert not price(image(513, 512)).is_small
    tile = ImageRequest(
        view=View(tile=TileAddress(level=3, row=1, col=1)), encoding=Encoding(format="png")
    )
    assert price(tile).is_small


def test_strips_cost_by_their_own_rows():
    strip = StripRequest(image=image(4000, 4000), first_row=0, rows=250)
    assert pixels_of(strip) == 1_000_000


def test_the_price_follows_what_answers_took():
    prices = Prices()
    asked = job(image(500, 500))
    for _ in range(100):
        prices.learn(prices.of(asked), 0.5)
    learned = prices.of(asked)
    assert learned.seconds == pytest.approx(0.5, rel=0.01)
    # Slower than a tile may be, whatever its size.
    assert not learned.is_small
    assert not learned.is_light
    assert prices.of(job(image(500, 500), "b")).seconds < 0.1


def test_quick_questions_become_small_ones():
    prices = Prices()
    asked = job(QueryRequest())
    for _ in range(40):
        prices.learn(prices.of(asked), 0.002)
    assert prices.of(asked).is_small


def test_one_answer_that_waited_for_a_disk_hardly_counts():
    prices = Prices()
    asked = job(image(256, 256))
    before = prices.of(asked).seconds
    prices.learn(prices.of(asked), 100.0)
    assert prices.of(asked).seconds < 1.5 * before


def test_kinds_that_are_remembered_are_bounded():
    prices = Prices()
    for number in range(5000):
        asked = job(QueryRequest(), str(number))
        prices.learn(prices.of(asked), 0.1)
    assert len(prices._seconds_per_unit) <= 4096
