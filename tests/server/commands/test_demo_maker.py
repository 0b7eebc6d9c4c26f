"""What goes wrong beside the server is said in the server's terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import ConfigError
from server.commands.demo_maker import DemoMaker

if TYPE_CHECKING:
    from pathlib import Path


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("a file stands where the data folder should be")
    with DemoMaker(file) as maker, pytest.raises(ConfigError, match="data"):
        maker.wait_for_first()


def test_process_that_ends_too_early_is_an_error(tmp_path: Path) -> None:
    with DemoMaker(tmp_path) as maker:
        maker._process.kill()
        with pytest.raises(ConfigError, match="ended before it was done"):
            maker.wait_for_first()
