"""Traces, received as a collector does: OTLP over HTTP, decoded from protobuf."""

import http.server
import subprocess
import sys
import threading
import time

import httpx
import pytest

from config.layers import SettingsError
from config.load import load_settings
from server.telemetry.tracing import laid_out

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TILE = "/tiles/test/picture/12/2216/1389.png"


class Collector:
    """A receiver of OTLP over HTTP."""

    def __init__(self):
        self.spans = []
        self.resources = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def _handler(self):
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(trace_service.ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    def take(self, request):
        for of_resource in request.resource_spans:
            self.resources.append(
                {a.key: a.value.string_value for a in of_resource.resource.attributes}
            )
            for of_scope in of_resource.scope_spans:
                self.spans.extend(of_scope.spans)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


def attributes(span):
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


def test_a_request_is_a_trace_of_its_queue_its_instance_and_its_stages(
    data_folder, serve, collector
):
    with serve(data_folder, SWATH_TRACING_ENDPOINT=collector.url) as server:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = httpx.get(server.url + TILE + "?token=s3cret", headers=headers, timeout=60)
        httpx.get(server.url + "/tiles/nothing/1/2/3.png", timeout=60)
    # The stop has sent what was left.
    (tile,) = [s for s in collector.spans if s.name == "xyz:tile" and s.trace_id.hex() == TRACE]
    told = attributes(tile)
    assert tile.parent_span_id.hex() == PARENT
    assert told["swath.request_id"] == answer.headers["x-request-id"]
    assert told["url.path"] == TILE
    assert told["http.response.status_code"] == 200
    assert (told["swath.service"], told["swath.cache"]) == ("test/picture", "miss")
    inside = {s.name: s for s in collector.spans if s.parent_span_id == tile.span_id}
    assert set(inside) == {"queue", "instance"}
    stages = [s for s in collector.spans if s.parent_span_id == inside["instance"].span_id]
    assert {"plan", "encode"} <= {s.name for s in stages}
    for span in (*inside.values(), *stages):
        assert span.trace_id == tile.trace_id
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert tile.start_time_unix_nano <= span.start_time_unix_nano
    (missing,) = [
        s for s in collector.spans if attributes(s).get("error.type") == "ServiceNotFound"
    ]
    assert missing.trace_id.hex() != TRACE
    assert collector.resources[0]["service.name"] == "swath"
    assert "s3cret" not in str(collector.spans)


def test_a_stranger_cannot_demand_a_trace(data_folder, serve, collector):
    settings = {"SWATH_TRACING_ENDPOINT": collector.url, "SWATH_TRACING_SAMPLE_RATIO": "0"}
    with serve(data_folder, **settings) as server:
        httpx.get(server.url + TILE, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}, timeout=60)
    assert collector.spans == []


def test_a_collector_that_is_gone_costs_no_request(data_folder, serve):
    with serve(data_folder, SWATH_TRACING_ENDPOINT="http://127.0.0.1:9/v1/traces") as server:
        assert httpx.get(server.url + TILE, timeout=60).status_code == 200
        began = time.monotonic()
    assert time.monotonic() - began < 60  # it stops all the same


def test_without_traces_nothing_of_the_sdk_is_imported():
    code = "import sys, server.app; print(any(n.startswith('opentelemetry') for n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_half_of_dispatch_lies_before_the_instances_work():
    stages = {"plan": 2.0, "queue": 3.0, "dispatch": 2.0, "total": 10.0}
    assert list(laid_out(stages)) == [("queue", 0.0, 3.0), ("instance", 4.0, 9.0)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENDPOINT", "collector:4318"),
        ("ENDPOINT", "file:///etc/passwd"),
        ("ENDPOINT", "http://user:word@host/"),
        ("SAMPLE_RATIO", "1.5"),
        ("SAMPLE_RATIO", "nan"),
        ("EVERY_S", "0"),
    ],
)
def test_settings_that_cannot_be_are_refused(name, value):
    with pytest.raises(SettingsError, match=f"tracing.{name.lower()}"):
        load_settings(None, {f"SWATH_TRACING_{name}": value})
