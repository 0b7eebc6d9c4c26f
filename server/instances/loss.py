"""What becomes of the requests that an instance had when it was lost.

Only what it was working on (or sending) is suspected of its death: that is tried once more, with no other
request at its instance. What stood behind it goes to the next instance as if nothing had been.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from engine.errors import InstanceLost, Quarantined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.instances.control_page import ControlPage
    from server.instances.flight import Flight
    from server.instances.quarantine import Quarantine

_log = logging.getLogger("swath.pool")

_MAX_ATTEMPTS = 2


def after_loss(
    flights: Sequence[Flight], page: ControlPage, quarantine: Quarantine
) -> list[Flight]:
    """Return the flights that have another try, the unsuspected first; the others fail.

    Parameters
    ----------
    page
        Of the lost instance.
    """
    again: list[Flight] = []
    suspects: list[Flight] = []
    for flight in flights:
        (suspects if page.was_begun(flight.slot, flight.id) else again).append(flight)
    for flight in suspects:
        flight.attempts += 1
        flight.isolate()
        # Also if nobody waits any more: whoever asks next shall not lose another instance to it.
        reference = quarantine.blame(flight.head, flight.service)
        if reference:
            flight.fail(Quarantined(reference))
        elif flight.attempts >= _MAX_ATTEMPTS:
            reference = secrets.token_hex(4)
            _log.error("a request lost %d instances, reference %s", flight.attempts, reference)
            flight.fail(InstanceLost(reference))
        else:
            again.append(flight)
    return again
