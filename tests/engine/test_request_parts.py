"""Parts of requests say only what was stated."""

from __future__ import annotations

import msgspec

from engine.request_parts import Encoding, MosaicRule, RenderingRule, TileAddress, View


def test_a_part_that_states_nothing_is_empty_on_the_wire() -> None:
    assert msgspec.json.encode(MosaicRule()) == b"{}"
    assert msgspec.json.encode(View(tile=TileAddress(level=1, row=0, col=1))) == (
        b'{"tile":{"level":1,"row":0,"col":1}}'
    )


def test_a_rule_of_rules_survives_a_process_border() -> None:
    rule = RenderingRule(function="Slope", inputs=(RenderingRule(function="Hillshade"),))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(rule), type=RenderingRule) == rule
    assert hash(rule) == hash(msgspec.structs.replace(rule))


def test_encodings_are_frozen_records_of_names_and_numbers() -> None:
    assert Encoding(format="png") == Encoding(format="png", quality=None)
