"""Milliseconds as days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.readable_dates import utc_words, with_dates

if TYPE_CHECKING:
    import httpx

MS, WORDS = 1_600_000_000_000, "2020-09-13 12:26:40 UTC"


def test_dates_of_fields_keys_and_dimensions_are_worded() -> None:
    answer = {
        "fields": [{"name": "Seen", "type": "esriFieldTypeDate"}],
        "features": [{"attributes": {"Seen": MS, "Count": 5}}],
        "images": [{"acquisitionDate": MS}, {"acquisitionDate": None}],
        "timeExtent": [MS, MS],
        "slices": [{"dimensionName": "StdTime", "values": [MS]}],
    }
    shown = with_dates(answer)
    assert shown["features"] == [{"attributes": {"Seen": WORDS, "Count": 5}}]
    assert shown["images"] == [{"acquisitionDate": WORDS}, {"acquisitionDate": None}]
    assert shown["timeExtent"] == [WORDS, WORDS]
    assert shown["slices"] == [{"dimensionName": "StdTime", "values": [WORDS]}]
    assert answer["timeExtent"] == [MS, MS]


def test_dates_beyond_the_calendar_stay_numbers() -> None:
    assert utc_words(10**18) == "1e+18"


def test_pages_show_dates_everywhere(client: httpx.Client) -> None:
    service = "demo/hills/ImageServer"
    asked = {
        service: {},
        f"{service}/identify": {"geometry": "500300,5500300", "returnCatalogItems": "true"},
        f"{service}/query": {"where": "1=1", "outFields": "*"},
        f"{service}/find": {"toGeometry": "500300,5500300"},
        f"{service}/queryGPSInfo": {"where": "1=1", "outFields": "*"},
        f"{service}/1": {},
    }
    for path, parameters in asked.items():
        text = client.get(path, params={"f": "html", **parameters}).text
        assert WORDS in text, path
        assert str(MS) not in text, path
