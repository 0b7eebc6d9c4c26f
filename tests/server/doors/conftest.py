"""A live server with services that not everybody may see, and people who may."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from config.definition import ServiceProperties
from config.settings import AccessSettings
from engine.build.compile_raster import compile_raster
from server.access.access import Access
from server.access.api_keys import ApiKeys
from server.access.sharing import Sharing
from server.access.users import Users
from server.site.publishing import Publisher
from tests.server.conftest import write_picture
from tests.server.protocols.wms.conftest import change_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.conftest import LiveServer

OPEN = "test/picture"
# Alice may see it; beside it in its folder stands one that everybody may see.
HIDDEN = "vault/concealed"
BESIDE = "vault/picture"
# A folder in which nobody sees anything who has not signed in.
ONLY = "secretfolder/unseen"
PRIVATE = (HIDDEN, ONLY)
# What must not be read anywhere: names, the folder that holds nothing else, the title.
TELLING = ("concealed", "secretfolder", "unseen", "Telltale")
PASSWORDS = {
    "alice": "correct-staple-of-alice",
    "bob": "correct-staple-of-bob",
    "boss": "correct-staple-of-boss",
}


@dataclass
class GuardedSite:
    """The server, and tokens of its users."""

    server: LiveServer
    client: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)
    key: str = ""
    watcher: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.url

    def get(self, path: str, token: str = "", **more: object) -> httpx.Response:
        """GET with a token in a header; redirects are not followed."""
        return self.ask("GET", path, token, **more)

    def ask(self, method: str, path: str, token: str = "", **more: object) -> httpx.Response:
        """Ask with a token in a header; redirects are not followed, cookies not kept."""
        self.client.cookies.clear()
        headers = dict(more.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.request(method, self.url + path, headers=headers, **more)


def publish_guarded(folder: Path) -> Path:
    """Publish the services, add the people and say who may see what; return the data folder."""
    data = folder / "data"
    publisher = Publisher(data)
    write_picture(folder / "picture.tif")
    compile_raster(folder / "picture.tif", folder / "open.zmd")
    compile_raster(folder / "picture.tif", folder / "private.zmd")
    change_summary(
        folder / "private.zmd",
        properties=ServiceProperties(
            title="Telltale title",
            wms=True,
            cache_max_age_s=3600,
            capabilities=("Image", "Metadata", "Catalog", "Mensuration", "Download"),
        ),
    )
    with closing(Access(data, AccessSettings(), lambda _: True)) as access:
        access.open()
        users, sharing = Users(access.site), Sharing(access.site)
        for name, password in PASSWORDS.items():
            users.add(name, password, "administrator" if name == "boss" else "user")
        for name in PRIVATE:
            sharing.share(name, "named", ["alice"])
    for name in (OPEN, BESIDE):
        publisher.publish(folder / "open.zmd", name)
    for name in PRIVATE:
        publisher.publish(folder / "private.zmd", name)
    return data


def tokens_of(data: Path) -> dict[str, str]:
    """Return a token of each user."""
    with closing(Access(data, AccessSettings(), lambda _: True)) as access:
        access.open()

        async def all_tokens() -> dict[str, str]:
            signed_in = {n: await access.sign_in(n, p, "") for n, p in PASSWORDS.items()}
            return {n: access.token(account).token for n, account in signed_in.items()}

        return asyncio.run(all_tokens())


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, serve) -> Iterator[GuardedSite]:
    """The server; tests change nothing of it."""
    data = publish_guarded(tmp_path_factory.mktemp("guarded"))
    with closing(Access(data, AccessSettings(), lambda _: True)) as access:
        access.open()
        key = ApiKeys(access.site).create("scraper")
        watcher = ApiKeys(access.site).create("watcher", "publisher")
    with serve(data, SWATH_INSTANCES="1") as server, httpx.Client(timeout=60) as client:
        yield GuardedSite(server, client, tokens_of(data), key, watcher)
