"""Styles that come with a request: what they draw, and what is refused; server.protocols.wms.sld_colours too."""

from __future__ import annotations

import io
import socket
import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from engine.errors import RequestError
from engine.function_rules import ColormapRule, StretchRule
from engine.request_parts import RenderingRule
from server.protocols.input_limits import MAX_SLD_COLOURS
from server.protocols.wms.sld import read_sld
from server.protocols.wms.sld_colours import colour_rule
from tests.server.protocols.wms.documents import colour_map, sld

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from engine.summary import ServiceSummary

_ADDRESS = "/wms/demo/hills"
_MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "STYLES": "",
    "CRS": "EPSG:32633",
    "BBOX": "500000,5500000,500960,5500640",
    "WIDTH": "96",
    "HEIGHT": "64",
    "FORMAT": "image/png",
    "TRANSPARENT": "TRUE",
}
_ONE_CHANNEL = (
    "<{0}Channel><SourceChannelName>{1}</SourceChannelName><ContrastEnhancement/></{0}Channel>"
)
_TURNED = "".join(
    _ONE_CHANNEL.format(name, band) for name, band in (("Red", 3), ("Green", "Green"), ("Blue", 1))
)
# Red samples are 10 on the left and 110 on the right.
_DRAWN = [
    (colour_map("10#FF0000", kind="values"), (255, 0, 0, 255), (0, 0, 0, 0)),
    (
        colour_map("50#FF0000", "200#0000FF 1.0", kind="intervals"),
        (255, 0, 0, 255),
        (0, 0, 255, 255),
    ),
    (colour_map("50#FF0000 0", "200#0000FF", kind="intervals"), (0, 0, 0, 0), (0, 0, 255, 255)),
    (colour_map("10#000000", "60#FFFFFF", "110#00FF00"), (0, 0, 0, 255), (0, 255, 0, 255)),
    (colour_map("60#0000FF", "61#00FF00"), (0, 0, 255, 255), (0, 255, 0, 255)),
    (
        f"<Opacity>1.0</Opacity><ChannelSelection>{_TURNED}</ChannelSelection>",
        (30, 20, 10, 255),
        (130, 120, 110, 255),
    ),
    (
        f"<ChannelSelection>{_ONE_CHANNEL.format('Gray', 2)}</ChannelSelection>"
        + colour_map("20#FF0000", "120#0000FF", kind="values"),
        (255, 0, 0, 255),
        (0, 0, 255, 255),
    ),
]


def _post(web: httpx.Client, document: str, **changes: str) -> httpx.Response:
    return web.post(_ADDRESS, data={**_MAP, "SLD_BODY": document, **changes})


