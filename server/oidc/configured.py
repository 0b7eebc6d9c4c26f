"""The identity provider that the settings name, checked before the server starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jwt.algorithms import has_crypto

from config.environment import OIDC_SECRET
from engine.errors import ConfigError
from server.oidc.provider import Provider, is_safe_address

if TYPE_CHECKING:
    from config.settings import OidcSettings

_TABLE = "oidc"


def provider_of(settings: OidcSettings) -> Provider | None:
    """Return the provider; None where no issuer is set.

    Raises
    ------
    ConfigError
    """
    if not settings.issuer:
        return None
    if not is_safe_address(settings.issuer):
        why = f"{settings.issuer!r}: expected an https address (http on this machine alone)"
        raise ConfigError(_TABLE, "issuer", why)
    if not settings.client_id:
        raise ConfigError(_TABLE, "client_id", "is missing: the provider gave it to this server")
    if not has_crypto:
        raise ConfigError(_TABLE, "issuer", "needs the extra: pip install 'swath[oidc]'")
    return Provider(settings, _secret(settings))


def _secret(settings: OidcSettings) -> str:
    if not settings.client_secret_file:
        return os.environ.get(OIDC_SECRET, "")
    try:
        return Path(settings.client_secret_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        why = "cannot be read" if isinstance(err, OSError) else "is no text"
        raise ConfigError(settings.client_secret_file, "oidc.client_secret_file", why) from err
