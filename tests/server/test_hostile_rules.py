"""Hostile rendering rules of the robustness list (A6, A7) on a live server: refused with the function's name,
nothing evaluated, no instance harmed."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.live_sources import restarts

_SERVICE = "arcgis/rest/services/test/picture/ImageServer"
# Long for a request that is refused before it costs anything, even beside other tests.
_SOON_S = 5.0


def nested(depth: int) -> str:
    head = '{"rasterFunction":"Grayscale","rasterFunctionArguments":{"Raster":'
    return head * depth + '"$$"' + "}}" * depth


def band_arithmetic(expression: str) -> str:
    return json.dumps(
        {
            "rasterFunction": "BandArithmetic",
            "rasterFunctionArguments": {"Method": 0, "BandIndexes": expression},
        }
    )


def calculator(expression: str) -> str:
    return json.dumps(
        {
            "rasterFunction": "RasterCalculator",
            "rasterFunctionArguments": {
                "InputNames": ["b1"],
                "Expression": expression,
                "Rasters": ["$$"],
            },
        }
    )


def asked(server, rule: str, operation: str = "exportImage", **more: str) -> dict:
    form = {"renderingRule": rule, "f": "json", "size": "32,32", **more}
    answer = httpx.post(f"{server.url}/{_SERVICE}/{operation}", data=form, timeout=60)
    assert answer.elapsed.total_seconds() < _SOON_S
    assert answer.status_code in (200, 400, 413), answer.text[:200]
    return answer.json()


def refusal(server, rule: str) -> str:
    """Return what a rule's error says; each operation that takes rules must refuse it."""
    error = asked(server, rule)["error"]
    assert error["code"] in (400, 413), error
    image = httpx.post(
        f"{server.url}/{_SERVICE}/exportImage",
        data={"renderingRule": rule, "f": "image", "size": "32,32"},
        timeout=60,
    )
    assert image.headers["content-type"].startswith("application/json") or image.status_code >= 400
    return " ".join([error["message"], *error.get("details", [])])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{", "renderingRule"),
        ("Zap!", "Zap!"),
        ("[1, 2]", "renderingRule"),
        ("17", "renderingRule"),
        ('{"rasterFunction": "Zap"}', "Zap"),
        ('{"rasterFunction": ["Zap"]}', "rasterFunction"),
        ('{"rasterFunction": "NDVI", "rasterFunctionArguments": 5}', "rasterFunctionArguments"),
        (
            '{"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": {"a": 1}}}',
            "Raster",
        ),
        (
            '{"rasterFunction": "Arithmetic", "rasterFunctionArguments": {"Operation": 1}}',
            "Raster2",
        ),
        (
            ('{"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": '
            '{"url": "http://127.0.0.1:1/arcgis/rest/services/other/ImageServer"}}}'),
            "url",
        ),
        (
            '{"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": "file:///etc/passwd"}}',
            "Raster",
        ),
        (nested(5000), "renderingRule"),
        (nested(40), "renderingRule"),
        (('{"rasterFunction": "PythonAdapter", "rasterFunctionArguments": '
         '{"PythonModule": "/etc/passwd", "ClassName": "a"}}'), "PythonAdapter"),
    ],
)  # fmt: skip
def test_a6_a_rule_that_is_none_is_refused_by_name(live_server, rule, told):
    assert told in refusal(live_server, rule)
    assert restarts(live_server) == 0


def test_a6_ten_megabytes_of_rule_are_refused(live_server):
    rule = '{"rasterFunction": "' + "x" * 10_000_000 + '"}'
    try:
        answer = httpx.post(
            f"{live_server.url}/{_SERVICE}/exportImage",
            data={"renderingRule": rule, "f": "json"},
            timeout=60,
        )
    except httpx.TransportError:
        # The connection is closed before all of it is read.
        pass
    else:
        assert answer.status_code in (400, 413)
    assert restarts(live_server) == 0
    assert httpx.get(f"{live_server.url}/health/ready").status_code == 200


@pytest.mark.parametrize(
    "expression",
    [
        "().__class__.__mro__",
        "__import__('os').system('id')",
        "__import__('os')",
        "open('/etc/passwd')",
        "lambda: 1",
        "[b1 for b1 in b1]",
        "b1 if b1 else b1",
        "b99",
        "b0",
        "(" * 300 + "b1" + ")" * 300,
        "b1" + "+b1" * 20_000,
        "b1; b1",
        "b1.real",
        "b1[0]",
        "",
        "((b1)",
        "1e999*b1",
        "'a'",
        "\x00b1",
        "b1 = 2",
        "b1\nimport os",
    ],
)
@pytest.mark.parametrize("form", [band_arithmetic, calculator])
def test_a7_what_is_no_arithmetic_is_refused_and_never_evaluated(live_server, form, expression):
    told = refusal(live_server, form(expression))
    assert "BandIndexes" in told or "Expression" in told
    assert restarts(live_server) == 0


@pytest.mark.parametrize("power", ["^", "**"])
def test_a7_a_tower_of_powers_ends_at_once(live_server, power):
    # Right to left it is a number with more digits than atoms: here it is one float, or no data.
    answer = asked(live_server, band_arithmetic(power.join(["b1"] * 4)))
    assert "error" not in answer
    assert restarts(live_server) == 0
