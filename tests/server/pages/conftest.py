"""The server's state without a server: nobody has an account, and everybody may see everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.settings import Settings
from server.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ServerState]:
    """Of an empty data folder; tests put in the services that they show."""
    state = ServerState(Settings(data=str(tmp_path)))
    state.access.open()
    yield state
    state.access.close()
