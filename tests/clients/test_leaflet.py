"""Leaflet draws plain tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom


@pytest.mark.drives("leaflet", "XYZ tiles")
@pytest.mark.parametrize(("where", "level"), [("[-8, 24], 5", 5), ("[-8, 12], 4", 4)])
def test_tile_layer_draws(
    client_page: Callable[[str], Page],
    server: RunningServer,
    engine: EngineRoom,
    where: str,
    level: int,
) -> None:
    leaflet = client_page("leaflet")
    tiles = f"{server.base}/tiles/{MARBLE}/{{z}}/{{x}}/{{y}}.png"
    box = leaflet.evaluate(f"client.show(L.tileLayer('{tiles}'), {where})")
    assert_alike(leaflet.picture("#map"), engine.tiles(MARBLE, level, box), mean=0.5)
