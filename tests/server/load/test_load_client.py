"""The load generator against a live server."""

import pytest

from engine.errors import InvalidParameter
from server.load.load_client import LoadResult, generate_load, target_of


async def test_it_counts_good_answers_and_failures(live_server):
    good = live_server.url + "/health/live"
    bad = live_server.url + "/tiles/none/1/0/0.png"
    result = await generate_load(target_of([good, bad]), 3, 0.3)
    assert len(result.latencies_s) > 10
    assert set(result.failures) == {"404"}
    assert abs(result.failures["404"] - len(result.latencies_s)) <= 3
    assert result.body_bytes == len(result.latencies_s) * len(b'{"status":"live"}')
    assert result.rate > 0


async def test_at_a_rate_it_asks_no_more_than_that(live_server):
    target = target_of([live_server.url + "/health/live"])
    result = await generate_load(target, 3, 1.0, rate=20)
    assert len(result.latencies_s) == 20
    assert not result.failures


async def test_a_server_that_is_not_there_ends_early():
    result = await generate_load(target_of(["http://127.0.0.1:9/"]), 2, 30)
    assert result.latencies_s == []
    assert sum(result.failures.values()) > 2
    assert result.seconds < 20


@pytest.mark.parametrize(
    "urls", [[], ["ftp://a/b"], ["/tiles/1"], ["http://a/x", "http://b/x"], ["http:///x"]]
)
def test_urls_must_name_one_server(urls):
    with pytest.raises(InvalidParameter):
        target_of(urls)


def test_a_request_names_path_query_and_host():
    target = target_of(["https://a.example:8443/x?y=1", "https://a.example:8443"])
    assert (target.host, target.port, target.is_tls) == ("a.example", 8443, True)
    assert target.requests[0].startswith(b"GET /x?y=1 HTTP/1.1\r\nHost: a.example:8443\r\n")
    assert target.requests[1].startswith(b"GET / HTTP/1.1\r\n")


def test_percentiles_are_of_the_good_answers():
    result = LoadResult(seconds=1, latencies_s=[n / 1000 for n in range(100, 0, -1)])
    assert result.percentile_ms(50) == pytest.approx(50)
    assert result.percentile_ms(99) == pytest.approx(99)
    assert result.percentile_ms(100) == pytest.approx(100)
    assert LoadResult().percentile_ms(50) == 0
