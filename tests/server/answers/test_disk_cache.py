"""Pictures on disk: bounded, whole or not at all, and no trouble to anybody when the disk fails (A28)."""

import asyncio
import errno
import os
import resource
import signal

import pytest

from engine.errors import ConfigError
from server.answers.cache_folder import TAG, CacheFolder
from server.answers.disk_cache import DiskCache
from server.instances.job import Reply

MB = 1024 * 1024
VERSION = "a" * 32


def key(number, service="test/picture", version=VERSION):
    return (version, service, b"question %d" % number)


def reply(size=6000, fill=b"p", **fields):
    return Reply(media_type="image/png", body=fill * size, **fields)


@pytest.fixture
async def open_cache(tmp_path):
    """Return what opens a cache in the same folder again and again."""
    opened = []

    async def make(max_bytes=MB, is_wanted=lambda service, version: True):
        for other in opened:
            await other.stop()
        opened[:] = [DiskCache(tmp_path / "cache", max_bytes, MB, is_wanted, 0.0)]
        await opened[0].start()
        await settle(opened[0])
        return opened[0]

    yield make
    for cache in opened:
        await cache.stop()


async def settle(cache):
    """Wait until all that was begun is done."""
    async with asyncio.timeout(30):
        while cache._waiting or cache._tasks:  # noqa: ASYNC110 -- it has no event for this
            await asyncio.sleep(0.005)


async def keep(cache, *numbers, **fields):
    for number in numbers:
        cache.offer(key(number), reply(**fields))
        await settle(cache)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != TAG]


async def test_a_picture_survives_a_restart(open_cache):
    cache = await open_cache()
    assert not cache.holds(key(1))
    cache.offer(key(1), reply(headers=(("X-A", "b"),)))
    await settle(cache)
    cache = await open_cache()
    assert cache.holds(key(1))
    found = await cache.read(key(1))
    assert (found.body, found.media_type, found.headers) == (
        b"p" * 6000,
        "image/png",
        (("X-A", "b"),),
    )
    assert await cache.read(key(2)) is None
    counts = cache.counts()
    assert (counts.pictures, counts.hits, counts.misses, counts.trouble) == (1, 1, 1, "")


