"""The address of WMS without a service: which services offer it, and how they are named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import NotFound
from server.protocols.arcgis.pages import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from server.pages.account import Account
    from server.visitor import Visitor

_TEMPLATE = "wms.html"
_TOLD = 20


class ServiceNotNamed(NotFound):
    """WMS was asked without the name of a service; `names` are those that would have an answer."""

    def __init__(self, names: str) -> None:
        super().__init__(names)

    def __str__(self) -> str:
        known = self.fields[0] or "no service yet (wms = true in a definition)"
        return f"Service not found: name one, /wms/NAME. WMS is offered by {known}."


def list_services(visitor: Visitor, base: str, accept: str, account: Account) -> Response:
    """Return the page of the services that offer WMS.

    Parameters
    ----------
    base : str
        The server's public URL.
    accept : str
        The Accept header: browsers get the page.
    account
        Of the one who looks.

    Raises
    ------
    ServiceNotNamed
        Anybody else asked.
    """
    names = sorted(filter(partial(_offers, visitor), visitor.names()), key=str.casefold)
    if "text/html" not in accept:
        told = ", ".join(names[:_TOLD]) + (", …" if len(names) > _TOLD else "")
        raise ServiceNotNamed(told)
    values = {
        "title": "WMS",
        "base": base,
        "trail": [],
        "services": [(name, f"{base}/wms/{name}") for name in names],
    }
    answer = page(_TEMPLATE, values, account)
    answer.headers.add_vary_header("Accept")
    return answer


def _offers(visitor: Visitor, name: str) -> bool:
    service = visitor.find(name)
    return service is not None and service.summary.properties.wms
