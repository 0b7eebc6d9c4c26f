"""Orders to running servers through the data folder."""

import os
import threading
import time

import pytest

from engine.errors import ConfigError
from server.answers.cache_orders import CacheOrder, CacheOrders, CacheReport


def report(pid, **fields):
    numbers = {"memory_max_bytes": 1, "disk_max_bytes": 0, "hits": 0, "misses": 0}
    numbers |= {"disk_hits": 0, "disk_misses": 0, "stale": 0, "services": ()}
    return CacheReport(pid=pid, **numbers, **fields)


class Server(threading.Thread):
    """Follows orders as a server does."""

    def __init__(self, data, pid):
        super().__init__()
        self.orders, self.pid = CacheOrders(data), pid
        self.followed, self.stop = [], threading.Event()

    def run(self):
        while not self.stop.wait(0.05):
            for name, order in self.orders.new():
                self.followed.append(order)
                self.orders.tell(
                    name, report(self.pid, cleared=(1, 2), disk_trouble="voll: größer")
                )


def test_each_server_follows_once_and_nothing_is_left_behind(tmp_path):
    servers = [Server(tmp_path, 11), Server(tmp_path, 12)]
    for server in servers:
        server.start()
    try:
        order = CacheOrder(what="clear", service="a/b")
        found = CacheOrders(tmp_path).give(order, 10)
        assert [each.pid for each in found] == [11, 12]
        assert found[0].cleared == (1, 2)
        assert [server.followed for server in servers] == [[order], [order]]
        assert list((tmp_path / ".cache-orders").iterdir()) == []
    finally:
        for server in servers:
            server.stop.set()
            server.join()


def test_a_server_that_says_nothing_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"said nothing for 0\.1 s"):
        CacheOrders(tmp_path).give(CacheOrder(what="show"), 0.1)
    assert list((tmp_path / ".cache-orders").iterdir()) == []


def test_what_is_no_order_is_passed_over_and_old_ones_go(tmp_path):
    orders = CacheOrders(tmp_path)
    assert orders.new() == []
    folder = tmp_path / ".cache-orders"
    folder.mkdir()
    (folder / "strange").write_text("not json")
    (folder / "old").write_text('{"what": "clear"}')
    os.utime(folder / "old", (time.time() - 3600,) * 2)
    (folder / "good").write_text('{"what": "show"}')
    assert orders.new() == [("good", CacheOrder(what="show"))]
    assert orders.new() == []
    assert not (folder / "old").exists()