async def test_the_least_used_go_so_that_the_bytes_hold(open_cache, tmp_path):
    cache = await open_cache(max_bytes=20 * 8192)
    for number in range(30):
        await keep(cache, number)
        await cache.read(key(0))
    held = files(tmp_path / "cache")
    assert sum(-(-file.stat().st_size // 4096) * 4096 for file in held) <= 20 * 8192
    assert len(held) == cache.counts().pictures
    assert cache.holds(key(0))
    assert cache.holds(key(29))
    assert not cache.holds(key(1))


async def test_a_smaller_bound_holds_after_a_restart(open_cache, tmp_path):
    await keep(await open_cache(), *range(20))
    cache = await open_cache(max_bytes=5 * 8192)
    assert cache.counts().pictures == len(files(tmp_path / "cache")) == 5


async def test_what_must_not_be_kept_or_is_too_large_is_not(open_cache):
    cache = await open_cache(max_bytes=64 * 1024)
    cache.offer(key(1), reply(cacheable=False))
    cache.offer(key(2), reply(truncated=True))
    cache.offer(key(3), reply(size=9000))
    await settle(cache)
    assert cache.counts().pictures == 0


async def test_a_full_queue_drops_what_comes(open_cache):
    cache = await open_cache(max_bytes=1024 * MB)
    for number in range(40):
        cache.offer(key(number), reply(size=MB))
    assert cache.counts().dropped > 10
    await settle(cache)
    assert cache.counts().written + cache.counts().dropped == 40


@pytest.mark.parametrize("harm", ["cut", "damaged", "empty", "another's", "gone"])
async def test_a28_a_damaged_picture_is_never_given_and_made_anew(
    open_cache, tmp_path, harm, caplog
):
    cache = await open_cache()
    await keep(cache, 1)
    await keep(cache, 2, fill=b"q")
    folder = CacheFolder(tmp_path / "cache")
    mine, other = (
        file for file in sorted(files(folder.path), key=lambda f: b"q" in f.read_bytes()[-9:])
    )
    data = mine.read_bytes()
    if harm == "gone":
        mine.unlink()
    else:
        mine.write_bytes(
            {
                "cut": data[:-100],
                "damaged": data[:-100] + b"!" + data[-99:],
                "empty": b"",
                "another's": other.read_bytes(),
            }[harm]
        )
    assert await cache.read(key(1)) is None
    assert not cache.holds(key(1))
    await settle(cache)
    assert not mine.exists()
    assert cache.counts().damaged == (harm != "gone")
    assert len(caplog.records) == (harm != "gone")
    await keep(cache, 1)
    assert (await cache.read(key(1))).body == b"p" * 6000


async def test_a28_a_full_disk_costs_one_warning_and_ends_by_itself(open_cache, caplog, tmp_path):
    cache = await open_cache()
    await keep(cache, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # No file of this process may grow beyond 2000 bytes: writes end in the middle, as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        await keep(cache, *range(2, 12))
        assert cache.counts().trouble == "File too large"
        assert (await cache.read(key(1))).body == b"p" * 6000
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert len(files(tmp_path / "cache")) == 1
    await keep(cache, 20)
    assert cache.counts().trouble == ""
    assert cache.holds(key(20))
    assert [
        r.getMessage().split(" in ")[0] for r in caplog.records if r.levelname == "WARNING"
    ] == [
        "pictures cannot be kept",
        "pictures are kept",
    ]


async def test_a28_of_a_disk_that_is_read_only_pictures_are_given_all_the_same(
    open_cache, caplog, tmp_path, monkeypatch
):
    cache = await open_cache()
    await keep(cache, 1)

    def refuse(*_words, **_more):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("replace", "unlink", "utime", "mkdir", "rmdir"):
        monkeypatch.setattr(os, name, refuse)
    really = os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, flags, *more: refuse() if flags & os.O_CREAT else really(path, flags, *more),
    )
    await keep(cache, *range(2, 12))
    assert cache.counts().trouble == "Read-only file system"
    assert (await cache.read(key(1))).body == b"p" * 6000
    assert [r.levelname for r in caplog.records].count("WARNING") == 1
    again = await open_cache()
    assert (await again.read(key(1))) is not None


async def test_a28_a_folder_that_cannot_be_made_is_made_when_it_can(open_cache, tmp_path):
    (tmp_path / "cache").write_bytes(b"a file stands in the way")
    cache = await open_cache()
    await keep(cache, 1)
    assert not cache.holds(key(1))
    assert cache.counts().trouble != ""
    (tmp_path / "cache").unlink()
    await keep(cache, 2)
    assert (await cache.read(key(2))) is not None
    assert cache.counts().trouble == ""


async def test_a_folder_removed_meanwhile_is_made_again(open_cache, tmp_path):
    cache = await open_cache()
    await keep(cache, 1)
    CacheFolder(tmp_path / "cache").remove_all()
    (tmp_path / "cache" / TAG).unlink()
    (tmp_path / "cache").rmdir()
    assert await cache.read(key(1)) is None
    await keep(cache, 1)
    assert await cache.read(key(1)) is not None
    assert (await open_cache()).holds(key(1))


async def test_a_folder_of_other_files_ends_the_start(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    cache = DiskCache(tmp_path, MB, MB)
    with pytest.raises(ConfigError, match="holds other files"):
        await cache.start()
    await cache.stop()


async def test_a_second_server_takes_over_when_the_first_has_gone(open_cache, tmp_path):
    first = await open_cache()
    await keep(first, 1)
    second = DiskCache(tmp_path / "cache", MB, MB, retry_s=0.0)
    await second.start()
    await keep(second, 2)
    assert "another server" in second.counts().trouble
    assert second.counts().pictures == 0
    await first.stop()
    await keep(second, 3)
    assert second.counts().trouble == ""
    assert second.holds(key(1))
    await second.stop()


async def test_a_cleared_service_loses_also_what_is_being_written(open_cache, tmp_path):
    cache = await open_cache()
    await keep(cache, 1, 2)
    cache.offer(key(1, "other"), reply())
    cache.offer(key(3), reply())
    assert cache.clear("test/picture") == 2
    await settle(cache)
    assert not cache.holds(key(3))
    assert cache.services() == {"other": (1, 8192)}
    assert len(files(tmp_path / "cache")) == 1
    cache.offer(key(3), reply())
    await settle(cache)
    assert cache.holds(key(3))
    assert cache.clear() == 2
    await settle(cache)
    assert files(tmp_path / "cache") == []


async def test_versions_that_nobody_can_ask_for_are_swept(open_cache, tmp_path):
    versions = {VERSION, "b" * 32}
    cache = await open_cache(is_wanted=lambda service, version: version in versions)
    await keep(cache, 1)
    cache.offer(key(1, version="b" * 32), reply())
    await settle(cache)
    await cache.sweep()
    assert cache.counts().pictures == 2
    versions.discard("b" * 32)
    await cache.sweep()
    await settle(cache)
    assert cache.holds(key(1))
    assert not cache.holds(key(1, version="b" * 32))
    assert len(files(tmp_path / "cache")) == 1
