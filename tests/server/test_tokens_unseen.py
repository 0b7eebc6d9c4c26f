"""Tokens and keys that clients send along (A17 of the robustness list): seen again nowhere."""

from __future__ import annotations

import itertools

import httpx

from engine.build.compile_raster import compile_raster
from server.access.api_keys import ApiKeys
from server.access.site import Site
from server.access.users import Users
from server.site.publishing import Publisher
from tests.server.conftest import write_picture

SECRET = "T0ken-that-must-stay-secret"
SERVICE = "/arcgis/rest/services/gone/ImageServer"
BOX = "480000,5535000,490000,5545000"
PASSWORD = "clay-Pigeon-4711"
PATHS = (
    "/",
    "/arcgis/rest",
    "/arcgis/rest/info",
    "/arcgis/rest/services",
    SERVICE,
    SERVICE + "/exportImage",
    SERVICE + "/exportImage/nothing",
    SERVICE + "/identify",
    SERVICE + "/legend",
    SERVICE + "/tile/0/0/0",
    SERVICE + "/nothing",
    "/arcgis/rest/services/nothing/ImageServer",
    "/arcgis/tokens/generateToken",
    "/arcgis/sharing/rest/info",
    "/arcgis/services/gone/ImageServer",
    "/arcgis/services/gone/ImageServer/WMSServer",
    "/tiles/gone/3/4/2.png",
    "/tiles/gone.json",
    "/openapi.json",
    "/nothing",
)


def _publish(folder):
    """Publish a service whose only source is gone: whatever needs pixels fails inside."""
    write_picture(folder / "gone.tif")
    compile_raster(folder / "gone.tif", folder / "gone.zmd")
    Publisher(folder / "data").publish(folder / "gone.zmd", "gone")
    (folder / "gone.tif").unlink()
    return folder / "data"


def _headers(secret):
    return {
        "X-Esri-Authorization": f"Bearer {secret}",
        "Authorization": f"Bearer {secret}",
        "X-API-Key": secret,
        "Cookie": f"agstoken={secret}; swath_session={secret}",
        "Referer": f"https://map.example/?token={secret}",
    }


def _ask_everything(url, secret):
    """Send the token with all that can be asked; return how many answers were failures inside."""
    failures = 0
    headers = _headers(secret)
    with httpx.Client(base_url=url, timeout=60) as client:
        for path, form in itertools.product(PATHS, ("json", "html", "image", "")):
            asked = {"f": form, "token": secret, "bbox": BOX, "geometry": "485000,5540000"}
            for answer in (
                client.get(path, params=asked, headers=headers),
                client.post(path, data=asked, headers=headers),
                client.get(path, params={**asked, "size": "no"}, headers=headers),
            ):
                assert secret not in answer.text, (path, form)
                assert secret not in str(answer.headers), (path, form)
                assert answer.status_code not in (401, 403), path
                assert '"code":49' not in answer.text.replace(" ", "")
                if answer.headers["content-type"].startswith("text/html"):
                    assert answer.headers.get("referrer-policy") == "same-origin", path
                failures += "Incident" in answer.text
        assert secret not in client.get("/metrics").text
    return failures


def test_a17_a_token_is_of_no_effect_and_seen_again_nowhere(tmp_path, serve, capfd):
    with serve(_publish(tmp_path), SWATH_ACCESS_LOG="true") as live:
        failures = _ask_everything(live.url, SECRET)
    assert failures, "something had to fail inside"
    seen = capfd.readouterr()
    logged = seen.out + seen.err
    assert "GET /arcgis/rest/services/gone/ImageServer/identify" in logged
    assert "incident" in logged
    assert SECRET not in logged


def test_a17_real_tokens_keys_and_passwords_are_seen_again_nowhere(tmp_path, serve, capfd):
    data = _publish(tmp_path)
    Users(Site(data)).add("anna", PASSWORD)
    key = ApiKeys(Site(data)).create("machine")
    login = {"username": "anna", "password": PASSWORD, "f": "json"}
    with serve(data, SWATH_ACCESS_LOG="true", SWATH_LOG_FORMAT="json") as live:
        tokens = live.url + "/arcgis/tokens/generateToken"
        token = httpx.post(tokens, data=login).json()["token"]
        for refused in (
            httpx.get(tokens, params=login),
            httpx.post(tokens, data={**login, "username": "ben"}),
            httpx.post(tokens, data={**login, "client": "moon"}),
            httpx.post(tokens, data={**login, "password": PASSWORD + "\0"}),
        ):
            assert "Pigeon" not in refused.text
        failures = [_ask_everything(live.url, secret) for secret in (token, key)]
    assert all(failures), "something had to fail inside"
    seen = capfd.readouterr()
    for secret in (token, token.rpartition(".")[2], key, PASSWORD):
        assert secret not in seen.out + seen.err
    files = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
    assert not any(secret.encode() in raw for secret in (token, key, PASSWORD) for raw in files)
