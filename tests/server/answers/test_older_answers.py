"""Which older answer may be given, and for how long."""

import time
from types import SimpleNamespace

import pytest

from config.definition import ServiceProperties
from engine.request import ImageRequest, StatisticsRequest
from engine.request_parts import Encoding, View
from server.answers.older_answers import OlderAnswers, may_be_stale
from server.answers.response_cache import ResponseCache
from server.http.http_caching import etag_of
from server.instances.job import Job, Reply
from server.site.service_registry import Predecessor, PublishedService

PICTURE = ImageRequest(view=View(width=1, height=1), encoding=Encoding(format="png"))
NOW = "v3"
KEY = (NOW, "s", b"q")


def job(*before, request=PICTURE, renderer="", **properties):
    summary = SimpleNamespace(properties=ServiceProperties(**properties))
    service = PublishedService(name="s", version=NOW, path="", summary=summary, before=before)
    return Job(service=service, request=request, operation="o", renderer=renderer)


def memory(*versions, fresh_s=0.0, age_s=0.0):
    cache = ResponseCache(1 << 20, fresh_s)
    for version in versions:
        made = time.monotonic() - age_s
        cache.put((version, "s", b"q"), Reply(media_type="a/b", body=version.encode(), made=made))
    return cache


def ended(version, ago_s):
    return Predecessor(version, time.monotonic() - ago_s)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (job(), False),
        (job(stale_if_error_s=1), True),
        (job(stale_while_revalidate_s=1), True),
        (job(stale_if_error_s=1, request=StatisticsRequest()), False),
        (job(stale_if_error_s=1, renderer="arcgis:legend"), False),
    ],
)
def test_pictures_alone_and_where_the_service_allows_it(asked, expected):
    assert may_be_stale(asked) is expected


async def test_the_latest_of_the_versions_before_that_is_kept():
    older = OlderAnswers(memory("v1", "v2"), None)
    asked = job(ended("v2", 5), ended("v1", 50), stale_while_revalidate_s=100)
    found = await older.find(KEY, asked, "revalidate")
    assert found.reply.body == b"v2"
    assert found.stale.etag == etag_of(b"v2", b"s", b"q")
    only_first = OlderAnswers(memory("v1"), None)
    assert (await only_first.find(KEY, asked, "revalidate")).reply.body == b"v1"


async def test_each_reason_has_its_own_time():
    older = OlderAnswers(memory("v2"), None)
    asked = job(ended("v2", 5), stale_while_revalidate_s=1, stale_if_error_s=100)
    assert await older.find(KEY, asked, "revalidate") is None
    assert (await older.find(KEY, asked, "error")).stale.why == "error"


async def test_an_answer_past_its_freshness_is_stale_since_then():
    older = OlderAnswers(memory(NOW, fresh_s=10, age_s=30), None)
    found = await older.find(KEY, job(stale_if_error_s=25), "error")
    assert found.stale.age_s == 30
    assert found.stale.etag == etag_of(NOW.encode(), b"s", b"q")
    assert await older.find(KEY, job(stale_if_error_s=15), "error") is None
    # Of a version before it counts what came first.
    older = OlderAnswers(memory("v2", fresh_s=10, age_s=30), None)
    assert await older.find(KEY, job(ended("v2", 1), stale_if_error_s=15), "error") is None
