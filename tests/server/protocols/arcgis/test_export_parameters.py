"""exportImage end to end: each parameter changes what it should and nothing else, as clients decode it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import lerc
import numpy as np
import pytest
import rasterio
from PIL import Image

if TYPE_CHECKING:
    import httpx
    from numpy.typing import NDArray

SERVICE = "demo/hills/ImageServer"
# The west is 10, 20, 30 and the east 110, 120, 130; half as much again above them is empty.
BOX = "500000,5500000,500960,5500960"
COLS = ROWS = 48
EMPTY = ROWS // 3
WEST, EAST = (10, 20, 30), (110, 120, 130)


def export(client: httpx.Client, **parameters: str) -> httpx.Response:
    query = {"bbox": BOX, "size": f"{COLS},{ROWS}", "f": "image", **parameters}
    return client.get(f"{SERVICE}/exportImage", params=query)


def as_the_javascript_sdk(
    content: bytes, layout: str, dtype: str
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Decode bip and bsq: samples, then a bit a pixel where not all are valid."""
    samples = len(content) // (COLS * ROWS * np.dtype(dtype).itemsize)
    size = samples * COLS * ROWS * np.dtype(dtype).itemsize
    values = np.frombuffer(content[:size], np.dtype(dtype).newbyteorder("<"))
    shape = (ROWS, COLS, samples) if layout == "bip" else (samples, ROWS, COLS)
    values = values.reshape(shape)
    if layout == "bip":
        values = np.moveaxis(values, 2, 0)
    mask = np.unpackbits(np.frombuffer(content[size:], np.uint8), count=COLS * ROWS)
    return values, mask.reshape(ROWS, COLS).astype(np.bool_)


@pytest.mark.parametrize("layout", ["bip", "bsq"])
@pytest.mark.parametrize(("pixel_type", "dtype"), [("", "uint8"), ("S16", "int16"), ("F64", "f8")])
def test_samples_without_a_header_and_the_mask_behind_them(
    layout: str, pixel_type: str, dtype: str, client: httpx.Client
) -> None:
    answer = export(client, format=layout, pixelType=pixel_type)
    assert answer.headers["content-type"] == "application/octet-stream"
    values, valid = as_the_javascript_sdk(answer.content, layout, dtype)
    assert not valid[:EMPTY].any()
    assert valid[EMPTY:].all()
    assert tuple(values[:, -1, 0]) == WEST
    assert tuple(values[:, -1, -1]) == EAST


def test_samples_of_a_full_view_have_no_mask(client: httpx.Client) -> None:
    box = "500000,5500000,500960,5500640"
    answer = export(client, format="bsq", bbox=box, adjustAspectRatio="false")
    assert len(answer.content) == 3 * COLS * ROWS


@pytest.mark.parametrize(("version", "magic"), [("1", b"CntZImage "), ("2", b"Lerc2 "), ("", b"Lerc2 ")])  # fmt: skip
def test_lerc_comes_in_the_version_asked_for(
    version: str, magic: bytes, client: httpx.Client
) -> None:
    content = export(client, format="lerc", lercVersion=version).content
    assert content.startswith(magic)
    assert content.count(magic) == 3
    status, values, mask, *_ = lerc.decode(content)
    valid = mask.reshape(-1, ROWS, COLS)[0].astype(np.bool_)
    assert status == 0
    assert (valid[:EMPTY].any(), valid[EMPTY:].all()) == (False, True)
    assert tuple(values[:, -1, 0]) == WEST


@pytest.mark.parametrize(
    ("pixel_type", "expected"),
    [("S8", (110, 120, 127)), ("U8", EAST), ("F32", EAST), ("UNKNOWN", EAST), ("u16", EAST)],
)
def test_pixel_types_clamp(
    pixel_type: str, expected: tuple[int, ...], client: httpx.Client
) -> None:
    content = export(client, format="tiff", pixelType=pixel_type).content
    with rasterio.MemoryFile(content) as memory, memory.open() as dataset:
        assert tuple(dataset.read()[:, -1, -1]) == expected
        assert not dataset.read_masks(1)[:EMPTY].any()


@pytest.mark.parametrize(
    ("parameters", "left"),
    [
        # One value stands for each band by itself, a list for pixels that match in all of them.
        ({"noData": "10"}, (False, True, True)),
        ({"noData": "10", "noDataInterpretation": "esriNoDataMatchAny"}, (False, True, True)),
        ({"noData": "10", "noDataInterpretation": "esriNoDataMatchAll"}, (True, True, True)),
        ({"noData": "10,20,30"}, (False, False, False)),
        ({"noData": "10,20,31"}, (True, True, True)),
        (
            {"noData": "10,20,31", "noDataInterpretation": "esriNoDataMatchAny"},
            (False, False, True),
        ),
    ],
)
def test_no_data_is_what_its_interpretation_says(
    parameters: dict[str, str], left: tuple[bool, ...], client: httpx.Client
) -> None:
    _, _, mask, *_ = lerc.decode(export(client, format="lerc", **parameters).content)
    valid = np.broadcast_to(mask.reshape(-1, ROWS, COLS), (3, ROWS, COLS)).astype(np.bool_)
    assert tuple(valid[:, -1, 0]) == left
    assert valid[:, -1, -1].all()
    assert not valid[:, 0].any()


