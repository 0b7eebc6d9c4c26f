"""Answers that survive change and failure, from a real server: disk, older versions, faults of storage."""

import time

import httpx
import pytest

from server.site.publishing import Publisher
from tests.server.answers.colours import (
    BOX,
    colour_of,
    compile_colour,
    publish_colour,
    write_colour,
)

# A raster has more blocks than the block cache holds: pictures of all of it read the file each time.
OWN = {"SWATH_INSTANCES": "1", "SWATH_MEMORY_BLOCK_CACHE_MB": "1"}
DISK = {"SWATH_CACHE_DISK_MB": "64", "SWATH_MEMORY_RESPONSE_CACHE_MB": "0"}
FORGIVING = {"stale_while_revalidate_s": 600, "stale_if_error_s": 600}


class Colour:
    """A service of one colour at a time, on a server."""

    def __init__(self, server, folder, name="colour"):
        self.server, self.folder, self.name = server, folder, name

    def publish(self, value, **properties):
        publish_colour(self.server.data, self.folder, value, self.name, **properties)

    def begin(self, value, **properties):
        """Publish the first version and wait for it."""
        self.publish(value, **properties)
        until(lambda: httpx.get(f"{self.server.url}/tiles/{self.name}.json").status_code == 200)

    def publish_broken(self, value, **properties):
        """Publish a version whose raster has gone."""
        compiled = compile_colour(self.folder, value, **properties)
        (self.folder / f"colour{value}.tif").unlink()
        Publisher(self.server.data).publish(compiled, self.name)

    def tile(self, col=8864, **headers):
        """Ask for a tile inside the raster."""
        url = f"{self.server.url}/tiles/{self.name}/14/{col}/5555.png"
        return httpx.get(url, headers=headers, timeout=60)

    def picture(self, size=1024, **headers):
        """Ask for a picture of the whole raster."""
        query = {"bbox": BOX, "bboxSR": "32633", "imageSR": "32633", "size": f"{size},{size}"}
        query |= {"format": "png24", "f": "image"}
        url = f"{self.server.url}/arcgis/rest/services/{self.name}/ImageServer/exportImage"
        return httpx.get(url, params=query, headers=headers, timeout=60)


def renders(server):
    """Return how many pictures were encoded."""
    lines = httpx.get(server.url + "/metrics").text.splitlines()
    runs = [line for line in lines if line.startswith("swath_stage_runs_total{")]
    return sum(float(line.split()[-1]) for line in runs if 'stage="encode"' in line)


def until(holds, within_s=60):
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "in vain"
        time.sleep(0.02)


def timing(answer):
    return answer.headers["server-timing"]


def is_stale(answer):
    return "x-swath-stale" in answer.headers


