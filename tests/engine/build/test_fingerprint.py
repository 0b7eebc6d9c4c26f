"""A fingerprint changes with each thing that goes into an item, and with nothing else."""

from __future__ import annotations

import msgspec

from engine.build.fingerprint import item_fingerprint
from engine.build.footprint_rule import FootprintRule
from engine.build.service_facts import ServiceFacts
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.summary import BandInfo

_FACTS = ServiceFacts(crs="EPSG:3857", pixel_type=PixelType.U8, bands=(BandInfo(name="a"),))
_AUTO = FootprintRule()


def test_each_input_changes_the_fingerprint() -> None:
    two_bands = (BandInfo(name="a"), BandInfo(name="b"))
    made = [
        item_fingerprint(_FACTS, _AUTO, ("r", "h")),
        item_fingerprint(msgspec.structs.replace(_FACTS, crs="EPSG:4326"), _AUTO, ("r", "h")),
        item_fingerprint(msgspec.structs.replace(_FACTS, bands=two_bands), _AUTO, ("r", "h")),
        item_fingerprint(
            msgspec.structs.replace(_FACTS, pixel_type=PixelType.S16), _AUTO, ("r", "h")
        ),
        item_fingerprint(_FACTS, FootprintRule(method="extent"), ("r", "h")),
        item_fingerprint(_FACTS, FootprintRule(shrink_px=1.0), ("r", "h")),
        item_fingerprint(_FACTS, _AUTO, ("rh", "")),
        item_fingerprint(_FACTS, _AUTO, ("", "rh")),
    ]
    assert len(set(made)) == len(made)


def test_what_other_items_change_leaves_the_fingerprint() -> None:
    grown = msgspec.structs.replace(_FACTS, extent=Extent(0, 0, 1, 1), overview_ps=4.0)
    assert item_fingerprint(grown, _AUTO, ("r", "h")) == item_fingerprint(_FACTS, _AUTO, ("r", "h"))
