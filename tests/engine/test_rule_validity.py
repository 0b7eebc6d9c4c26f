"""Whether rules can be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.definition import MosaicMethod
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.catalog_results import ValidateResult
from engine.extent import Extent
from engine.function_rules import ExtractBandRule
from engine.request import ValidateRequest
from engine.request_parts import MosaicRule, RenderingRule
from engine.service import open_service
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.service import ImageService

# A service has one band.
_BAND = {1: RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=(0,)))}
_BAND[9] = RenderingRule(
    function="ExtractBand", arguments=ExtractBandRule(band_ids=(8,), missing_band_action=1)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageService]:
    path = tmp_path_factory.mktemp("validity") / "v.zmd"
    row = make_row(make_item(1, Extent(0, 0, 1000, 1000), scale_service=(0.01, 0.01)))
    make_catalog(path, [row]).close()
    opened = open_service(str(path), InstanceMemory())
    yield opened
    opened.close()


def _problems(service: ImageService, **rules: object) -> tuple[str, ...]:
    record = answer(service, ValidateRequest(**rules), UNLIMITED).record  # type: ignore[arg-type]  # -- a shorthand
    assert isinstance(record, ValidateResult)
    return record.problems


def test_what_can_be_done_has_no_problem(service: ImageService) -> None:
    rule = MosaicRule(method=MosaicMethod.ATTRIBUTE, sort_field="AcqDate", where="Cloud < 1")
    assert _problems(service) == ()
    assert _problems(service, mosaic=rule, rendering=_BAND[1]) == ()


def test_each_rule_is_looked_at_on_its_own(service: ImageService) -> None:
    found = _problems(service, mosaic=MosaicRule(where="Nothing = 1"), rendering=_BAND[9])
    assert len(found) == 2
    assert "Nothing" in found[0]
    assert "9" in found[1] or "8" in found[1]


def test_a_field_that_is_not_there_is_found(service: ImageService) -> None:
    rule = MosaicRule(method=MosaicMethod.ATTRIBUTE, sort_field="Nothing")
    (problem,) = _problems(service, mosaic=rule)
    assert "Nothing" in problem


def test_what_was_wrong_before_stays_wrong(service: ImageService) -> None:
    assert _problems(service, problems=("no JSON",)) == ("no JSON",)
