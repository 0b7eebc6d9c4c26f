"""Every route there is: what is not public is not shown, and not told of, to who may not see it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.routing import Mount

from config.settings import Settings
from server.app import create_app
from server.protocols.arcgis.operations import OPERATIONS
from tests.server.doors.conftest import BESIDE, HIDDEN, ONLY, OPEN, PRIVATE, TELLING

if TYPE_CHECKING:
    import httpx

    from tests.server.doors.conftest import GuardedSite

REST = "/arcgis/rest/services"
BOX = "bbox=480000,5535000,490000,5545000&bboxSR=32633&size=50,50&geometry=485000,5540000"
_MAP = "styles=&srs=EPSG:32633&bbox=480000,5535000,490000,5545000&width=50&height=50"
_ASKED = "query_layers={layer}&x=5&y=5&info_format=application/json"
# Where a route's {name:path} is put in; each path answers for one service.
OF_A_SERVICE = {
    "/arcgis/services/{name:path}/ImageServer/WMSServer": (
        "?service=WMS&request=GetCapabilities",
        f"?service=WMS&version=1.1.1&request=GetMap&layers={{layer}}&{_MAP}&format=image/png",
        "?service=WMS&version=1.3.0&request=GetLegendGraphic&layer={layer}&format=image/png",
        f"?service=WMS&version=1.1.1&request=GetFeatureInfo&layers={{layer}}&{_MAP}&{_ASKED}",
    ),
    "/wms/{name:path}": ("", "?service=WMS&request=GetCapabilities&version=1.1.1"),
    "/tiles/{name:path}/schemes.json": ("",),
    "/tiles/{name:path}/tilejson.json": ("", "?format=jpg"),
    "/tiles/{name:path}.json": ("",),
    "/map/{name:path}": ("",),
}
# Answered before any route is looked at.
TILES = ("/tiles/{name}/12/2218/1400.png", "/tiles/{name}/12/2218/1400@2x.jpg?interpolation=x",
         "/tiles/{name}/own/0/0/0.png", "/tiles/{name}/12/9999999/1400.png")  # fmt: skip
# The tree of ArcGIS: all operations are walked below.
TREE = "/arcgis/rest/{path:path}"
# One answer for everybody: nothing in it is of a service.
OF_THE_SERVER = {
    "/health/live", "/health/ready", "/health/details", "/metrics", "/wms", "/wms/", "/arcgis/rest",
    "/arcgis/tokens", "/arcgis/tokens/", "/arcgis/tokens/generateToken",
    "/arcgis/admin/generateToken", "/arcgis/info", "/arcgis/sharing", "/sharing",
    "/arcgis/services", "/arcgis/services/", "/", "/openapi.json", "/login", "/logout", "/login/oidc", "/login/oidc/callback",
    "/demo/valley", "/demo/valley.json", "/static",
}  # fmt: skip
# The name is put in, but the answer is the same whatever it is.
ALIKE_FOR_ALL = {
    "/arcgis/sharing/{path:path}",
    "/sharing/{path:path}",
    "/arcgis/services/{name:path}/ImageServer",
    "/arcgis/services/{name:path}/ImageServer/",
}
FORMS = ("json", "pjson", "html", "image", "")
_SERVER = Path(__file__).resolve().parents[3] / "server"


def _routes(tmp_path):
    app = create_app(Settings(data=str(tmp_path)))
    return app._router.routes


def test_every_route_is_known_here(tmp_path):
    found = {route.path for route in _routes(tmp_path)}
    known = {*OF_A_SERVICE, *OF_THE_SERVER, *ALIKE_FOR_ALL, TREE}
    assert found == known, "say above what a new route shows of services, and to whom"
    assert all(not isinstance(r, Mount) or r.path == "/static" for r in _routes(tmp_path))


def _operations():
    for name, operation in OPERATIONS.items():
        path = name.replace("{rasterId}", "1")
        yield "/".join([path, *("0" for _ in operation.INFO.arguments)]).strip("/")


def _rest_paths(service: str):
    yield f"{REST}/{service}/ImageServer"
    for path in _operations():
        yield f"{REST}/{service}/ImageServer/{path}"
    yield f"{REST}/{service}/ImageServer/nosuchoperation"


def assert_refused(answer: httpx.Response, where: str) -> None:
    """What an anonymous caller hears of a service that is not public."""
    assert not any(word in answer.text for word in TELLING[3:]), where
    if answer.status_code == 303:
        assert answer.headers["location"].partition("?")[0].endswith("login"), where
    elif answer.status_code == 200:
        # The form of ArcGIS: clients look for the code and for the words.
        assert answer.headers["content-type"].startswith("application/json"), where
        assert answer.json()["error"] == {
            "code": 499,
            "message": "Token Required",
            "details": [],
        }, where
    else:
        assert answer.status_code == 401, where
        assert answer.headers["www-authenticate"].startswith("Bearer"), where
    assert answer.headers["cache-control"] == "no-store", where


def _without(text: str, name: str) -> str:
    return text.replace(quote(name, safe=""), "NAME").replace(name, "NAME")


def _said(answer: httpx.Response, name: str) -> tuple[int, str, str]:
    """What tells two answers apart, but for the name that was asked for."""
    headers = "".join(
        f"{k}: {v}\n" for k, v in answer.headers.items() if k not in ("date", "x-request-id")
    )
    return answer.status_code, _without(headers, name), _without(answer.text, name)


def assert_like_none(site: GuardedSite, token: str, path, method="GET", **more) -> httpx.Response:
    """A hidden service is answered as one beside it that is not there."""
    hidden = site.ask(method, path(HIDDEN), token, **more)
    absent = site.ask(method, path("vault/nothinghr"), token, **more)
    assert _said(hidden, HIDDEN) == _said(absent, "vault/nothinghr"), path(HIDDEN)
    return hidden


@pytest.mark.parametrize("form", FORMS)
def test_a18_no_operation_of_arcgis_answers_who_may_not_see(site: GuardedSite, form: str) -> None:
    headers = {"Accept": "text/html"} if not form else {}
    for path in _rest_paths(HIDDEN):
        below = path.removeprefix(f"{REST}/{HIDDEN}")
        asked = f"?f={form}&{BOX}" if form else f"?{BOX}"

        def at(name: str, below: str = below, asked: str = asked) -> str:
            return f"{REST}/{name}{below}{asked}"

        assert_refused(assert_like_none(site, "", at, headers=headers), at(HIDDEN))
        bobs = assert_like_none(site, site.tokens["bob"], at, headers=headers)
        assert "Telltale" not in bobs.text
        assert "You do not have permissions to access this resource" in bobs.text, path
        if form == "json":
            assert bobs.json()["error"]["code"] == 403


def test_a_post_is_asked_as_a_get_is(site: GuardedSite) -> None:
    for path in _rest_paths(HIDDEN):
        below = path.removeprefix(f"{REST}/{HIDDEN}")
        body = {"f": "json", "token": ""}
        assert_refused(site.ask("POST", path, data=body), path)
        found = site.ask("POST", path, data={"f": "json", "token": site.tokens["bob"]}).json()
        assert found["error"]["code"] == 403, below
        found = site.ask("POST", path, data={"f": "json", "token": "nonsense"}).json()
        assert found["error"] == {"code": 498, "message": "Invalid Token", "details": []}


@pytest.mark.parametrize("route", OF_A_SERVICE)
def test_a18_no_other_protocol_answers_who_may_not_see(site: GuardedSite, route: str) -> None:
    for query in OF_A_SERVICE[route]:

        def at(name: str, query: str = query) -> str:
            path = route.replace("{name:path}", name)
            return path + query.replace("{layer}", name.rpartition("/")[2])

        assert_refused(assert_like_none(site, "", at), at(HIDDEN))
        bobs = assert_like_none(site, site.tokens["bob"], at)
        assert bobs.status_code in (403, 404), at(HIDDEN)
        assert "Telltale" not in bobs.text
        if not route.startswith("/map"):
            bad = site.get(at(HIDDEN), "nonsense")
            assert bad.status_code == 401
        assert site.get(at(HIDDEN), site.tokens["alice"]).status_code == 200, at(HIDDEN)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a18_no_tile_is_given_to_who_may_not_see(site: GuardedSite, tile: str, method: str) -> None:
    def at(name: str) -> str:
        return tile.replace("{name}", name)

    assert_refused(assert_like_none(site, "", at, method), tile)
    assert assert_like_none(site, site.tokens["bob"], at, method).status_code == 403
    assert site.ask(method, at(HIDDEN), "nonsense").status_code == 401


@pytest.mark.parametrize("route", sorted(ALIKE_FOR_ALL))
def test_what_says_nothing_of_services_says_nothing_of_hidden_ones(
    site: GuardedSite, route: str
) -> None:
    def at(name: str) -> str:
        return route.replace("{name:path}", name).replace("{path:path}", f"rest/{name}")

    for token in ("", site.tokens["bob"]):
        for method in ("GET", "POST"):
            assert "Telltale" not in assert_like_none(site, token, at, method).text


LISTS = (
    "/", "/wms", "/arcgis/rest", "/arcgis/rest/info", REST, f"{REST}/vault", "/openapi.json",
    "/login", "/nowhere", "/health/ready", "/arcgis/info", "/arcgis/tokens", "/arcgis/services",
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("who", ["", "bob"])
def test_lists_leave_out_what_is_hidden(site: GuardedSite, path: str, who: str) -> None:
    token = site.tokens.get(who, "")
    for form in ("", "?f=json", "?f=pjson", "?f=html"):
        for accept in ("*/*", "text/html"):
            text = site.get(path + form, token, headers={"Accept": accept}).text
            assert not any(word in text for word in TELLING), (path, form)


def test_lists_show_who_may_see(site: GuardedSite) -> None:
    alice = site.tokens["alice"]
    names = {each["name"] for each in site.get(f"{REST}/vault?f=json", alice).json()["services"]}
    assert names == {HIDDEN, BESIDE}
    root = site.get(f"{REST}?f=json", alice).json()
    assert root["folders"] == ["secretfolder", "test", "vault"]
    assert site.get(f"{REST}?f=json").json()["folders"] == ["test", "vault"]
    for path in ("/", "/wms"):
        text = site.get(path, alice, headers={"Accept": "text/html"}).text
        assert all(name in text for name in PRIVATE)
    both = {HIDDEN, ONLY}
    assert both <= {*site.get("/wms", alice).text.replace(",", " ").replace(".", " ").split()}


def test_a_folder_in_which_nothing_is_seen_asks_for_a_token(site: GuardedSite) -> None:
    hidden = f"{REST}/secretfolder"
    assert site.get(f"{hidden}?f=json").json()["error"]["code"] == 499
    assert site.get(f"{hidden}?f=json", site.tokens["bob"]).json()["error"]["code"] == 403
    answer = site.get(f"{hidden}?f=json", site.tokens["alice"]).json()
    assert [each["name"] for each in answer["services"]] == [ONLY]


@pytest.mark.parametrize("who", ["", "bob"])
def test_a_folder_that_is_hidden_is_answered_as_one_that_is_not_there(
    site: GuardedSite, who: str
) -> None:
    token = site.tokens.get(who, "")
    for path in (
        f"{REST}/NAME?f=json",
        f"{REST}/NAME/x/ImageServer?f=json",
        "/tiles/NAME/x/0/0/0.png",
    ):
        hidden, absent = (
            _said(site.get(path.replace("NAME", name), token), name)
            for name in ("secretfolder", "nofolderhere")
        )
        assert hidden == absent, path
    # Of a folder that everybody knows it is said.
    known = site.get(f"{REST}/test/nothing/ImageServer?f=json", token).json()
    assert known["error"]["code"] == 404
    boss = site.tokens["boss"]
    assert site.get(f"{REST}/nofolderhere?f=json", boss).json()["error"]["code"] == 404


def test_an_administrator_hears_what_is_not_there(site: GuardedSite) -> None:
    boss = site.tokens["boss"]
    absent = site.get(f"{REST}/vault/nothing/ImageServer?f=json", boss).json()["error"]
    assert (absent["code"], "not found" in absent["message"]) == (404, True)
    assert site.get(f"/tiles/{HIDDEN}/0/0/0.png", boss).status_code == 200


def test_what_is_public_needs_nothing_and_minds_nothing(site: GuardedSite) -> None:
    for name in (OPEN, BESIDE):
        for token in ("", "nonsense", site.tokens["bob"]):
            assert site.get(f"/tiles/{name}/0/0/0.png", token).status_code == 200
            root = site.get(f"{REST}/{name}/ImageServer?f=json", token)
            assert root.json()["bandCount"] == 3
            assert "private" not in root.headers["cache-control"]
    absent = site.get(f"{REST}/test/nothing/ImageServer?f=json", "nonsense").json()
    assert absent["error"]["code"] == 404


def test_answers_of_hidden_services_are_kept_by_nobody_else(site: GuardedSite) -> None:
    alice = site.tokens["alice"]
    vary = {"authorization", "cookie", "x-api-key", "x-esri-authorization"}
    paths = (
        f"/tiles/{HIDDEN}/0/0/0.png", f"/tiles/{HIDDEN}.json", f"{REST}/{HIDDEN}/ImageServer?f=json",
        f"{REST}/{HIDDEN}/ImageServer/exportImage?f=image&{BOX}", f"/wms/{HIDDEN}", f"/map/{HIDDEN}",
        f"{REST}?f=json", "/",
    )  # fmt: skip
    for path in paths:
        answer = site.get(path, alice)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"].startswith("private"), path
        told = {part.strip().lower() for part in answer.headers["vary"].split(",")}
        assert vary <= told, path
        assert "access-control-allow-credentials" not in answer.headers
        again = site.get(path, alice, headers={"If-None-Match": answer.headers.get("etag", "x")})
        if again.status_code == 304:
            assert again.headers["cache-control"].startswith("private"), path
        stolen = site.get(path, headers={"If-None-Match": answer.headers.get("etag", "x")})
        assert stolen.status_code != 304, path
    tile = site.get(f"/tiles/{HIDDEN}/0/0/0.png", alice)
    assert tile.headers["cache-control"] == "private, max-age=3600"


def test_protocols_and_pages_ask_a_visitor_and_nobody_else() -> None:
    """The registry and `ServerState.service` know of no permissions."""
    allowed = {
        # An address that nobody guesses stands for the right to see; its picture alone.
        "protocols/arcgis/output_links.py",
    }
    found = set()
    for path in [*(_SERVER / "protocols").rglob("*.py"), *(_SERVER / "pages").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                if (owner, node.attr) in (("state", "service"), ("registry", "get")):
                    found.add((path.relative_to(_SERVER).as_posix(), owner))
                if (owner, node.attr) == ("registry", "names"):
                    found.add((path.relative_to(_SERVER).as_posix(), owner))
    # `xyz.service_and_scheme` only takes a path apart: whoever calls it asks next.
    assert {path for path, _ in found} == {*allowed, "protocols/xyz.py"}
