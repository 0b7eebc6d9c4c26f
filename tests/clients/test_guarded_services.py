"""Clients draw services that not everybody may see, with a token wherever each of them puts it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.clients.asked import asked
from tests.clients.engine_pictures import assert_alike
from tests.clients.gdal_programs import run_gdal
from tests.clients.guarded import PASSWORD, USER
from tests.clients.python_packages import install
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clients.browser import Page
    from tests.clients.engine_pictures import EngineRoom
    from tests.clients.guarded import Guarded

drives = pytest.mark.drives
_SIZE = (512, 384)
_JPEG = 4.0
_LEVEL_5_M = 4891.969810251278
_INLAND = (1_400_000.0, -1_800_000.0, 3_448_000.0, -264_000.0)
_MIDDLE = "[2000000, -1000000]"
_COAST = "[-8, 12], 4"


@pytest.fixture
def guarded_page(
    chromium_page: Page, clients: str, guarded: Guarded
) -> Iterator[Callable[[str], Page]]:
    """A function that opens the page of a client anew: what it knew of tokens is forgotten."""

    def opened(name: str) -> Page:
        chromium_page.resize(640, 480)
        chromium_page.go("about:blank")
        chromium_page.go(f"{clients}/pages/{name}.html")
        chromium_page.wait_for("window.client")
        chromium_page.forget()
        return chromium_page

    yield opened
    chromium_page.assert_clean(clients, guarded.base)


def test_a_person_signs_in_looks_and_signs_out(page: Page, guarded: Guarded) -> None:
    """In a real browser, which tells of whatever the pages' policies refuse."""
    page.go(f"{guarded.base}/map/{MARBLE}")
    assert page.evaluate("location.pathname") == "/login"
    fields = {"username": USER, "password": PASSWORD}
    for name, value in fields.items():
        page.evaluate(f"document.querySelector('input[name={name}]').value = {json.dumps(value)}")
    page.evaluate("document.querySelector('form.sign-in button').click()")
    page.wait_for(f"location.pathname === '/map/{MARBLE}'")
    page.wait_for("document.querySelectorAll('img.leaflet-tile-loaded').length > 3")
    assert USER in page.evaluate("document.querySelector('.account').textContent")
    assert page.evaluate("document.cookie") == "", "scripts see no session"
    for path in ("/", "/arcgis/rest/services/demo", f"/arcgis/rest/services/{MARBLE}/ImageServer"):
        page.go(guarded.base + path)
        assert USER in page.evaluate("document.body.textContent"), path
    page.go(f"{guarded.rest(MARBLE)}/exportImage?f=html&bbox=0,0,1e6,1e6&size=64,64")
    page.wait_for("document.querySelector('img.picture')?.naturalWidth === 64")
    page.evaluate("document.querySelector('form.sign-out button').click()")
    page.wait_for("location.pathname === '/'")
    page.wait_for("document.body.textContent.includes('Sign in')")
    assert MARBLE not in page.evaluate("document.body.innerHTML")
    page.assert_clean(guarded.base)


def _arcgis_box() -> str:
    xmin, ymin, xmax, ymax = _INLAND
    sides = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    return json.dumps({**sides, "spatialReference": {"wkid": 102100}})


def _show_arcgis(page: Page, guarded: Guarded, **options: Any) -> tuple[float, ...]:
    made = json.dumps({"url": guarded.rest(MARBLE), "format": "jpgpng", **options})
    return tuple(page.evaluate(f"client.show(new client.ImageryLayer({made}), {_arcgis_box()})"))


@drives("arcgis", "hidden service, a token that is known")
def test_the_sdk_draws_with_a_token_that_is_registered(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom, clients: str
) -> None:
    page = guarded_page("arcgis")
    token = guarded.token(client="referer", referer=clients)
    known = {"server": f"{guarded.base}/arcgis/rest/services", "token": token}
    page.evaluate(f"void client.identity.registerToken({json.dumps(known)})")
    shown = _show_arcgis(page, guarded)
    made = engine.picture(MARBLE, shown, _SIZE, format="jpgpng")
    assert_alike(page.picture("#map"), made, mean=1.0)
    (query,) = asked(page.requests, "/exportImage")
    assert query["token"] == token


