"""Names by Prometheus' conventions."""

import re

from server.metrics.names import METRICS

_UNITS = ("seconds", "bytes")
_OTHER_UNITS = re.compile(r"(_ms|_mb|_kb|_milliseconds|_minutes)(_|$)")


def test_names_are_as_prometheus_wants_them():
    for name, info in METRICS.items():
        assert re.fullmatch(r"swath_[a-z]+(_[a-z]+)*", name), name
        assert not _OTHER_UNITS.search(name), name
        assert name.endswith("_total") == (info.kind == "counter"), name
        if info.kind == "histogram":
            assert name.endswith(_UNITS), name


def test_every_help_is_a_sentence():
    for name, info in METRICS.items():
        assert info.help.endswith("."), name
        assert "\n" not in info.help, name
        assert info.help[0].isupper(), name
