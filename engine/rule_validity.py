"""Whether a service can do what a mosaic rule and a rendering rule say, found out without pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.catalog_results import ValidateResult
from engine.errors import NotFound, RequestError
from engine.extent import Extent
from engine.item_rule import service_under
from engine.plan import plan
from engine.request import DescribeRequest, ImageRequest, ValidateRequest
from engine.request_parts import Encoding, View
from engine.rule_description import describe_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.render_work import Work
    from engine.request_parts import RenderingRule
    from engine.service import ImageService
    from engine.summary import ServiceSummary

# A picture of so few pixels in the middle is planned, none is made.
_SIDE = 16


def validate(request: ValidateRequest, work: Work) -> ValidateResult:
    """Return what is wrong with the rules, each on its own."""
    problems = list(request.problems)
    checks: list[Callable[[], object]] = []
    if request.mosaic is not None:
        image = ImageRequest(
            view=_middle(work.service.summary),
            encoding=Encoding(format="png"),
            mosaic=request.mosaic,
        )
        item_rule = request.mosaic.item_rule
        checks.append(lambda: plan(_shown(item_rule, work), image))
    if request.rendering is not None:
        described = DescribeRequest(rendering=request.rendering)
        checks.append(lambda: describe_rule(described, work))
    for check in checks:
        try:
            check()
        except (RequestError, NotFound) as err:
            problems.append(str(err))
    return ValidateResult(problems=tuple(dict.fromkeys(problems)))


def _shown(item_rule: RenderingRule | None, work: Work) -> ImageService:
    if item_rule is None:
        return work.service
    return service_under(work.service, item_rule, work.budget)


def _middle(summary: ServiceSummary) -> View:
    x, y = summary.extent.center_x, summary.extent.center_y
    across, up = summary.pixel_size_x * _SIDE / 2, summary.pixel_size_y * _SIDE / 2
    box = Extent(x - across, y - up, x + across, y + up)
    return View(extent=box, width=_SIDE, height=_SIDE)
