"""Links of exports: how long they live, how many there are, and that nobody guesses one."""

from types import SimpleNamespace

import pytest

from engine.extent import Extent
from engine.request import ImageRequest, ItemRequest
from engine.request_parts import Encoding, View
from server.answers.output_pictures import OutputGone, OutputPictures
from server.instances.job import Job


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def job(west=0.0, name="demo/hills", version="1"):
    view = View(extent=Extent(west, 0, west + 1, 1))
    request = ImageRequest(view=view, encoding=Encoding(format="tiff"))
    service = SimpleNamespace(name=name, version=version)
    return Job(service=service, request=request, operation="exportImage", protocol="arcgis")


def test_a_link_gives_the_picture_back_and_ends_as_its_file():
    outputs = OutputPictures(600)
    name = outputs.keep(job(), "tif")
    assert name.startswith("_ags_")
    assert name.endswith(".tif")
    found = outputs.find(name)
    assert (found.service, found.operation, found.protocol) == (
        "demo/hills",
        "exportImage",
        "arcgis",
    )
    assert found.request == job().request


def test_a_link_lives_its_time_and_no_longer():
    clock = Clock()
    outputs = OutputPictures(600, clock=clock)
    name = outputs.keep(job(), "tif")
    clock.now = 599
    assert outputs.find(name).left_s == 1
    clock.now = 600
    with pytest.raises(OutputGone, match="600 s"):
        outputs.find(name)


def test_who_asks_again_gets_the_same_link_with_its_time_begun_anew():
    clock = Clock()
    outputs = OutputPictures(600, clock=clock)
    name = outputs.keep(job(), "tif")
    clock.now = 400
    assert outputs.keep(job(), "tif") == name
    assert len(outputs) == 1
    clock.now = 900
    assert outputs.find(name).left_s == 100


def test_links_that_have_ended_are_let_go():
    clock = Clock()
    outputs = OutputPictures(600, clock=clock)
    for west in range(10):
        outputs.keep(job(west), "tif")
    clock.now = 700
    outputs.keep(job(99), "tif")
    assert len(outputs) == 1


def test_bytes_are_bounded_and_the_oldest_go_first():
    outputs = OutputPictures(600, most_bytes=6000)
    names = [outputs.keep(job(west), "tif") for west in range(50)]
    assert outputs.bytes <= 6000
    assert 0 < len(outputs) < 12
    assert outputs.find(names[-1]).request == job(49).request
    with pytest.raises(OutputGone):
        outputs.find(names[0])


def test_names_differ_by_picture_service_version_and_server():
    outputs = OutputPictures(600)
    names = {
        outputs.keep(job(0), "tif"),
        outputs.keep(job(1), "tif"),
        outputs.keep(job(0, "demo/other"), "tif"),
        outputs.keep(job(0, version="2"), "tif"),
        OutputPictures(600).keep(job(0), "tif"),
    }
    assert len(names) == 5


@pytest.mark.parametrize("name", ["", "_ags_.tif", "../_ags_0.tif", "_ags_" + "0" * 32 + ".tif"])
def test_a_name_that_was_never_given_is_gone(name):
    with pytest.raises(OutputGone):
        OutputPictures(600).find(name)


def test_only_pictures_are_kept():
    wrong = Job(
        service=SimpleNamespace(name="a", version="1"), request=ItemRequest(item=1), operation="x"
    )
    with pytest.raises(TypeError):
        OutputPictures(600).keep(wrong, "tif")


def test_a_link_ends_when_its_service_is_shared_with_others():
    shared = {"demo/service": "everybody"}
    outputs = OutputPictures(600, shared_with=lambda name: shared.get(name, "everybody"))
    name = outputs.keep(job(), "tif")
    service = outputs.find(name).service
    shared[service] = "anna"
    with pytest.raises(OutputGone):
        outputs.find(name)
    assert outputs.keep(job(), "tif") == name
    assert outputs.find(name).service == service
