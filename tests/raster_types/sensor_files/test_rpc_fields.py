"""Bad sensor files of every kind are refused with the kind of file, the key and what was expected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import RpcRecord
from raster_types.sensor_files.rpc_digitalglobe import read_digitalglobe_xml
from raster_types.sensor_files.rpc_dimap import read_dimap_rpc
from raster_types.sensor_files.rpc_fields import number_of
from raster_types.sensor_files.rpc_fixed_width import read_alos_rpc, read_nitf_rpc
from raster_types.sensor_files.rpc_geom import read_geom
from raster_types.sensor_files.rpc_odl import read_pvl, read_rpb
from raster_types.sensor_files.rpc_sidecar import read_rpc_sidecar
from raster_types.sensor_files.rpc_tags import read_rpc_tags
from raster_types.sensor_files.rpc_text import read_rpc_text
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from collections.abc import Callable

NITF = rpc_files.nitf(
    {key: getattr(rpc_files.RECORD, name) for key, name in rpc_files.LISTS.items()}
)
# Reader, a good file, and what stands in it: a scale, the first coefficient of a denominator, a whole
# line or element of a coefficient. Last, how errors call the file.
KINDS: dict[str, tuple[Callable[[str], RpcRecord], str, str]] = {
    "RPC text": (read_rpc_text, rpc_files.rpc_text(), "LINE_SCALE: {}\n"),
    "RPB file": (read_rpb, rpc_files.rpb(), "lineScale = {};"),
    "DigitalGlobe XML": (
        read_digitalglobe_xml,
        rpc_files.digitalglobe_xml(),
        "<LINESCALE>{}</LINESCALE>",
    ),
    "DIMAP RPC": (read_dimap_rpc, rpc_files.dimap(), "<LINE_SCALE>{}</LINE_SCALE>"),
    ".geom file": (read_geom, rpc_files.geom(), "line_scale:  {}\n"),
}
SCALE = repr(rpc_files.RECORD.row_scale_px)
FIRST_LINE_DEN = {
    "RPC text": ("LINE_DEN_COEFF_1: 1.0\n", "LINE_DEN_COEFF_1: 0.0\n"),
    "RPB file": ("lineDenCoef = (\n\t\t\t1.0,", "lineDenCoef = (\n\t\t\t0.0,"),
    "DigitalGlobe XML": ("<LINEDENCOEF>1.0 ", "<LINEDENCOEF>0.0 "),
    "DIMAP RPC": ("<LINE_DEN_COEFF_1>1.0<", "<LINE_DEN_COEFF_1>0.0<"),
    ".geom file": ("line_den_coeff_00:  1.0\n", "line_den_coeff_00:  0.0\n"),
}
LAST_SAMP_NUM = repr(rpc_files.RECORD.col_numerator[19])
ONE_LESS = {
    "RPC text": f"SAMP_NUM_COEFF_20: {LAST_SAMP_NUM}",
    "RPB file": f",\n\t\t\t{LAST_SAMP_NUM}",
    "DigitalGlobe XML": f" {LAST_SAMP_NUM}",
    "DIMAP RPC": f"<SAMP_NUM_COEFF_20>{LAST_SAMP_NUM}</SAMP_NUM_COEFF_20>",
    ".geom file": f"samp_num_coeff_19:  {LAST_SAMP_NUM}",
}


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def refused(read: Callable[[str], Any], text: str, *says: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read(text)
    for word in says:
        assert word.lower() in str(caught.value).lower()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("LINE_SCALE", "a number"),
        ("nan", "a number"),
        ("inf", "a number"),
        ("1e999", "a finite number"),
        ("0", "other than zero"),
        ("0.0", "other than zero"),
        ("12 000", "a number"),
        ("1_2", "a number"),
        ("", "a number"),
    ],
)
def test_a_bad_scale_is_refused_by_its_key(kind: str, value: str, says: str) -> None:
    read, text, place = KINDS[kind]
    key = place.split("{")[0].strip(" :=<>")
    bad = text.replace(" pixels", "") if kind == "RPC text" else text
    refused(read, replaced(bad, place.format(SCALE), place.format(value)), kind, key, says)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_key_is_refused_by_its_name(kind: str) -> None:
    read, text, place = KINDS[kind]
    bad = text.replace(" pixels", "") if kind == "RPC text" else text
    refused(read, replaced(bad, place.format(SCALE), ""), kind, "scale", "a number")


@pytest.mark.parametrize("kind", KINDS)
def test_a_zero_denominator_is_refused(kind: str) -> None:
    read, text, _ = KINDS[kind]
    refused(read, replaced(text, *FIRST_LINE_DEN[kind]), kind, "den", "other than zero")


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_coefficient_is_refused(kind: str) -> None:
    read, text, _ = KINDS[kind]
    refused(read, replaced(text, ONE_LESS[kind], ""), kind, "samp", "number")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", " \n", "\0\0\0", "<a>", "KEY", "(" * 1000, "<a/>"])
def test_what_is_no_such_file_is_refused(kind: str, text: str) -> None:
    refused(KINDS[kind][0], text, kind)


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=400), cut=st.integers(0, 12_000))
def test_garbage_and_torn_files_are_refused_and_nothing_worse(
    kind: str, text: str, cut: int
) -> None:
    read, good, _ = KINDS[kind]
    torn = good[: cut % len(good)] + text
    try:
        record = read(torn)
    except InvalidParameter:
        return
    assert isinstance(record, RpcRecord)
    record.bind()


@pytest.mark.parametrize("read", [read_digitalglobe_xml, read_dimap_rpc])
def test_a_doctype_is_refused_before_anything_is_expanded(
    read: Callable[[str], RpcRecord],
) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    refused(read, bomb, "DOCTYPE")
    refused(read, '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "DOCTYPE")
    refused(read, "<a>" + " " * 16_000_001 + "</a>", "at most")


def test_names_with_a_namespace_are_understood() -> None:
    text = replaced(rpc_files.dimap(), "<Dimap_Document>", '<Dimap_Document xmlns="urn:x">')
    assert read_dimap_rpc(text).col_numerator == rpc_files.RECORD.col_numerator


def test_a_direct_model_alone_is_no_rpc() -> None:
    text = rpc_files.dimap().replace("Inverse_Model", "Other_Model")
    refused(read_dimap_rpc, text, "DIMAP RPC", "Inverse_Model", "ground to image")


def test_coefficients_given_twice_or_beyond_twenty_are_refused() -> None:
    text = rpc_files.rpc_text()
    refused(read_rpc_text, text + "\nSAMP_DEN_COEFF_21: 1", "SAMP_DEN_COEFF_21", "each once")
    refused(read_rpc_text, text + "\nSAMP_DEN_COEFF_3: 1", "SAMP_DEN_COEFF_3", "each once")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("LINE_NUM_COEFF", "1 2 3", "3 numbers"),
        ("LINE_NUM_COEFF", " ".join(["0"] * 20), "not all zero"),
        ("SAMP_DEN_COEFF", " ".join(["1", "x", *["0"] * 18]), "coefficient 2"),
        ("SAMP_DEN_COEFF", [1.0, math.nan, *[0.0] * 18], "finite"),
        ("HEIGHT_OFF", math.inf, "finite"),
        ("HEIGHT_OFF", True, "a number"),
        ("LAT_OFF", "123", "-90 to 90"),
    ],
)
def test_bad_tags_are_refused(key: str, value: object, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        read_rpc_tags({**rpc_files.tags(), key: value})


def test_tags_are_taken_as_texts_and_as_rasterios_numbers() -> None:
    texts = rpc_files.tags()
    numbers: dict[str, Any] = {key.lower(): float(texts[key]) for key in rpc_files.scalars()}
    numbers |= {key.lower(): [float(n) for n in texts[key].split()] for key in rpc_files.LISTS}
    numbers |= {"err_bias": 1.5, "err_rand": 0.5}
    assert read_rpc_tags(numbers) == read_rpc_tags(texts) == rpc_files.RECORD
    with pytest.raises(InvalidParameter, match="HEIGHT_OFF"):
        read_rpc_tags({key: texts[key] for key in texts if key != "HEIGHT_OFF"})


def test_fixed_width_fields_are_checked() -> None:
    def nitf(text: str) -> RpcRecord:
        return read_nitf_rpc("RPC00B", text)

    refused(nitf, NITF[:-1], "1040 bytes", "1041")
    refused(nitf, "0" + NITF[1:], "SUCCESS")
    refused(nitf, NITF[:15] + "LINEOF" + NITF[21:], "NITF RPC00B", "LINE_OFF", "LINEOF")
    assert read_alos_rpc(NITF[15:]).row_offset_px == 12_000.5
    refused(read_alos_rpc, NITF[16:], "ALOS")
    assert read_rpc_text(NITF[15:] + "\r\n") == read_alos_rpc(NITF[15:])


def test_adjustments_of_a_geom_file_that_are_not_known_are_refused() -> None:
    refused(read_geom, rpc_files.geom(yaw_offset=1.0), ".geom file", "yaw_offset")
    refused(read_geom, rpc_files.geom(order="C"), "polynomial_format", "A or B")
    bad = rpc_files.geom(intrack_offset=1.0).replace("sigma:  50", "sigma:  many")
    refused(read_geom, bad, "adj_param_0.sigma", "many")


def test_files_of_other_kinds_are_refused() -> None:
    refused(read_pvl, rpc_files.rpb(), "PVL file", "rationalFunctions")
    with pytest.raises(InvalidParameter, match="ending in"):
        read_rpc_sidecar("scene.met", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+005124.00 pixels", 5124.0),
        ("-1.5D-03", -1.5e-3),
        (".5", 0.5),
        ("5.", 5.0),
        (" 2.09e-004 ", 2.09e-4),
        ("12 degrees", 12.0),
        ("3 Meters", 3.0),
        (7, 7.0),
    ],
)
def test_numbers_are_read_as_vendors_write_them(text: object, value: float) -> None:
    assert number_of("x", text) == value


HOSTILE = [
    "a" * 4_000_000,
    "a = (\n" * 600_000,
    "a=" * 2_000_000,
    "a:" + " " * 4_000_000 + "x",
    "a_1" * 1_000_000,
    "a_" + "1" * 4_000_000,
    "\n" * 4_000_000,
    "LINE_OFF: " + "1" * 3_999_990 + "x",
    "lineOffset = " + "1" * 3_999_990 + "x;",
    "line_off: " + "1" * 3_999_990 + "x",
    "lineNumCoef = (" + "1," * 1_999_990,
    "<a>" * 500_000 + "</a>" * 500_000,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_four_megabytes_of_nonsense_are_refused_before_the_tests_give_up(
    kind: str, index: int
) -> None:
    refused(KINDS[kind][0], HOSTILE[index], kind)
