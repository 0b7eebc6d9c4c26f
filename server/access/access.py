"""The one door to accounts and permissions: who calls, what may they see, who signs in.

The site file is read as a whole when it has changed, and looked at twice a second and before new services
appear. Whoever changes it in this process calls `poll` after, and it counts at once.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import ConfigError, ServiceNotFound, SignInFailed, TokenRequired
from server.access.binding import ANYWHERE, Binding
from server.access.caller import ANONYMOUS, Caller
from server.access.names import folder_of
from server.access.password_thread import PasswordThread
from server.access.passwords import MAX_LENGTH
from server.access.permission import PRIVATE, PUBLIC, SIGNED_IN
from server.access.records import closed_records
from server.access.site import Site
from server.access.site_follower import SiteFollower
from server.access.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from config.settings import AccessSettings
    from server.access.permission import Permission
    from server.access.records import AccessRecords, Account

_log = logging.getLogger("swath.access.accounts")

_DEFAULTS = {"public": PUBLIC, "signed-in": SIGNED_IN, "private": PRIVATE}


class IssuedToken(NamedTuple):
    """A token for a user, and when it ends (seconds since 1970)."""

    token: str
    ends_at: int


class Access:
    """Who may see what, in one front process.

    Parameters
    ----------
    data
        The data folder.
    is_published
        Tells whether a started service has this full name.

    Attributes
    ----------
    site : Site
        What changes the accounts, with `Users`, `ApiKeys`, `Sharing` and `SigningKeys`.
    sign_ins_failed : int
        Wrong names and passwords so far.
    """

    def __init__(
        self, data: Path, settings: AccessSettings, is_published: Callable[[str], bool]
    ) -> None:
        self.site = Site(data)
        self._settings = settings
        self._is_published = is_published
        self._records = closed_records()
        self._permissions = self._records.permissions
        self._follower = SiteFollower(self.site, _DEFAULTS[settings.new_services])
        self._polling = threading.Lock()
        self._has_lamented = False
        self.sign_ins_failed = 0
        self._throttle = Throttle()
        self._passwords = PasswordThread()

    def open(self) -> None:
        """Make the site file where there is none and read it; until then nobody sees anything.

        Raises
        ------
        ConfigError
            It cannot be used. A server that cannot read who may see what does not start.
        """
        try:
            self.site.create()
        except ConfigError:
            if self.site.path.exists():
                raise
            # Nobody can have said anything about access: there is no file, and none can be made.
            _log.warning("no accounts: %s cannot be made", self.site.path)
            self._use(self._follower.without_file())
            return
        self.poll()

    def poll(self) -> bool:
        """Take up what has changed in the site file; costs microseconds when nothing has.

        Raises
        ------
        ConfigError
            It cannot be read; what was known goes on.
        """
        with self._polling:
            records = self._follower.changed()
            if records is None:
                return False
            self._use(records)
            return True

    def follow(self, settings: AccessSettings) -> None:
        """Let these settings hold from now on; what nothing was said of is seen by whom they say.

        Raises
        ------
        ConfigError
            The site file cannot be read; what was known goes on.
        """
        self._settings = settings
        with self._polling:
            records = self._follower.follow(_DEFAULTS[settings.new_services])
            if records is not None:
                self._use(records)

    def close(self) -> None:
        """Let go of the file and the thread."""
        self._passwords.close()
        self._follower.close()

    # Callers.

    def caller(self, credential: str | None, referer: str = "", address: str = "") -> Caller:
        """Return who shows a credential; None = nobody.

        Parameters
        ----------
        referer, address
            Of the request: a token may be bound to them.

        Raises
        ------
        InvalidToken
        """
        if not credential:
            return ANONYMOUS
        return self._records.caller(credential, referer, address)

    @property
    def has_accounts(self) -> bool:
        """Whether anybody could sign in."""
        return bool(self._records.accounts)

    @property
    def has_administrator(self) -> bool:
        """Whether a user is administrator."""
        return any(account.caller.is_administrator for account in self._records.accounts.values())

    # Services.

    def is_public(self, service_name: str) -> bool:
        """Tell whether everybody may see a service; one look-up in a dict."""
        return self._permissions[service_name].level == "public"

    @property
    def hides_folders(self) -> bool:
        """Whether some folder, or a service in one, is not for everybody."""
        return self._permissions.hides_folders

    def shared_with(self, service_name: str) -> Permission:
        """Return who may see a service."""
        return self._permissions[service_name]

    def may_see(self, caller: Caller, service_name: str) -> bool:
        """Tell whether a caller may see a service."""
        return self._permissions[service_name].admits(caller, service_name)

    def visible(self, caller: Caller, service_names: Iterable[str]) -> list[str]:
        """Return those of some services that a caller may see, in their order."""
        permissions = self._permissions
        return [name for name in service_names if permissions[name].admits(caller, name)]

    def check(self, caller: Caller, service_name: str) -> None:
        """Let pass who may see a service that is there.

        Who has shown nothing is asked for a token wherever there may be something to see; who has
        shown a token hears the same of a service that is hidden and of one that is not there.

        Raises
        ------
        TokenRequired, ServiceNotFound
        """
        permissions = self._permissions
        is_seen = permissions[service_name].admits(caller, service_name)
        if is_seen and self._is_published(service_name):
            return
        if caller.is_anonymous and (not is_seen or permissions.hides_some(folder_of(service_name))):
            raise TokenRequired
        raise ServiceNotFound(service_name)

    # Signing in.

    def lament_plain_http(self, address: str) -> None:
        """Log that a password came in a form that others can read; once."""
        if not self._has_lamented:
            self._has_lamented = True
            _log.warning(
                "a password came over plain http from %s: put https before this server, name the proxy in"
                " trusted_proxies, let it send X-Forwarded-Proto, and set access.require_https",
                address,
            )

    async def sign_in(self, name: str, password: str, address: str) -> Account:
        """Return the account of a name and password.

        Takes equally long whether or not there is such a user.

        Raises
        ------
        SignInFailed, TooManyAttempts
        """
        user = name.strip().lower()[:MAX_LENGTH]
        self._throttle.begin(user, address)
        account = self._records.accounts.get(user)
        kept = account.password if account is not None else None
        is_right = await self._passwords.is_right(kept, password[: MAX_LENGTH + 1])
        if account is None or not is_right:
            _log.info("sign-in failed from %s", address or "an unknown address")
            self.sign_ins_failed += 1
            raise SignInFailed
        self._throttle.succeeded(user, address)
        return account

    def token(
        self, account: Account, binding: Binding = ANYWHERE, minutes: int | None = None
    ) -> IssuedToken:
        """Return a token for who has signed in.

        Parameters
        ----------
        minutes
            Until it ends; at most `longest_token_minutes`. None = `token_minutes`.
        """
        settings = self._settings
        wanted = settings.token_minutes if minutes is None else minutes
        ends_at = int(time.time()) + 60 * min(wanted, settings.longest_token_minutes)
        return IssuedToken(self._records.token(account, binding, ends_at), ends_at)

    def _use(self, records: AccessRecords) -> None:
        self._permissions, self._records = records.permissions, records
