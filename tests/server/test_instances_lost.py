"""Instances are killed and stopped under a live server: what clients see, and what is left behind (A26)."""

import os
import signal
import threading
import time

import httpx

from tests.server.server_processes import instances_of

_BOX = "&bbox=480000,5534760,490240,5545000&bboxSR=32633&imageSR=3857"
_PICTURE = "/arcgis/rest/services/test/picture/ImageServer/exportImage?f=image&format=png"


class Clients:
    """Threads that each ask again and again until told to stop."""

    def __init__(self, server, count, address):
        self.answers = []
        self.is_over = threading.Event()
        self._address = address
        self._threads = [
            threading.Thread(target=self._ask, args=(server.url, number)) for number in range(count)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, url, number):
        with httpx.Client(base_url=url, timeout=60) as client:
            turn = 0
            while not self.is_over.is_set():
                try:
                    answer = client.get(self._address(number, turn))
                except httpx.TransportError as err:
                    self.answers.append((0, repr(err)))
                    return
                kind = answer.headers.get("content-type", "")
                self.answers.append((answer.status_code, kind))
                turn += 1

    def wait_for(self, count):
        seen, ends = len(self.answers), time.monotonic() + 60
        while len(self.answers) < seen + count:
            assert time.monotonic() < ends, "no more answers"
            time.sleep(0.01)


def different(number, turn):
    return f"{_PICTURE}&size={300 + number},{300 + turn}{_BOX}"


def the_same(number, turn):
    return f"{_PICTURE}&size=900,{600 + turn}{_BOX}"


def metric(server, name):
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def settled(server):
    """Wait until nothing is under way any more."""
    ends = time.monotonic() + 30
    while metric(server, "swath_in_flight") or metric(server, "swath_queue"):
        assert time.monotonic() < ends, "something is stuck"
        time.sleep(0.02)


def test_a26_many_who_ask_the_same_are_answered_though_all_instances_are_killed(data_folder, serve):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as server:
        with Clients(server, 20, the_same) as clients:
            for _ in range(3):
                # Each may have one answer on its way from before the last loss: one more tells that the
                # question has got over it. A second loss would be its last.
                clients.wait_for(21)
                for pid in instances_of(server.process)[1]:
                    os.kill(pid, signal.SIGKILL)
            clients.wait_for(21)
        settled(server)
        assert set(clients.answers) == {(200, "image/png")}
        assert httpx.get(server.url + the_same(0, 0)).status_code == 200


def test_a26_stopped_instances_and_a_killed_fork_parent_cost_no_request(data_folder, serve):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as server:
        with Clients(server, 6, different) as clients:
            clients.wait_for(6)
            parent, instances = instances_of(server.process)
            os.kill(instances[0], signal.SIGSTOP)
            clients.wait_for(12)
            os.kill(parent, signal.SIGKILL)
            clients.wait_for(12)
        settled(server)
        assert set(clients.answers) == {(200, "image/png")}


def test_told_to_stop_under_load_it_refuses_no_request_it_took(data_folder, serve):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as server:
        with Clients(server, 6, different) as clients:
            clients.wait_for(12)
            before = len(clients.answers)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=40) == 0
        # Until it listens no more, all are answered; then connections are refused or closed.
        good = [answer for answer in clients.answers if answer == (200, "image/png")]
        assert len(good) > before
        rest = {answer for answer in clients.answers if answer[0]}
        assert rest == {(200, "image/png")}
        assert not [why for status, why in clients.answers if not status and "body" in why]
