"""What answers of hidden services carry: no token but where a client takes links as they are; links that open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.server.doors.conftest import HIDDEN, OPEN
from tests.server.doors.test_doors import BOX, LISTS, REST, _rest_paths

if TYPE_CHECKING:
    from tests.server.doors.conftest import GuardedSite

# Map libraries and WMS clients take the addresses in these as they are.
CARRYING = (f"/tiles/{HIDDEN}.json", f"/tiles/{HIDDEN}/schemes.json", f"/wms/{HIDDEN}")


@pytest.mark.parametrize("form", ["json", "html"])
def test_a17_no_answer_repeats_a_token(site: GuardedSite, form: str) -> None:
    alice = site.tokens["alice"]
    seen = 0
    for path in (*_rest_paths(HIDDEN), *LISTS, f"/map/{HIDDEN}"):
        answer = site.get(f"{path}?f={form}&{BOX}&token={alice}", headers={"Accept": "text/html"})
        seen += answer.status_code == 200
        assert alice not in answer.text, path
        assert alice not in str(answer.headers), path
    assert seen > 40


@pytest.mark.parametrize("path", CARRYING)
def test_links_that_clients_take_as_they_are_carry_it(site: GuardedSite, path: str) -> None:
    alice = site.tokens["alice"]
    assert f"token={alice}" in site.get(f"{path}?token={alice}").text
    assert "token=" not in site.get(path, alice).text
    of_all = path.replace(HIDDEN, OPEN)
    assert alice not in site.get(f"{of_all}?token={alice}").text


def test_the_link_of_an_export_opens_without_a_token_and_with_one(site: GuardedSite) -> None:
    asked = f"{REST}/{HIDDEN}/ImageServer/exportImage?f=json&{BOX}"
    answer = site.get(asked, site.tokens["alice"])
    assert answer.headers["cache-control"].startswith("private")
    path = urlsplit(answer.json()["href"]).path
    for more in ("", f"?token={site.tokens['alice']}", "?token=nonsense"):
        picture = site.get(path + more)
        assert picture.status_code == 200
        assert picture.headers["cache-control"].startswith("private, max-age=")
    folder, _, name = path.rpartition("/")
    digest = name.removeprefix("_ags_").partition(".")[0]
    assert len(digest) == 32
    wrong = name.replace(digest, digest[:-1] + ("0" if digest[-1] != "0" else "1"))
    assert site.get(f"{folder}/{wrong}", site.tokens["alice"]).status_code == 404


def test_what_is_inside_is_for_insiders(site: GuardedSite) -> None:
    outside = {"X-Forwarded-For": "203.0.113.9"}
    for path in ("/metrics", "/health/details"):
        refused = {"": 401, "nonsense": 401, site.tokens["alice"]: 403, site.key: 403}
        for token, status in refused.items():
            answer = site.get(path, token, headers=outside)
            assert answer.status_code == status, path
            assert "concealed" not in answer.text
        assert site.get(path, site.watcher, headers=outside).status_code == 200
    for insider in (site.tokens["boss"], site.watcher):
        assert "swath_" in site.get("/metrics", insider, headers=outside).text
    assert site.get("/health/ready", headers=outside).json() == {"status": "ready"}
    assert len(site.get("/health/ready").json()) > 1
    assert site.get("/health/live", headers=outside).json() == {"status": "live"}


def test_a_key_of_a_machine_opens_what_is_hidden(site: GuardedSite) -> None:
    root = site.get(f"{REST}/{HIDDEN}/ImageServer?f=json", headers={"X-API-Key": site.key})
    assert root.json()["error"]["code"] == 403, "a key is a user of no group"
    assert site.get(f"/tiles/{OPEN}/0/0/0.png", headers={"X-API-Key": site.key}).status_code == 200