def has_failed(answer):
    """Tell that of an answer of ArcGIS REST."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return False
    return answer.json()["error"]["code"] == 500


@pytest.fixture(scope="module")
def server(tmp_path_factory, compiled_picture, serve):
    data = tmp_path_factory.mktemp("answers") / "data"
    Publisher(data).publish(compiled_picture, "other")
    with serve(data, **OWN) as found:
        yield found


@pytest.fixture(scope="module")
def disk_server(tmp_path_factory, compiled_picture, serve):
    data = tmp_path_factory.mktemp("answers") / "data"
    Publisher(data).publish(compiled_picture, "other")
    with serve(data, **OWN, **DISK) as found:
        yield found


def test_pictures_on_disk_survive_a_restart(tmp_path, serve):
    data = tmp_path / "data"
    publish_colour(data, tmp_path, 10)
    with serve(data, **OWN, **DISK) as server:
        colour = Colour(server, tmp_path)
        asked = [colour.tile(), colour.picture()]
        assert [timing(answer).startswith("cache") for answer in asked] == [False, False]
        until(lambda: timing(colour.tile()) == "cache;desc=disk")
        until(lambda: timing(colour.picture()) == "cache;desc=disk")
    with serve(data, **OWN, **DISK) as server:
        colour = Colour(server, tmp_path)
        until(lambda: timing(colour.tile()) == "cache;desc=disk")
        again = [colour.tile(), colour.picture()]
    for first, second in zip(asked, again, strict=True):
        assert second.content == first.content
        assert second.headers["etag"] == first.headers["etag"]
        assert second.headers["cache-control"] == "no-cache"
        assert not is_stale(second)
        assert timing(second) == "cache;desc=disk"


def test_a28_a_picture_cut_on_disk_is_made_anew(tmp_path, disk_server):
    colour = Colour(disk_server, tmp_path, "cut")
    colour.begin(10)
    first = colour.tile()
    until(lambda: timing(colour.tile()) == "cache;desc=disk")
    (file,) = (disk_server.data / "cache" / "+" / "cut").glob("*/?/*")
    file.write_bytes(file.read_bytes()[:-20])
    again = colour.tile()
    assert "encode" in timing(again)
    assert again.content == first.content
    until(lambda: timing(colour.tile()) == "cache;desc=disk")


@pytest.mark.parametrize("what", ["tile", "picture"])
def test_the_version_before_is_given_marked_while_the_new_one_is_made(tmp_path, server, what):
    colour = Colour(server, tmp_path, f"revalidated/{what}")
    ask = getattr(colour, what)
    colour.begin(10)
    first, before = ask(), renders(server)
    colour.publish(20, stale_while_revalidate_s=600)
    seen = []
    until(lambda: seen.append(ask()) or seen[-1].headers["etag"] != first.headers["etag"])
    older = [answer for answer in seen if is_stale(answer)]
    assert older
    for answer in older:
        assert answer.content == first.content
        assert answer.headers["x-swath-stale"] == "revalidate"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["etag"] == first.headers["etag"]
        assert int(answer.headers["age"]) >= 0
        assert timing(answer) == "cache;desc=stale"
    assert colour_of(seen[-1]) == 20
    assert not is_stale(seen[-1])
    assert "age" not in seen[-1].headers
    # One refresh, whoever asked meanwhile.
    assert renders(server) == before + 1


def test_what_was_never_made_is_made_of_the_new_version(tmp_path, server):
    colour = Colour(server, tmp_path, "unmade")
    colour.begin(10)
    colour.tile()
    colour.publish(20, **FORGIVING)
    until(lambda: is_stale(answer := colour.tile()) or colour_of(answer) == 20)
    other = colour.tile(8866)
    assert colour_of(other) == 20
    assert not is_stale(other)


def test_without_leave_nothing_older_is_given(tmp_path, server):
    colour = Colour(server, tmp_path, "strict")
    colour.begin(10)
    assert colour_of(colour.tile()) == 10
    colour.publish(20)
    seen = []
    until(lambda: seen.append(colour.tile()) or colour_of(seen[-1]) == 20)
    assert not any(map(is_stale, seen))


def test_a_version_taken_back_is_not_given(tmp_path, server):
    colour = Colour(server, tmp_path, "taken_back")
    colour.begin(10, **FORGIVING)
    colour.tile()
    colour.publish(20, **FORGIVING)
    until(lambda: colour_of(colour.tile()) == 20)
    assert colour_of(colour.tile(8866)) == 20
    Publisher(server.data).rollback("taken_back")
    until(lambda: colour_of(colour.tile()) == 10)
    answer = colour.tile(8866)
    assert colour_of(answer) == 10
    assert not is_stale(answer)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_when_storage_fails_the_last_good_picture_is_given(
    tmp_path, server, disk_server, place, strict
):
    colour = Colour(server if place == "memory" else disk_server, tmp_path, f"failed/{strict}")
    colour.begin(10)
    good = [colour.tile(), colour.picture()]
    if place == "disk":
        until(lambda: timing(colour.tile()) == timing(colour.picture()) == "cache;desc=disk")
    colour.publish_broken(20, stale_if_error_s=600, strict_sources=strict)
    until(lambda: is_stale(colour.tile()))
    for ask, first in zip((colour.tile, colour.picture), good, strict=True):
        answer = ask()
        assert answer.content == first.content
        assert answer.headers["x-swath-stale"] == "error"
        assert answer.headers["etag"] == first.headers["etag"]
        # Who has it already hears that this is still all there is.
        known = ask(**{"If-None-Match": first.headers["etag"]})
        assert known.status_code == 304
        assert known.headers["x-swath-stale"] == "error"
    # Nothing is invented: what was never made fails, or has a gap and says not to keep it.
    other = colour.tile(8866)
    assert not is_stale(other)
    assert (other.status_code == 500) if strict else (other.headers["cache-control"] == "no-store")


def test_older_answers_end_with_their_time(tmp_path, server):
    colour = Colour(server, tmp_path, "ended")
    colour.begin(10)
    colour.tile()
    colour.publish_broken(20, stale_if_error_s=1, strict_sources=True)
    until(lambda: colour.tile().status_code == 500)
    assert colour.tile().status_code == 500


def test_answers_older_than_fresh_s_are_made_anew(tmp_path, serve):
    data = tmp_path / "data"
    publish_colour(data, tmp_path, 10)
    with serve(data, **OWN, SWATH_CACHE_FRESH_S="0.5") as server:
        colour = Colour(server, tmp_path)
        first = colour.picture()
        assert timing(colour.picture()) == "cache;desc=hit"
        known = {"If-None-Match": first.headers["etag"]}
        time.sleep(0.6)
        # Made anew, then found to be what the client has.
        assert colour.picture(**known).status_code == 304
        assert renders(server) == 2
        # A source that has changed is not outlived by what was made of it, nor by the client's own copy.
        (tmp_path / "colour10.tif").unlink()
        until(lambda: has_failed(colour.picture()))
        assert has_failed(colour.picture(**known))


@pytest.mark.parametrize("way", ["rename", "in place"])
def test_a22_of_a_replaced_source_the_last_good_picture_is_given(tmp_path, disk_server, way):
    colour = Colour(disk_server, tmp_path, f"replaced/{way.replace(' ', '_')}")
    colour.begin(10, stale_if_error_s=600)
    good = colour.picture(512)
    until(lambda: timing(colour.picture(512)) == "cache;desc=disk")
    colour.publish(30, stale_if_error_s=600)
    until(lambda: colour_of(colour.picture(256)) == 30)
    source, other = tmp_path / "colour30.tif", tmp_path / "other.tif"
    write_colour(other, 90)
    if way == "rename":
        other.replace(source)
    else:
        source.write_bytes(other.read_bytes())
    # Of the version that serves nothing is kept in this size, and its raster is another one now.
    until(lambda: is_stale(colour.picture(512)))
    older = colour.picture(512)
    assert older.content == good.content
    assert older.headers["x-swath-stale"] == "error"
    # Whatever is answered from now on is of the old bytes, or an error: never of the new ones, nor mixed.
    for size in (256, 300, 301, 302):
        answer = colour.picture(size)
        assert has_failed(answer) or colour_of(answer) in (10, 30)
