"""A19: a flood of wrong passwords is slowed down, and nothing else is."""

from __future__ import annotations

import asyncio
import collections
import time

import httpx

from server.access.site import Site
from server.access.users import Users
from tests.server.access.conftest import PASSWORD

_RATE, _SECONDS = 100, 3
# Only "not hung": how much slower others get is measured elsewhere, on a quiet machine.
_HUNG_S = 20.0


async def _flood(client, url):
    async def attempt(number):
        # Half on one account, half over many that are not there.
        name = "anna" if number % 2 else f"user{number}"
        sent = {"username": name, "password": f"wrong-{number}", "f": "json"}
        answer = await client.post(url, data=sent)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert answer.status_code == 200
        return answer.json()["error"]["code"]

    asked = []
    for number in range(_RATE * _SECONDS):
        asked.append(asyncio.create_task(attempt(number)))
        await asyncio.sleep(1 / _RATE)
    return collections.Counter(await asyncio.gather(*asked))


async def _others(client, live, until):
    """Ask tiles and the directory meanwhile; return how long each took."""
    times = []
    while not until.is_set():
        for path in ("/tiles/test/picture/12/2218/1400.png", "/arcgis/rest/services?f=json"):
            started = time.perf_counter()
            answer = await client.get(live.url + path)
            assert answer.status_code == 200
            times.append(time.perf_counter() - started)
    return times


async def test_a19_wrong_passwords_are_slowed_down_and_others_are_served(data_folder, serve):
    Users(Site(data_folder)).add("anna", PASSWORD)
    Users(Site(data_folder)).add("ben", PASSWORD)
    right = {"username": "ben", "password": PASSWORD, "f": "json"}
    with serve(data_folder) as live:
        url = f"{live.url}/arcgis/tokens/generateToken"
        async with httpx.AsyncClient(timeout=_HUNG_S) as client:
            assert "token" in (await client.post(url, data=right)).json()
            ended = asyncio.Event()
            others = asyncio.create_task(_others(client, live, ended))
            codes = await _flood(client, url)
            ended.set()
            times = await others
            # Who has signed in from here before still can.
            assert "token" in (await client.post(url, data=right)).json()
            assert (await client.post(url, data={**right, "username": "anna"})).status_code == 429
    assert codes[400] + codes[429] == _RATE * _SECONDS
    assert 10 <= codes[400] <= 30, "the rest is refused without a look at the password"
    assert len(times) > 10
    assert max(times) < _HUNG_S
