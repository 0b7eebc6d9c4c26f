"""Pages of remote objects are bounded by bytes and never those of another object."""

from __future__ import annotations

from engine.readers.remote.page_cache import PageCache

KEY = ("store", "a.tif", 1)


def test_least_recently_used_pages_leave():
    cache = PageCache(30)
    for page in range(3):
        cache.put(KEY, page, bytes(10))
    assert cache.get(KEY, 0) is not None
    cache.put(KEY, 3, bytes(10))
    assert [cache.get(KEY, page) is not None for page in range(4)] == [True, False, True, True]
    assert cache.nbytes == 30


def test_pages_of_another_fingerprint_are_not_found():
    cache = PageCache(100)
    cache.put(KEY, 0, b"old")
    assert cache.get(("store", "a.tif", 2), 0) is None


def test_page_put_twice_counts_once():
    cache = PageCache(100)
    cache.put(KEY, 0, bytes(10))
    cache.put(KEY, 0, bytes(4))
    assert cache.nbytes == 4


def test_page_larger_than_the_bound_is_not_kept():
    cache = PageCache(5)
    cache.put(KEY, 0, bytes(10))
    assert cache.nbytes == 0
