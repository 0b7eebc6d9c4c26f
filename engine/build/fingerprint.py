"""Tell whether an item must be built again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.build.footprint_rule import text_of_rule

if TYPE_CHECKING:
    from engine.build.footprint_rule import FootprintRule
    from engine.build.service_facts import ServiceFacts

BUILD_VERSION = 1


def item_fingerprint(facts: ServiceFacts, rule: FootprintRule, texts: tuple[str, str]) -> str:
    """Return the fingerprint of all that goes into an item: equal ones need no building."""
    parts = (
        str(BUILD_VERSION),
        facts.crs,
        str(len(facts.bands)),
        facts.pixel_type.value,
        text_of_rule(rule),
        # Where a number stood once: definitions of today need not be built again.
        "0.0",
        *texts,
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
