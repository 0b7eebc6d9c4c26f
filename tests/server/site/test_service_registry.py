"""Which versions a service came after."""

import time

from server.site.publishing import Publisher
from server.site.service_registry import ServiceRegistry
from tests.server.answers.colours import publish_colour


def before(registry):
    registry.poll()
    return [each.version for each in registry.get("colour").before]


def test_versions_that_were_seen_to_serve_come_latest_first(tmp_path):
    data = tmp_path / "data"
    one = publish_colour(data, tmp_path, 10)
    registry = ServiceRegistry(data)
    assert before(registry) == []
    two = publish_colour(data, tmp_path, 20)
    assert before(registry) == [one]
    publish_colour(data, tmp_path, 30)
    assert before(registry) == [two, one]
    ends = [each.ended for each in registry.get("colour").before]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] <= time.monotonic()
    # What was taken back was so for a reason.
    Publisher(data).rollback("colour")
    assert before(registry) == []
    # A server that starts now knows the same.
    assert before(ServiceRegistry(data)) == []
    four = publish_colour(data, tmp_path, 40)
    assert before(registry) == [two]
    started = ServiceRegistry(data)
    assert before(started) == [two]
    assert started.get("colour").before[0].ended <= time.monotonic()
    assert started.get("colour").version == four


def test_a_deleted_service_is_nobodys_predecessor(tmp_path):
    data = tmp_path / "data"
    publish_colour(data, tmp_path, 10)
    registry = ServiceRegistry(data)
    registry.poll()
    Publisher(data).delete("colour")
    publish_colour(data, tmp_path, 20)
    assert before(registry) == []
