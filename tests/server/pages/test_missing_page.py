"""Addresses that lead nowhere."""

from __future__ import annotations

import httpx

from config.settings import Settings
from server.app import create_app


async def test_browsers_get_a_page_that_leads_back_and_others_two_words() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
    for path, root in (("/nothing", "./"), ("/a/b/<b>", "../.././"), ("/static/none.js", ".././")):
        answer = await client.get(path, headers={"Accept": "text/html,*/*"})
        assert answer.status_code == 404
        assert f'href="{root}"' in answer.text
        assert "arcgis/rest/services" in answer.text
        assert "<b>" not in answer.text
        assert answer.headers["vary"]
        plain = await client.get(path, headers={"Accept": "*/*"})
        assert (plain.status_code, plain.text) == (404, "Not Found")
