"""The cache of finished answers."""

from server.answers.response_cache import ResponseCache
from server.instances.job import Reply


def reply(size=100, **fields):
    return Reply(media_type="a/b", body=bytes(size), **fields)


def key(number):
    return ("version", "service", bytes([number]))


def test_the_least_used_goes_when_the_bytes_are_full():
    cache = ResponseCache(16 * 2048)
    for number in range(20):
        cache.put(key(number), reply(1024))
        cache.get(key(0))
    assert cache.filled_bytes <= 16 * 2048
    assert cache.get(key(0)) is not None
    assert cache.get(key(1)) is None
    assert cache.get(key(19)) is not None


def test_an_answer_that_must_not_be_kept_is_not():
    cache = ResponseCache(1 << 20)
    cache.put(key(1), reply(cacheable=False))
    assert cache.get(key(1)) is None


def test_an_answer_larger_than_an_eighth_is_not_kept():
    cache = ResponseCache(80_000)
    cache.put(key(1), reply(10_000))
    cache.put(key(2), reply(8_000))
    assert cache.get(key(1)) is None
    assert cache.get(key(2)) is not None


def test_a_cache_of_nothing_keeps_nothing():
    cache = ResponseCache(0)
    cache.put(key(1), reply(0))
    assert cache.get(key(1)) is None
    assert len(cache) == 0
    assert (cache.hits, cache.misses) == (0, 1)


def test_resized_it_keeps_the_latest_used_and_what_fits():
    cache = ResponseCache(1 << 20)
    for number in range(10):
        cache.put(key(number), reply(1024))
    cache.get(key(0))
    cache.resize(16 * 2048)
    assert all(cache.get(key(number)) is not None for number in (0, *range(1, 10)))
    cache.resize(8 * 2048)
    assert cache.filled_bytes <= 8 * 2048
    assert cache.get(key(9)) is not None
    assert cache.get(key(0)) is None
    cache.resize(0)
    cache.put(key(1), reply(1))
    assert len(cache) == 0
