"""SOAP, which this server does not speak, is refused in SOAP."""

from __future__ import annotations

import httpx
import pytest
from defusedxml import ElementTree

SOAP_11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
SOAP_12 = "{http://www.w3.org/2003/05/soap-envelope}"
_CALL = """<?xml version="1.0"?>
<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "&x;&x;&x;">]>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Body><GetServiceDescriptionsEx>&y;</GetServiceDescriptionsEx></soap:Body></soap:Envelope>
"""


@pytest.fixture
def url(live_server):
    return live_server.url + "/arcgis/services"


@pytest.mark.parametrize(
    "path", ["", "/", "?wsdl", "/test/picture/ImageServer", "/no/ImageServer/"]
)
def test_arcgis_pro_hears_in_soap_1_1_where_to_ask(url, path):
    for answer in (
        httpx.post(url + path, content=_CALL, headers={"Content-Type": "text/xml; charset=utf-8"}),
        httpx.get(url + path),
    ):
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        found = ElementTree.fromstring(answer.text).find(f"{SOAP_11}Body/{SOAP_11}Fault")
        assert found.findtext("faultcode") == "soap:Client"
        text = found.findtext("faultstring")
        assert url.replace("/services", "/rest/services") in text
        assert ("/test/picture/ImageServer" in text) == ("test/picture" in path)
        assert "root:" not in answer.text


def test_soap_1_2_is_answered_in_soap_1_2(url):
    headers = {"Content-Type": 'application/soap+xml; charset=utf-8; action="x"'}
    answer = httpx.post(url, content=_CALL, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/soap+xml")
    found = ElementTree.fromstring(answer.text).find(f"{SOAP_12}Body/{SOAP_12}Fault")
    assert found.findtext(f"{SOAP_12}Code/{SOAP_12}Value") == "soap:Sender"


@pytest.mark.parametrize("path", ["/<b>/ImageServer", "/%00/ImageServer", "/../../x/ImageServer"])
def test_names_are_not_repeated(url, path):
    text = httpx.post(url + path, content="x").text
    assert "<b>" not in text
    assert "\0" not in text


def test_what_lies_below_a_service_is_left_to_others(url):
    answer = httpx.post(url + "/test/picture/ImageServer/Nothing", content=_CALL)
    assert answer.status_code in (404, 405)