def _pixels(answer: httpx.Response) -> np.ndarray[Any, Any]:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def _exception(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.content[:200]
    return ET.fromstring(answer.content)[0].text or ""


@pytest.mark.parametrize(("symbolizer", "left", "right"), _DRAWN)
def test_a_style_in_the_request_is_drawn(
    web: httpx.Client, symbolizer: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    for layers in ("hills", ""):
        pixels = _pixels(_post(web, sld(symbolizer), LAYERS=layers))
        assert tuple(pixels[32, 16]) == left
        assert tuple(pixels[32, 80]) == right


def test_a_named_style_is_a_template(web: httpx.Client) -> None:
    named = "<NamedStyle><Name>High &lt;&amp;&gt;</Name></NamedStyle>"
    document = (
        f"<StyledLayerDescriptor><NamedLayer><Name>demo/hills</Name>{named}</NamedLayer>"
        "</StyledLayerDescriptor>"
    )
    styled = web.get(_ADDRESS, params={**_MAP, "LAYERS": "hills", "STYLES": "High <&>"})
    assert np.array_equal(_pixels(_post(web, document)), _pixels(styled))


def test_contrast_is_a_stretch(mosaic: ServiceSummary) -> None:
    for word, kind in (("Normalize", 5), ("Histogram", 4)):
        enhanced = f"<ContrastEnhancement><{word}/></ContrastEnhancement>"
        style = read_sld(sld(enhanced), ("hills",), mosaic)
        assert style.rule == RenderingRule(
            function="Stretch", arguments=StretchRule(stretch_type=kind)
        )


def test_colours_of_a_ramp_lie_between_those_of_its_entries() -> None:
    entries = [
        {"color": "#000000", "quantity": "0"},
        {"color": "#646464", "quantity": "0.5"},
        {"color": "#FF0000", "quantity": "10"},
    ]
    rule = colour_rule("ramp", entries)
    assert isinstance(rule.arguments, ColormapRule)
    rows = rule.arguments.colormap
    assert rows[0] == (0, 0, 0, 0)
    assert rows[255] == (255, 255, 0, 0)
    place = 128 / 255 * 10
    share = (place - 0.5) / 9.5
    assert rows[128][1] == round(100 + 155 * share)
    assert rows[128][2] == round(100 - 100 * share)


_BAD_SYMBOLIZERS = [
    ("<Opacity>0.5</Opacity>", "Opacity"),
    ("<ShadedRelief/>", "ShadedRelief"),
    ("<ChannelSelection/>", "channel"),
    (f"<ChannelSelection>{_ONE_CHANNEL.format('Gray', 4)}</ChannelSelection>", "from 1 to 3"),
    (f"<ChannelSelection>{_ONE_CHANNEL.format('Gray', '¹')}</ChannelSelection>", "from 1 to 3"),
    (f"<ChannelSelection>{_ONE_CHANNEL.format('Red', 1)}</ChannelSelection>", "green"),
    (
        f"<ChannelSelection>{_TURNED}</ChannelSelection>{colour_map('1#000000', kind='values')}",
        "one channel",
    ),
    ("<ContrastEnhancement><GammaValue>2</GammaValue></ContrastEnhancement>", "Normalize"),
    (colour_map("1#000000", "2#FFFFFF", kind="wild"), "wild"),
    (colour_map(), "ColorMap"),
    (colour_map("1#000000"), "two or more"),
    (colour_map("1#000000", "2#FFFFFF 0.5"), "opacity"),
    (colour_map("1#000000 0", kind="values"), "seen"),
    (colour_map("one#000000", "2#FFFFFF"), "quantity"),
    (colour_map("nan#000000", "2#FFFFFF"), "quantity"),
    (colour_map("1e400#000000", "2#FFFFFF"), "quantity"),
    (colour_map("3#000000", "2#FFFFFF"), "quantity"),
    (colour_map("2#000000", "2#FFFFFF"), "quantity"),
    (colour_map("1#00", "2#FFFFFF"), "color"),
    (colour_map("1.5#000000", kind="values"), "whole numbers"),
    (colour_map("-2000000000#000000", "2000000000#FFFFFF", kind="values"), "range"),
    (
        "<ColorMap><Categorize/></ColorMap>",
        "ColorMapEntry",
    ),
    (colour_map("1#000000", "2#FFFFFF") * 2, "once"),
]


@pytest.mark.parametrize(("symbolizer", "named"), _BAD_SYMBOLIZERS)
def test_a14_what_cannot_be_drawn_as_it_says_is_refused(
    web: httpx.Client, symbolizer: str, named: str
) -> None:
    assert named in _exception(_post(web, sld(symbolizer)))


_BAD_DOCUMENTS = [
    ("<b>", "well-formed"),
    ("not XML", "well-formed"),
    ("<a/>", "StyledLayerDescriptor"),
    ("<StyledLayerDescriptor/>", "NamedLayer"),
    (sld("", layer="roads"), "roads"),
    (sld("").replace("Rule>", "Filter>"), "Filter"),
    (sld("").replace("<Rule>", "<Rule><MinScaleDenominator>5</MinScaleDenominator>"), "MinScale"),
    ('<?xml version="1.0" encoding="klingon"?><StyledLayerDescriptor/>', "well-formed"),
    ("<a>" * 2_000 + "</a>" * 2_000, "StyledLayerDescriptor"),
    ("<a>" * 50_000 + "</a>" * 50_000, "characters"),
]


@pytest.mark.parametrize(("document", "named"), _BAD_DOCUMENTS)
def test_documents_that_are_no_style_of_the_layer_are_refused(
    web: httpx.Client, document: str, named: str
) -> None:
    assert named in _exception(_post(web, document))


def test_a12_a_style_by_address_is_refused_and_never_fetched(web: httpx.Client) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.3)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/a.sld"
        for request in ("GetMap", "GetLegendGraphic"):
            asked = {**_MAP, "REQUEST": request, "LAYERS": "hills", "LAYER": "hills"}
            answer = web.get(_ADDRESS, params={**asked, "SLD": address})
            assert "SLD_BODY" in _exception(answer)
            assert ET.fromstring(answer.content)[0].get("code") == "OperationNotSupported"
        with pytest.raises(TimeoutError):
            listener.accept()


def _laughs() -> str:
    rounds = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY e0 "ha">{rounds}]>' + sld("").replace("hills", "&e9;")


def test_a13_entities_and_document_types_are_not_read(web: httpx.Client, tmp_path: Path) -> None:
    """As a style, and as a request that is posted."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret-words", encoding="ascii")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.3)
        outside = f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd"
        hostile = [
            f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
            + sld("").replace("hills", "&e;"),
            f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{outside}"> %e;]>' + sld(""),
            f'<!DOCTYPE x SYSTEM "{outside}">' + sld(""),
            _laughs(),
        ]
        for document in hostile:
            answers = [
                _post(web, document),
                web.post(_ADDRESS, content=document, headers={"Content-Type": "text/xml"}),
                web.post(_ADDRESS, content=document, headers={"Content-Type": "application/xml"}),
            ]
            for answer in answers:
                assert _exception(answer)
                assert b"the-secret-words" not in answer.content
        with pytest.raises(TimeoutError):
            listener.accept()


def _many(count: int) -> str:
    return sld(colour_map(*(f"{number}#{number:06X}" for number in range(count))))


def test_a13_what_is_refused_takes_little_memory(mosaic: ServiceSummary) -> None:
    """Also A14: entities in each other, ten thousand entries."""
    read_sld(sld(""), ("hills",), mosaic)
    for document in (_laughs(), _many(10_000), "<a>" * 83_000, "<a>" * 5_000):
        tracemalloc.start()
        with pytest.raises(RequestError):
            read_sld(document, ("hills",), mosaic)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10_000_000


def test_a14_colour_maps_have_a_limit(web: httpx.Client) -> None:
    assert "characters" in _exception(_post(web, _many(10_000)))
    assert "tags" in _exception(_post(web, "<a>" * 10_000))
    assert "ColorMapEntry" in _exception(_post(web, _many(2_000)))
    assert _pixels(_post(web, _many(MAX_SLD_COLOURS))).shape == (64, 96, 4)