@pytest.mark.parametrize(
    ("asked", "found"),
    [("", None), ("None", None), ("LZ77", "deflate"), ("JPEG", "jpeg"), ("LERC", "lerc"),
     ("lzw", "lzw")],
)  # fmt: skip
def test_compressions_are_of_tiff(asked: str, found: str | None, client: httpx.Client) -> None:
    content = export(client, format="tiff", compression=asked, compressionTolerance="2").content
    with rasterio.MemoryFile(content) as memory, memory.open() as dataset:
        profile = dataset.profile
        assert profile.get("compress", None) == found
        east = dataset.read()[:, -1, -1].astype(int)
        assert np.abs(east - EAST).max() <= (6 if found == "jpeg" else 2 if found == "lerc" else 0)
    assert export(client, format="png", compression=asked).headers["content-type"] == "image/png"


def test_quality_is_of_jpeg(client: httpx.Client) -> None:
    rule = '{"rasterFunction":"ColorspaceConversion"}'
    sizes = [
        len(export(client, format="jpg", compressionQuality=quality, renderingRule=rule).content)
        for quality in ("5", "", "100")
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize("asked", ["bandIds=2,0", "bandIds=[2,0]", "bandIds=2&bandIds=0", "BandIDs=2,0"])  # fmt: skip
def test_bands_are_counted_from_0_in_every_form_of_a_list(asked: str, client: httpx.Client) -> None:
    query = f"bbox={BOX}&size={COLS},{ROWS}&f=image&format=bsq&{asked}"
    content = client.get(f"{SERVICE}/exportImage?{query}").content
    values, _ = as_the_javascript_sdk(content, "bsq", "uint8")
    assert tuple(values[:, -1, 0]) == (30, 10)


@pytest.mark.parametrize("name", ["bandIds", "mosaicRule", "renderingRule", "time", "noData",
                                  "compressionTolerance", "imageSR", "bboxSR"])  # fmt: skip
@pytest.mark.parametrize("word", ["", "null", "undefined", "false", " "])
def test_words_for_nothing_are_nothing(name: str, word: str, client: httpx.Client) -> None:
    assert (
        export(client, format="png", **{name: word}).content == export(client, format="png").content
    )


def test_what_other_services_know_is_passed_over(client: httpx.Client) -> None:
    leftovers = {
        "transparent": "true",
        "dpi": "96",
        "layers": "show:0",
        "layerDefs": "undefined",
        "layerTimeOptions": "",
        "gdbVersion": "x",
        "raster": "a",
        "viewId": "9",
        "processAsMultidimensional": "false",
        "storageFormat": "None",
        "_ts": "1600000000000",
        "token": "abc",
        "outSR": "4326",
    }
    assert export(client, format="png", **leftovers).content == export(client, format="png").content


def test_gdal_asks_by_the_name_of_map_services(client: httpx.Client) -> None:
    query = (
        "f=image&bbox=500000.00000000%2C5500000.00000000%2C500960.00000000%2C5500960.00000000"
        f"&size={COLS}%2C{ROWS}&imageSR=32633&bboxSR=32633&format=png&layers=&transparent=true&time="
    )
    answer = client.get(f"{SERVICE}/export?{query}")
    assert answer.content == export(client, format="png").content


@pytest.mark.parametrize(
    "form",
    ["3857", "102100", "900913", "3857.0", '{"wkid":102100,"latestWkid":3857}', "{wkid: 3857}",
     '{"latestWkid":3857}', "EPSG:3857"],
)  # fmt: skip
def test_every_form_of_a_reference_is_the_same(form: str, client: httpx.Client) -> None:
    told = export(client, f="json", imageSR=form).json()
    assert told["extent"]["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}
    assert told["extent"] == export(client, f="json", imageSR="3857").json()["extent"]


@pytest.mark.parametrize(("asked", "height"), [("", 1920), ("true", 1920), ("false", 960), ("0", 960)])  # fmt: skip
def test_the_extent_is_grown_until_pixels_are_square(
    asked: str, height: float, client: httpx.Client
) -> None:
    told = export(client, f="json", size="24,48", adjustAspectRatio=asked).json()
    assert (told["width"], told["height"], told["scale"]) == (24, 48, 0)
    extent = told["extent"]
    assert extent["xmax"] - extent["xmin"] == pytest.approx(960)
    assert extent["ymax"] - extent["ymin"] == pytest.approx(height)


def test_time_chooses_rasters_by_their_date(client: httpx.Client) -> None:
    first = export(client, format="png32", time="1600000000000").content
    east = Image.open(BytesIO(first)).getpixel((COLS - 1, ROWS - 1))
    assert east == (0, 0, 0, 0)
    both = export(client, format="png32", time="null,1700000000000").content
    assert Image.open(BytesIO(both)).getpixel((COLS - 1, ROWS - 1)) == (*EAST, 255)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bbox", "1,2,3"), ("bbox", "NaN,NaN,NaN,NaN"), ("bboxSR", "999999"), ("imageSR", "x"),
        ("size", "0,5"), ("size", "a,b"), ("format", "psd"), ("pixelType", "U9"), ("noData", "x"),
        ("noDataInterpretation", "some"), ("interpolation", "RSP_Sharp"), ("compression", "ZIP"),
        ("compressionQuality", "101"), ("compressionTolerance", "-1"), ("lercVersion", "3"),
        ("bandIds", "3"), ("mosaicRule", "{"), ("renderingRule", "[["), ("time", "noon"),
        ("adjustAspectRatio", "maybe"), ("validateExtent", "2"), ("f", "xml"),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_named(name: str, value: str, client: httpx.Client) -> None:
    answer = export(client, **{"format": "lerc", name: value})
    assert answer.status_code == 200
    error = json.loads(answer.content)["error"]
    assert error["code"] == 400
    shown = "format" if name == "format" else name
    assert shown in error["message"]
    assert len(answer.content) <= 750
