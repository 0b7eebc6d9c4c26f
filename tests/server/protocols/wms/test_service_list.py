"""The address of WMS without a service."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from server.protocols.wms.service_list import ServiceNotNamed

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize("address", ["/wms", "/wms/"])
def test_the_bare_address_lists_services_that_offer_wms(address: str, web: httpx.Client) -> None:
    shown = web.get(address, headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert "/wms/demo/hills</a>" in shown.text
    assert "/wms/plain" not in shown.text
    told = web.get(address, headers={"Accept": "*/*"})
    assert told.status_code == 404
    text = ET.fromstring(told.content)[0].text or ""
    assert "/wms/NAME" in text
    assert "demo/hills" in text
    assert "plain" not in text


def test_without_services_it_says_how_to_have_one() -> None:
    assert "wms = true" in str(ServiceNotNamed(""))
