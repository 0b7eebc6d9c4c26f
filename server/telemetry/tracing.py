"""Traces for OpenTelemetry: a span a request, inside it its queue, its instance and the stages there.

Made in the front when a request is over, of the times that its reply tells; no instance knows of it. Rule:
imported only where `tracing.endpoint` is set, so that a server without traces needs no SDK and pays nothing.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as err:
    _why = "needs the extra for traces: pip install 'swath[tracing]'"
    raise ConfigError("settings", "tracing.endpoint", _why) from err

from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context

    from config.settings import TracingSettings
    from server.telemetry.journal import Finished

_PARENT = (b"traceparent", b"tracestate")
_SENT_WITHIN_S = 3.0
_EXPORT_S = 10
_FAILED = 500
# Not stages of an instance, but what lies around it.
_AROUND = frozenset({"queue", "dispatch", "total"})


class Tracing:
    """Sends a trace of each sampled request to an OTLP receiver, in a thread of its own."""

    def __init__(self, settings: TracingSettings) -> None:
        resource = Resource.create({"service.name": "swath", "service.version": PROGRAM_VERSION})
        # By the trace's id alone: a stranger's `traceparent` may join a trace, not demand one.
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(settings.sample_ratio),
            resource=resource,
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=_EXPORT_S)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=settings.every_s * 1e3)
        )
        self._tracer = self._provider.get_tracer("swath", PROGRAM_VERSION)
        self._propagator = TraceContextTextMapPropagator()

    def note(self, finished: Finished) -> None:
        """Make the spans of a request that is over."""
        ends = time.time_ns()
        begins = ends - round(finished.seconds * 1e9)
        name = (
            f"{finished.protocol}:{finished.operation}" if finished.protocol else finished.operation
        )
        span = self._tracer.start_span(
            name,
            context=self._parent(finished),
            kind=SpanKind.SERVER,
            attributes=_attributes(finished),
            start_time=begins,
        )
        if span.is_recording():
            if finished.status >= _FAILED:
                span.set_status(Status(StatusCode.ERROR, finished.error or None))
            inside = set_span_in_context(span)
            self._spans(finished.stages, ends, inside)
        span.end(ends)

    def stop(self) -> None:
        """Send what is left, for some seconds at most; blocks."""
        # A receiver that is away would draw it out: the exporter tries again and again.
        sender = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        sender.start()
        sender.join(_SENT_WITHIN_S)

    def _parent(self, finished: Finished) -> Context:
        carrier = {
            name.decode(): value.decode("latin-1")
            for name, value in finished.scope["headers"]
            if name in _PARENT
        }
        return self._propagator.extract(carrier)

    def _spans(self, stages: Mapping[str, float], ends: int, inside: Context) -> None:
        if "total" not in stages:
            return
        for name, start_ms, stop_ms in laid_out(stages):
            origin = ends - round(stages["total"] * 1e6)
            parent = inside
            span = self._tracer.start_span(
                name, context=parent, start_time=origin + round(start_ms * 1e6)
            )
            if name == "instance":
                self._inner(stages, origin + round(start_ms * 1e6), set_span_in_context(span))
            span.end(origin + round(stop_ms * 1e6))

    def _inner(self, stages: Mapping[str, float], at: int, inside: Context) -> None:
        for name, ms in stages.items():
            if name in _AROUND:
                continue
            span = self._tracer.start_span(name, context=inside, start_time=at)
            at += round(ms * 1e6)
            span.end(at)


def laid_out(stages: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    """Yield queue and instance with their beginning and end in milliseconds since the request flew.

    Half of what dispatch took lies before the instance's work, half behind it.
    """
    queued = stages.get("queue", 0.0)
    yield "queue", 0.0, queued
    begins = queued + stages.get("dispatch", 0.0) / 2
    yield "instance", begins, max(begins, stages["total"] - stages.get("dispatch", 0.0) / 2)


def _attributes(finished: Finished) -> dict[str, Any]:
    told = {
        "http.request.method": finished.scope["method"],
        # The path alone: the query may hold tokens.
        "url.path": finished.scope["path"],
        "http.response.status_code": finished.status,
        "http.response.body.size": finished.body_bytes,
        "swath.service": finished.service,
        "swath.cache": finished.cache,
        "swath.request_id": finished.request_id.decode(),
        "error.type": finished.error,
    }
    return {name: value for name, value in told.items() if value != ""}