@drives("arcgis", "hidden service, signing in when asked")
def test_the_sdk_asks_who_uses_it_and_tries_again(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("arcgis")
    # What an application does that has a form of its own: all else is the SDK's.
    user = json.dumps({"username": USER, "password": PASSWORD})
    page.evaluate(
        f"""void (client.identity.signIn = async (url, info) => {{
          window.asked = (window.asked || 0) + 1;
          const given = await client.identity.generateToken(info, {user});
          return new client.Credential({{
            server: info.server, token: given.token, expires: given.expires, userId: {user}.username }});
        }})"""
    )
    shown = _show_arcgis(page, guarded)
    made = engine.picture(MARBLE, shown, _SIZE, format="jpgpng")
    assert_alike(page.picture("#map"), made, mean=1.0)
    assert page.evaluate("window.asked") == 1
    assert any(path.split("?")[0].endswith("/arcgis/rest/info") for path in page.requests)
    assert any("/arcgis/tokens" in path for path in page.requests)


@drives("arcgis", "hidden service, a token among a layer's parameters")
def test_the_sdk_draws_with_a_token_of_the_layer(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("arcgis")
    shown = _show_arcgis(page, guarded, customParameters={"token": guarded.token()})
    made = engine.picture(MARBLE, shown, _SIZE, format="jpgpng")
    assert_alike(page.picture("#map"), made, mean=1.0)


def _show_leaflet(page: Page, made: str, where: str = _COAST) -> list[float]:
    return list(page.evaluate(f"client.show({made}, {where})"))


@drives("esri-leaflet", "hidden service, the option token")
@pytest.mark.parametrize("form", ["image", "json"])
def test_esri_leaflet_draws_with_its_option(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom, form: str
) -> None:
    page = guarded_page("leaflet")
    token = guarded.token()
    options = json.dumps({"url": guarded.rest(MARBLE), "f": form, "token": token})
    box = _show_leaflet(page, f"L.esri.imageMapLayer({options})")
    assert_alike(page.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=1.0)
    if form == "json":
        assert page.requests[-1].endswith(f"?token={token}")


@drives("esri-leaflet", "hidden service, signing in when asked")
def test_esri_leaflet_asks_for_a_token_and_tries_again(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("leaflet")
    options = json.dumps({"url": guarded.rest(MARBLE), "f": "json"})
    sent = json.dumps(f"username={USER}&password={PASSWORD}&f=json&client=referer&referer=")
    page.evaluate(
        f"""void (window.hidden = L.esri.imageMapLayer({options}).on("authenticationrequired", async (asked) => {{
          window.asked = (window.asked || 0) + 1;
          const body = {sent} + encodeURIComponent(location.origin);
          const headers = {{ "Content-Type": "application/x-www-form-urlencoded" }};
          const address = "{guarded.base}/arcgis/tokens/generateToken";
          const given = await fetch(address, {{ method: "POST", body, headers }});
          asked.authenticate((await given.json()).token);
        }}))"""
    )
    box = _show_leaflet(page, "window.hidden")
    assert_alike(page.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=1.0)
    assert page.evaluate("window.asked") >= 1


@drives("esri-leaflet", "hidden service, tiles")
def test_esri_leaflet_draws_tiles_with_its_option(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("leaflet")
    options = json.dumps({"url": guarded.rest(MARBLE), "token": guarded.token()})
    box = _show_leaflet(page, f"L.esri.tiledMapLayer({options})", "[-8, 24], 5")
    assert_alike(page.picture("#map"), engine.tiles(MARBLE, 5, box), mean=_JPEG)


def _show_ol(page: Page, kind: str, resolution: float, source: str, **options: Any) -> list[float]:
    made = json.dumps({"crossOrigin": "anonymous", **options})
    layer = f"new ol.layer.{kind}({{ source: new ol.source.{source}({made}) }})"
    return list(page.evaluate(f"client.show({layer}, {_MIDDLE}, {resolution})"))


@drives("ol", "hidden service, a token among the parameters")
def test_openlayers_draws_with_a_parameter(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("ol")
    params = {"TOKEN": guarded.token()}
    options = {"url": guarded.rest(MARBLE), "ratio": 1, "params": params}
    box = _show_ol(page, "Image", 8000, "ImageArcGISRest", **options)
    assert_alike(page.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=0.5)
    wms = {"url": f"{guarded.base}/wms/{TEMPLATED}", "ratio": 1}
    wms["params"] = {**params, "LAYERS": TEMPLATED.rpartition("/")[2]}
    box = _show_ol(page, "Image", 8000, "ImageWMS", **wms)
    assert_alike(page.picture("#map"), engine.picture(TEMPLATED, box, _SIZE), mean=1.0)


@drives("ol", "hidden service, TileJSON whose tiles carry the token")
def test_openlayers_takes_tiles_from_tilejson_as_they_are(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("ol")
    url = f"{guarded.base}/tiles/{MARBLE}.json?token={guarded.token()}"
    made = json.dumps({"crossOrigin": "anonymous", "url": url, "transition": 0})
    page.evaluate(f"void (window.told = new ol.source.TileJSON({made}))")
    page.wait_for("window.told.getState() === 'ready'")
    layer = "new ol.layer.Tile({ source: window.told })"
    box = list(page.evaluate(f"client.show({layer}, {_MIDDLE}, {_LEVEL_5_M})"))
    assert_alike(page.picture("#map"), engine.tiles(MARBLE, 5, box), mean=_JPEG)


@drives("leaflet", "hidden service, XYZ tiles and WMS")
def test_leaflet_draws_with_a_token_in_the_address(
    guarded_page: Callable[[str], Page], guarded: Guarded, engine: EngineRoom
) -> None:
    page = guarded_page("leaflet")
    token = guarded.token()
    url = f"{guarded.base}/tiles/{MARBLE}/{{z}}/{{x}}/{{y}}.png?token={token}"
    box = _show_leaflet(page, f"L.tileLayer({json.dumps(url)})", "[-8, 24], 5")
    assert_alike(page.picture("#map"), engine.tiles(MARBLE, 5, box), mean=_JPEG)
    options = json.dumps({"layers": TEMPLATED.rpartition("/")[2], "token": token})
    wms = f"L.tileLayer.wms({json.dumps(f'{guarded.base}/wms/{TEMPLATED}')}, {options})"
    _show_leaflet(page, wms, "[-8, 24], 5")
    assert page.picture("#map").std() > 15


@drives("gdal", "hidden service, a header; tiles with a token in the address")
def test_gdal_reads_with_a_header_or_an_address(
    guarded: Guarded, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    translate, token = require_program("gdal_translate"), guarded.token()
    header = ("--config", "GDAL_HTTP_HEADERS", f"Authorization: Bearer {token}")
    view = ("-q", "-of", "PNG", "-outsize", "128", "128", "-projwin", "0", "2e6", "4e6", "-2e6")
    address = f"{guarded.rest(MARBLE)}?f=json&pretty=true"
    by_header = tmp_path / "header.png"
    run_gdal(translate, *header, *view, address, by_header)
    half = 20037508.342789244
    description = tmp_path / "tiles.xml"
    tiles = f"{guarded.base}/tiles/{MARBLE}/${{z}}/${{x}}/${{y}}.png?token={token}"
    description.write_text(
        f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{tiles}</ServerUrl></Service>
        <DataWindow><UpperLeftX>-{half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY>
        <LowerRightX>{half}</LowerRightX><LowerRightY>-{half}</LowerRightY>
        <TileLevel>8</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
        <Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>""",
        encoding="utf-8",
    )
    by_address = tmp_path / "address.png"
    run_gdal(translate, *view, description, by_address)
    for picture in (by_header, by_address):
        pixels = np.asarray(Image.open(picture).convert("RGB"), dtype=np.float64)
        assert pixels.std() > 15, picture


@drives("gdal", "hidden WMS, by capabilities whose addresses carry the token")
def test_gdal_opens_a_wms_by_its_capabilities(
    guarded: Guarded, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    query = f"token={guarded.token()}&SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    address = f"WMS:{guarded.base}/wms/{TEMPLATED}?{query}"
    told = json.loads(run_gdal(require_program("gdalinfo"), "-json", address))
    found = told["metadata"]["SUBDATASETS"]["SUBDATASET_1_NAME"]
    picture = tmp_path / "wms.png"
    run_gdal(
        *(require_program("gdal_translate"), "-q", "-of", "PNG", "-outsize", "128", "128"),
        *(found, picture),
    )
    assert np.asarray(Image.open(picture).convert("RGB"), dtype=np.float64).std() > 15


@drives("qgis", "hidden service, EsriToken and a token in the address")
def test_qgis_draws_with_an_authentication_of_its_own(
    guarded: Guarded, require_system_module: Callable[[str], Path], tmp_path: Path
) -> None:
    python = require_system_module("qgis.core")
    tiles = f"{guarded.base}/tiles/{MARBLE}/%7Bz%7D/%7Bx%7D/%7By%7D.png?token%3D{guarded.token()}"
    side = 2 * 20037508.342789244 / 2**5
    corners = ",".join(map(repr, (side, -side, 2 * side, 0.0)))
    script = Path(__file__).with_name("qgis_open.py")
    result = subprocess.run(
        [python, script, guarded.rest(MARBLE), tiles, corners, tmp_path, guarded.token()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "QGIS_AUTH_DB_DIR_PATH": str(tmp_path)},
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    for name in ("arcgis", "xyz"):
        assert report[name]["valid"], report
        assert report[name]["seen"] > 0.9, report


@drives("arcgis-python", "hidden service, user name and password, or a token")
def test_the_python_api_signs_in(guarded: Guarded) -> None:
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    script = Path(__file__).with_name("arcgis_python_guarded.py")
    result = subprocess.run(
        [install(), script, guarded.base, MARBLE, USER, PASSWORD, guarded.token()],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=own,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["password"] == report["token"]
    assert report["token"]["bandCount"] == 3
    assert report["token"]["width"] == 320
    assert "token required" in report["nobody"].casefold()


@drives("restapi", "hidden service, the cookie agstoken")
def test_restapi_sends_a_cookie(guarded: Guarded) -> None:
    info = httpx.get(f"{guarded.base}/arcgis/rest/info", params={"f": "json"}).json()["authInfo"]
    assert info["isTokenBasedSecurity"] is True
    sent = {"username": USER, "password": PASSWORD, "client": "requestip", "f": "json"}
    given = httpx.post(f"{info['tokenServicesUrl'].rstrip('/')}/generateToken", data=sent).json()
    with httpx.Client(cookies={"agstoken": given["token"]}, timeout=60) as client:
        root = client.get(guarded.rest(MARBLE), params={"f": "json"}).json()
        assert root["bandCount"] == 3
        asked_for = {"bbox": "1500000,-2000000,3500000,-500000", "size": "400.0,300.0"}
        asked_for |= {"bboxSR": "3857", "imageSR": "3857", "format": "tiff", "f": "pjson"}
        told = client.post(f"{guarded.rest(MARBLE)}/exportImage", data=asked_for).json()
    # The link is fetched as it is: it is the right to this picture, for some minutes.
    picture = httpx.get(told["href"], timeout=60)
    assert picture.headers["content-type"] == "image/tiff"
    assert picture.headers["cache-control"].startswith("private")
    nobody = httpx.get(guarded.rest(MARBLE), params={"f": "json"}).json()
    assert nobody["error"]["code"] == 499
