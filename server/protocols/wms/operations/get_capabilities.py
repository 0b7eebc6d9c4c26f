"""GetCapabilities: what the service is, where it lies and what may be asked of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from server.protocols.wms.capabilities import capabilities
from server.protocols.wms.refusal import WmsRefusal

if TYPE_CHECKING:
    from server.protocols.wms.operations.base import Question

_SEQUENCE = re.compile(r"[0-9a-f]{8,128}", re.ASCII)


def describe(question: Question) -> tuple[str, bytes]:
    """Return the capabilities, unless the client has them.

    Raises
    ------
    WmsRefusal
        UPDATESEQUENCE is that of the capabilities in force, or none that there can be.
    """
    given = question.parameters.text("UPDATESEQUENCE")
    if given == question.sequence:
        why = "another one: these are the capabilities in force"
        raise WmsRefusal("CurrentUpdateSequence", "UPDATESEQUENCE", given, why)
    # Versions are hashes and have no order: any other may be an older one.
    if given and not _SEQUENCE.fullmatch(given):
        why = "that of capabilities of this service"
        raise WmsRefusal("InvalidUpdateSequence", "UPDATESEQUENCE", given, why)
    return capabilities(question)
