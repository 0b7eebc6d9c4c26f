"""Large TIFFs: made of strips, equal to the same picture made in one piece."""

import io
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import rasterio

from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from server.answers.large_export import is_large, rows_per_strip
from server.instances.job import Job
from server.site.publishing import Publisher


@pytest.fixture(scope="module")
def cutting_server(tmp_path_factory, compiled_picture, serve):
    """A server that cuts everything beyond 1 MB of pixels."""
    folder = tmp_path_factory.mktemp("cutting")
    Publisher(folder / "data").publish(compiled_picture, "test/picture")
    spool = folder / "spool"
    spool.mkdir()
    with serve(folder / "data", SWATH_LIMITS_LARGE_EXPORT_MB="1", SWATH_SPOOL=str(spool)) as server:
        yield server


def export_url(server, size, compression, **more):
    box = "bbox=481000.5,5535000,489000.5,5543800&bboxSR=32633&imageSR=3857"
    extra = "".join(f"&{key}={value}" for key, value in more.items())
    return (
        f"{server.url}/arcgis/rest/services/test/picture/ImageServer/exportImage?f=image"
        f"&format=tiff&size={size}&{box}&compression={compression}{extra}"
    )


def read(content):
    with rasterio.open(io.BytesIO(content)) as file:
        return file.read(), file.dataset_mask(), file.transform, file.crs, file.profile


@pytest.mark.parametrize("compression", ["None", "LZ77", "LZW", "ZSTD"])
def test_strips_make_the_same_picture_as_one_piece(cutting_server, live_server, compression):
    cut = httpx.get(export_url(cutting_server, "1500,1100", compression), timeout=60)
    whole = httpx.get(export_url(live_server, "1500,1100", compression), timeout=60)
    assert cut.headers["content-type"] == whole.headers["content-type"] == "image/tiff"
    pixels, valid, transform, crs, profile = read(cut.content)
    expected, expected_valid, expected_transform, expected_crs, _ = read(whole.content)
    # The strips are the proof that the picture was cut: one piece is written in tiles or other rows.
    assert profile["blockysize"] == 256
    assert np.array_equal(valid, expected_valid)
    assert np.array_equal(pixels * (valid > 0), expected * (expected_valid > 0))
    assert transform.almost_equals(expected_transform)
    assert crs == expected_crs
    assert np.count_nonzero(valid) > 0


def test_the_length_is_told_before_the_first_strip(cutting_server):
    with httpx.stream("GET", export_url(cutting_server, "2000,2000", "None")) as answer:
        length = int(answer.headers["content-length"])
        assert length > 2000 * 2000 * 3
        assert sum(len(chunk) for chunk in answer.iter_bytes()) == length


@pytest.mark.parametrize("compression", ["None", "LZ77"])
def test_a_link_gives_a_large_file_in_strips(cutting_server, compression):
    url = export_url(cutting_server, "1500,1100", compression)
    href = httpx.get(url.replace("f=image", "f=json")).json()["href"]
    assert httpx.head(href).headers["content-type"] == "image/tiff"
    answer = httpx.get(href, timeout=60)
    assert answer.content == httpx.get(url, timeout=60).content
    assert read(answer.content)[-1]["blockysize"] == 256


def test_a_head_request_renders_nothing(cutting_server):
    answer = httpx.head(export_url(cutting_server, "2000,2001", "None"))
    assert int(answer.headers["content-length"]) > 2000 * 2001 * 3


def test_a_client_that_leaves_stops_the_export(cutting_server):
    with httpx.stream("GET", export_url(cutting_server, "4000,4000", "None")) as answer:
        next(answer.iter_raw(1000))
    again = httpx.get(export_url(cutting_server, "300,300", "None"), timeout=20)
    assert again.status_code == 200


def test_an_export_has_an_etag_and_answers_304(cutting_server):
    url = export_url(cutting_server, "1400,1100", "None")
    etag = httpx.head(url).headers["etag"]
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304


def job_of(encoding, width, height, **fields):
    summary = SimpleNamespace(bands=(1, 2, 3), pixel_type=PixelType.U16)
    view = View(width=width, height=height)
    request = ImageRequest(view=view, encoding=Encoding(format=encoding), **fields)
    return Job(service=SimpleNamespace(summary=summary), request=request, operation="test")


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (job_of("tiff", 1000, 1000), True),
        (job_of("tiff", 1000, 999), False),
        (job_of("png", 5000, 5000), False),
        (job_of("tiff", 1000, 1000, band_ids=(0,)), False),
        (job_of("tiff", 1000, 1000, pixel_type=PixelType.U8), False),
        (job_of("tiff", 1000, 499, pixel_type=PixelType.F32), False),
        (job_of("tiff", 1000, 501, pixel_type=PixelType.F32), True),
    ],
)
def test_size_is_counted_in_bytes_of_pixels(job, expected):
    assert is_large(job, 6_000_000 - 1) is expected


@pytest.mark.parametrize(
    ("row_bytes", "rows"),
    [(1, 256), (60_000, 256), (100_000, 128), (400_000, 41), (20 * 1024 * 1024, 1)],
)
def test_strips_have_whole_rows_of_bounded_size(row_bytes, rows):
    assert rows_per_strip(row_bytes) == rows
