"""Who sent a request, and what of this server exists for them: the door that every protocol goes through.

Rule: protocols and pages ask a visitor for services and their names, never the registry or the state
(`tests/server/test_doors.py` looks). What was shown is looked at only where it matters: for a service
that is not public, and for a list while some are not. So a token that nobody asked for does no harm.

What depends on who asks is marked in the scope (`PRIVATE`), and `server.http.edge` lets no cache share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ConfigError, Forbidden, InvalidToken, ServiceNotFound, TokenRequired
from server.access.caller import ANONYMOUS
from server.access.credentials import SESSION_COOKIE, find_credential
from server.access.names import folder_of
from server.http.cookies import cookie_of

if TYPE_CHECKING:
    from starlette.types import Scope

    from server.access.caller import Caller
    from server.site.service_registry import PublishedService
    from server.state import ServerState

# Keys of a request's scope.
PRIVATE = "swath.private"
_VISITOR = "swath.visitor"
_NO_RIGHT = "access this resource or perform this operation"


class Visitor:
    """One request's sender.

    Parameters
    ----------
    scope
        Of the request.
    sent : str
        A token that came in the body of a form; it counts before all others.
    takes_cookies
        False where a page of another site may read the answer (JSONP): it would be the browser's
        owner that asks, not that page.
    """

    def __init__(
        self, state: ServerState, scope: Scope, sent: str = "", *, takes_cookies: bool = True
    ) -> None:
        self._state = state
        self._scope = scope
        self._sent = sent
        self._takes_cookies = takes_cookies
        self._caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Who it is.

        Raises
        ------
        InvalidToken
            A token or key was shown that is none. A cookie that has ended is nobody's fault: nobody.
        """
        if self._caller is None:
            self._scope[PRIVATE] = True
            self._caller = self._look()
        return self._caller

    def carried(self, name: str) -> str:
        """Return the token that links to a service have to carry: as its client sent it in the address.

        Of a service that everybody may see none does; clients that send headers or cookies do so again.
        """
        if self._state.access.is_public(name):
            return ""
        found = find_credential((), self._scope["query_string"])
        return found.text if found is not None else ""

    @property
    def session(self) -> str:
        """Name of the browser's session, "" where there is none."""
        name = cookie_of(self._scope["headers"], SESSION_COOKIE)
        return name if name and self._state.sessions.get(name) is not None else ""

    @property
    def client(self) -> str:
        """Whom to be fair to: the name of a known caller, else the address; "" = unknown."""
        if self._caller is not None and not self._caller.is_anonymous:
            return self._caller.name
        return self._state.address.client(self._scope)

    def service(self, name: str) -> PublishedService:
        """Return a started service that the visitor may see.

        Raises
        ------
        ServiceNotFound
            There is none, and nothing is hidden where it would be.
        InvalidToken, TokenRequired, Forbidden
        ConfigError
            It is published, but no version of it can be read.
        """
        found = self._state.registry.get(name)
        access = self._state.access
        if found is not None and access.is_public(name):
            return found
        problem = None if found is not None else self._state.registry.problems.get(name)
        if problem is not None and self._may_see(name):
            raise ConfigError(name, "", problem)
        if found is None or not access.may_see(self.caller, name):
            self._refuse(name)
            raise ServiceNotFound(name)
        return found

    def folder(self, folder: str) -> list[str]:
        """Return the full names of the services of a folder that the visitor may see.

        Raises
        ------
        InvalidToken, TokenRequired, Forbidden
            There is none, but others may see some.
        """
        found = [name for name in self.names() if name.startswith(folder + "/")]
        if not found:
            self._refuse(f"{folder}/")
        return found

    def find(self, name: str) -> PublishedService | None:
        """Return a started service, or None where the visitor may see none."""
        try:
            return self.service(name)
        except (ServiceNotFound, TokenRequired, Forbidden, ConfigError):
            return None

    def names(self) -> list[str]:
        """Return the full names of all started services that the visitor may see."""
        return [name for name in self._state.registry.names() if self._may_see(name)]

    def _refuse(self, name: str) -> None:
        """Say of what is hidden and of what is not there the same, wherever something may be hidden."""
        if self._is_nothing_hidden_at(name):
            return
        if self.caller.is_anonymous:
            raise TokenRequired
        if not self.caller.sees_all:
            raise Forbidden(_NO_RIGHT)

    def _is_nothing_hidden_at(self, name: str) -> bool:
        access, folder = self._state.access, folder_of(name)
        try:
            access.check(ANONYMOUS, name)
        except TokenRequired:
            return False
        except ServiceNotFound:
            # A folder that nobody knows may be one that is hidden, where some are.
            is_known = folder == "/" or not access.hides_folders
            return is_known or any(each.startswith(folder) for each in self._state.registry.names())
        return True

    def _may_see(self, name: str) -> bool:
        access = self._state.access
        return access.is_public(name) or access.may_see(self.caller, name)

    def _look(self) -> Caller:
        if self._sent:
            return self._holder(self._sent)
        found = find_credential(self._scope["headers"], self._scope["query_string"])
        if found is None:
            return ANONYMOUS
        if found.place != "cookie":
            return self._holder(found.text)
        if not self._takes_cookies:
            return ANONYMOUS
        try:
            return self._holder_of_cookie(found.text)
        except InvalidToken:
            return ANONYMOUS

    def _holder_of_cookie(self, text: str) -> Caller:
        session = self._state.sessions.get(cookie_of(self._scope["headers"], SESSION_COOKIE))
        if session is None:
            return self._holder(text)
        return session.caller or self._holder(session.token)

    def _holder(self, text: str) -> Caller:
        headers = self._scope["headers"]
        referer = next((value for name, value in headers if name == b"referer"), b"")
        address = self._state.address.client(self._scope)
        return self._state.access.caller(text, referer.decode("latin-1"), address)


def visitor_of(
    state: ServerState, scope: Scope, sent: str = "", *, takes_cookies: bool = True
) -> Visitor:
    """Return the sender of a request, the same each time it is asked for."""
    visitor: Visitor | None = scope.get(_VISITOR)
    if visitor is None:
        visitor = Visitor(state, scope, sent, takes_cookies=takes_cookies)
        scope[_VISITOR] = visitor
    return visitor
