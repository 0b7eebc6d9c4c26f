"""Tell whether an item must be built again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.build.item_build import FootprintMode
    from engine.build.service_facts import ServiceFacts

BUILD_VERSION = 1


def item_fingerprint(
    facts: ServiceFacts, mode: FootprintMode, shrink_px: float, texts: tuple[str, str]
) -> str:
    """Return the fingerprint of all that goes into an item: equal ones need no building."""
    parts = (
        str(BUILD_VERSION),
        facts.crs,
        str(len(facts.bands)),
        facts.pixel_type.value,
        mode,
        repr(shrink_px),
        *texts,
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
