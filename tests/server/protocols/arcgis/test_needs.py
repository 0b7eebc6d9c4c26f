"""Operations that need something of a service that it may not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.protocols.arcgis.needs import HEIGHTS, SENSORS, NeedNotMet

if TYPE_CHECKING:
    import httpx

    from engine.summary import ServiceSummary

SERVICE = "demo/hills/ImageServer"


def test_a_service_has_what_is_needed_or_says_what_it_is(
    mosaic: ServiceSummary, raster: ServiceSummary
) -> None:
    assert HEIGHTS.is_met(raster)
    assert not HEIGHTS.is_met(mosaic)
    assert HEIGHTS.missing_in(mosaic) == "is of colour pictures"
    assert not SENSORS.is_met(mosaic)
    error = NeedNotMet("calculateVolume", HEIGHTS.words, HEIGHTS.missing_in(mosaic))
    assert str(error) == (
        "calculateVolume needs a service of heights; this one is of colour pictures."
    )


@pytest.mark.parametrize("name", ["calculateVolume", "imageToMapMultiray", "slices"])
def test_pages_do_not_offer_what_cannot_work(name: str, client: httpx.Client) -> None:
    text = client.get(SERVICE, params={"f": "html"}).text
    assert f"/{name}" not in text
    assert "/imageToMap" in text


def test_an_operation_that_cannot_work_says_what_it_needs(client: httpx.Client) -> None:
    error = client.get(f"{SERVICE}/calculateVolume", params={"f": "json"}).json()["error"]
    assert error["code"] == 400
    assert error["message"].startswith("calculateVolume needs a service of heights; this one is")
