"""Services that an instance has open: by least use, and not longer than they are asked for."""

import shutil
import time

import pytest

from engine.budget import InstanceMemory
from server.instances import open_services
from server.instances.open_services import OpenServices

IDLE_S = 1800.0


@pytest.fixture
def copies(tmp_path, compiled_picture):
    paths = [str(tmp_path / f"{number}.zmd") for number in range(3)]
    for path in paths:
        shutil.copy(compiled_picture, path)
    return paths


def test_the_least_used_service_is_closed(copies):
    services = OpenServices(InstanceMemory(), 2)
    opened = []
    for path in [copies[0], copies[1], copies[0], copies[2], copies[0]]:
        with services.use(path) as service:
            opened.append(service)
    assert len(services) == 2
    assert opened[0] is opened[2] is opened[4]
    with services.use(copies[1]) as service:
        assert service is not opened[1]


def test_a_service_in_use_is_closed_after_its_last_user(copies):
    services = OpenServices(InstanceMemory(), 1)
    with services.use(copies[0]) as service:
        with services.use(copies[1]):
            pass
        assert service.catalog.items_by_id([1])
    assert len(services) == 1


def test_services_that_nobody_asked_for_are_closed_and_opened_again(copies):
    services = OpenServices(InstanceMemory(), 3)
    with services.use(copies[0]) as first:
        pass
    now = time.monotonic()
    with services.use(copies[1]):
        pass
    assert services.close_idle(now + IDLE_S - 1) == 0
    assert services.close_idle(now + IDLE_S) == 1
    assert len(services) == 1
    with services.use(copies[0]) as again:
        assert again is not first
        assert again.catalog.items_by_id([1])


def test_a_service_in_use_is_never_idle(copies):
    services = OpenServices(InstanceMemory(), 3)
    with services.use(copies[0]) as service:
        assert services.close_idle(time.monotonic() + 10 * IDLE_S) == 0
        assert service.catalog.items_by_id([1])


def test_idle_services_are_closed_without_being_told(copies, monkeypatch):
    monkeypatch.setattr(open_services, "_LOOK_S", 0.01)
    services = OpenServices(InstanceMemory(), 3)
    with services.use(copies[0]) as service:
        idle = service.summary.properties
        monkeypatch.setattr(type(idle), "idle_timeout_s", 0.05)
    services.watch()
    ends = time.monotonic() + 10
    while len(services):
        assert time.monotonic() < ends
        time.sleep(0.01)
