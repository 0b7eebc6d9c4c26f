"""What forms hold at first, and what they keep of what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import TileOutsideLimits
from server.protocols.arcgis.form_starts import form_fields, form_values, is_sent
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.operations.tile import tile_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question


def test_a_form_begins_in_the_middle_of_the_service(ask: Callable[..., Question]) -> None:
    assert form_values(OPERATIONS["identify"].INFO, ask({}))["geometry"] == "505000,5504000"
    box = form_values(OPERATIONS["exportImage"].INFO, ask({}))["bbox"]
    assert box == "500000,5500000,510000,5508000"


def test_a_form_that_was_sent_keeps_its_blanks(ask: Callable[..., Question]) -> None:
    info = OPERATIONS["identify"].INFO
    sent = ask({"geometry": "", "pixelSize": "5,5"})
    assert is_sent(info, sent)
    values = form_values(info, sent)
    assert (values["geometry"], values["pixelSize"]) == ("", "5,5")
    assert not is_sent(info, ask({"f": "html", "token": "x"}))


def test_arguments_of_the_path_are_inputs_that_name_a_tile_there_is(
    ask: Callable[..., Question], mosaic: ServiceSummary, raster: ServiceSummary
) -> None:
    info = OPERATIONS["tile"].INFO
    assert [field.name for field in form_fields(info)][:3] == ["level", "row", "col"]
    for summary in (mosaic, raster):
        values = form_values(info, ask({}, summary=summary))
        try:
            tile_address(values["level"], values["row"], values["col"], summary)
        except TileOutsideLimits as error:
            raise AssertionError(values) from error
        assert int(values["level"]) > 5


def test_a_query_begins_with_all_rows(ask: Callable[..., Question]) -> None:
    values = form_values(OPERATIONS["query"].INFO, ask({}))
    assert (values["where"], values["geometry"], values["outFields"]) == ("1=1", "", "*")
