"""The product's own work, in this process (and server.instances.answer_context, which it makes)."""

import json

import msgspec
import pytest

from engine.budget import UNLIMITED
from engine.errors import ConfigError, InvalidParameter
from engine.extent import Extent
from engine.request import HistogramsRequest, ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from server.instances.engine_work import make, preload
from server.instances.frames import Task
from server.instances.instance import InstanceOrder

WHOLE = Extent(480_000.0, 5_534_760.0, 490_240.0, 5_545_000.0)


@pytest.fixture(scope="module")
def work():
    preload()
    return make(InstanceOrder(number=0, open_services=2))


def task(path, request, renderer="", **options):
    packed = msgspec.Raw(msgspec.msgpack.encode(request))
    return Task("test/picture", "v", str(path), renderer, options, packed)


def image(**fields):
    view = View(extent=WHOLE, width=32, height=32)
    return ImageRequest(view=view, encoding=Encoding(format="png"), **fields)


def test_pixels_come_as_the_engine_wrote_them(work, compiled_picture):
    head, body = work.answer(task(compiled_picture, image()), UNLIMITED)
    assert head.media_type == "image/png"
    assert bytes(body).startswith(b"\x89PNG")
    assert {"plan", "encode"} <= set(head.stages)
    assert work.block_cache()[0] > 0


def test_a_renderer_writes_the_record_in_its_protocols_form(work, compiled_picture):
    asked = task(compiled_picture, HistogramsRequest(), "arcgis:histograms", f="json")
    head, body = work.answer(asked, UNLIMITED)
    assert head.media_type.startswith("application/json")
    assert len(json.loads(bytes(body))["histograms"]) == 3
    assert "format" in head.stages


def test_errors_of_the_engine_come_through(work, compiled_picture):
    request = image(mosaic=MosaicRule(where="NoSuchField = 1"))
    with pytest.raises(InvalidParameter, match="NoSuchField"):
        work.answer(task(compiled_picture, request), UNLIMITED)


def test_a_file_that_is_no_definition_is_an_error(work, tmp_path):
    bad = tmp_path / "bad.zmd"
    bad.write_bytes(b"not SQLite at all" * 100)
    with pytest.raises(ConfigError):
        work.answer(task(bad, image()), UNLIMITED)
