"""What was refused a moment ago is refused unread; what differs in anything but the place is read."""

import pytest

from config.settings import Settings
from engine.errors import Overloaded
from server.http.brake import Brake, Refusal
from server.http.proxy import PublicAddress

PATH = "/arcgis/rest/services/a/ImageServer/exportImage"
QUERY = b"bbox=1,2,3,4&size=900,900&f=image"
HEADERS = ((b"host", b"x"), (b"cookie", b"session=1"))
REFUSAL = Refusal(
    status=503,
    headers=[(b"retry-after", b"1")],
    body=b"{}",
    labels=("a", "arcgis", "exportImage"),
    counted=503,
    error=Overloaded(1),
)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def scope(query=QUERY, path=PATH, headers=HEADERS, client="1.2.3.4", method="GET"):
    return {
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
        "client": (client, 1234),
    }


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def brake(clock):
    return Brake(PublicAddress(Settings()), 60.0, clock)


@pytest.mark.parametrize(
    "query",
    [
        QUERY,
        b"bbox=5,6,7,8&size=900,900&f=image",
        b"BBOX=9%2C6%2C7%2C8&size=900,900&f=image",
    ],
)
def test_the_same_about_another_place_is_refused_alike(brake, query):
    brake.hold(scope(), PATH, REFUSAL)
    assert brake.refusal(scope(query)) is REFUSAL


@pytest.mark.parametrize(
    "other",
    [
        {"query": b"bbox=1,2,3,4&size=90,90&f=image"},
        {"query": b"bbox=1,2,3,4&size=900,900&f=image&mybbox=7"},
        {"query": b"bbox=1,2,3,4&size=900,900&f=image&token=a"},
        {"path": PATH.replace("/a/", "/b/")},
        {"headers": HEADERS[:1]},
        {"headers": (HEADERS[0], (b"cookie", b"session=2"))},
        {"client": "1.2.3.5"},
    ],
)
def test_what_differs_in_anything_else_is_read(brake, other):
    brake.hold(scope(), PATH, REFUSAL)
    assert brake.refusal(scope(**other)) is None


def test_it_holds_for_a_moment_from_each_refusal(brake, clock):
    assert brake.refusal(scope()) is None
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.04
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.04
    assert brake.refusal(scope()) is REFUSAL
    clock.now += 0.02
    assert brake.refusal(scope()) is None


def test_after_it_one_is_read_alone_and_then_all_unless_it_was_refused(brake, clock):
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.051
    assert brake.refusal(scope()) is None
    assert brake.refusal(scope()) is REFUSAL
    clock.now += 0.004
    assert brake.refusal(scope()) is REFUSAL
    clock.now += 0.002
    assert [brake.refusal(scope()) for _ in range(3)] == [None] * 3
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.051
    assert brake.refusal(scope()) is None
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.04
    assert brake.refusal(scope()) is REFUSAL


def test_what_nobody_asks_for_any_more_is_forgotten(brake, clock):
    brake.hold(scope(), PATH, REFUSAL)
    assert brake.refusal(scope(client="9.9.9.9")) is None
    clock.now += 0.2
    assert brake.refusal(scope(client="9.9.9.9")) is None
    clock.now = 100.0
    assert brake.refusal(scope()) is None


def test_one_that_has_ended_is_not_held_by_another(brake, clock):
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.04
    brake.hold(scope(client="9.9.9.9"), PATH, REFUSAL)
    clock.now += 0.02
    assert brake.refusal(scope()) is None
    assert brake.refusal(scope(client="9.9.9.9")) is REFUSAL


def test_it_is_short_beside_the_time_to_wait(clock):
    brake = Brake(PublicAddress(Settings()), 0.2, clock)
    brake.hold(scope(), PATH, REFUSAL)
    clock.now += 0.011
    assert brake.refusal(scope()) is None


def test_the_prefix_is_part_of_the_path(brake):
    brake.hold(scope(), "/maps" + PATH, REFUSAL)
    assert brake.refusal(scope()) is None
    assert brake.refusal(scope(path="/maps" + PATH)) is REFUSAL


def test_neither_pages_nor_posts_are_held(brake):
    page = Refusal(
        status=503,
        headers=[],
        body=b"x" * 2000,
        labels=REFUSAL.labels,
        counted=503,
        error=REFUSAL.error,
    )
    brake.hold(scope(), PATH, page)
    brake.hold(scope(method="POST"), PATH, REFUSAL)
    assert brake.refusal(scope()) is None


def test_no_more_than_some_are_held(brake):
    for number in range(200):
        brake.hold(scope(client=f"10.0.0.{number}"), PATH, REFUSAL)
    held = [n for n in range(200) if brake.refusal(scope(client=f"10.0.0.{n}"))]
    assert held == list(range(136, 200))
