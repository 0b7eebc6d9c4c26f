"""A server with a mosaic that is offered as WMS and a raster that is not, and questions to the first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from config.definition import ServiceProperties
from engine.function_rules import StretchRule
from engine.request_parts import RenderingRule
from engine.summary import FunctionTemplate, ServiceSummary
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.operations.base import Question
from server.protocols.wms.versions import version_of
from server.site.publishing import Publisher
from tests.server.protocols.arcgis.conftest import HILLS, _compile_mosaic, mosaic, server_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["mosaic", "server_url"]

# Bright pixels of the hills become white, all others black.
HIGH = FunctionTemplate(
    name="High <&>",
    description="What is above 100",
    source='{"rasterFunction":"Stretch","rasterFunctionArguments":'
    '{"StretchType":5,"Statistics":[[100,101,100,1]]}}',
    rule=RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((100.0, 101.0, 100.0, 1.0),)),
    ),
)
PROPERTIES = ServiceProperties(
    title="Hills <b>&", description="Rolling", copyright="© us", wms=True
)


def change_summary(zmd: Path, **changes: Any) -> None:
    """Write a compiled definition anew with another head."""
    with closing(sqlite3.connect(zmd)) as file, file:
        (kept,) = file.execute("SELECT value FROM meta WHERE key = 'summary'").fetchone()
        summary = msgspec.msgpack.decode(kept, type=ServiceSummary)
        changed = msgspec.msgpack.encode(msgspec.structs.replace(summary, **changes))
        file.execute("UPDATE meta SET value = ? WHERE key = 'summary'", (changed,))


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with demo/hills, offered as WMS, `plain`, which is not, and `numbers` without images."""
    folder = tmp_path_factory.mktemp("wms")
    publisher = Publisher(folder / "data")
    compiled = _compile_mosaic(folder)
    change_summary(compiled, properties=PROPERTIES, templates=(HIGH,))
    publisher.publish(compiled, HILLS)
    publisher.publish(folder / "a.zmd", "plain")
    numbers = ServiceProperties(wms=True, capabilities=("Metadata",))
    change_summary(folder / "b.zmd", properties=numbers)
    publisher.publish(folder / "b.zmd", "numbers")
    return folder / "data"


@pytest.fixture
def web(server_url: str) -> Iterator[httpx.Client]:
    """A client of the server's root."""
    with httpx.Client(base_url=server_url, timeout=60) as made:
        yield made


@pytest.fixture
def ask(mosaic: ServiceSummary) -> Callable[..., Question]:
    """A function from parameters (and `summary`) to a question about demo/hills."""
    offered = msgspec.structs.replace(mosaic, properties=PROPERTIES, templates=(HIGH,))

    def make(summary: ServiceSummary = offered, **given: str) -> Question:
        parameters = Parameters.from_mapping(given)
        return Question(
            version=version_of(parameters),
            service=HILLS,
            sequence="0123abcd" * 4,
            url="http://host/wms/demo/hills",
            summary=summary,
            parameters=parameters,
        )

    return make
