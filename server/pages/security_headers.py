"""What browsers are told to refuse on pages of ours: scripts and frames of others, and to tell others of us.

Referrer-Policy keeps addresses, which may hold a token, from other sites; within this one they are seen by
nobody who has not seen them before.

References
----------
Content Security Policy Level 3; Referrer Policy; RFC 6797 (HSTS).
"""

from __future__ import annotations

# Leaflet keeps one transparent pixel as a data: image for tiles it gives up.
MAP_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
# No scripts at all.
DIRECTORY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
# Where passwords are typed: in no frame, not even of ours.
FORM_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Of this host alone; what else runs below its name is not ours to decide.
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


def page_headers(policy: str) -> dict[str, str]:
    """Return the headers of a page.

    Parameters
    ----------
    policy
        One of those above.
    """
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
