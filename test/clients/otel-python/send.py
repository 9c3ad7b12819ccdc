"""Sends one trace with OpenTelemetry's SDK for Python: send.py http|grpc ENDPOINT [gzip]. Prints its trace ID.
The authority of an https endpoint is in OTEL_EXPORTER_OTLP_CERTIFICATE.
"""
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

protocol, endpoint, *options = sys.argv[1:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from grpc import Compression

    exporter = OTLPSpanExporter(
        endpoint=endpoint, insecure=endpoint.startswith("http://"), compression=Compression.Gzip if "gzip" in options else None
    )
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(
        endpoint=endpoint + "/v1/traces", compression=Compression.Gzip if "gzip" in options else Compression.NoCompression
    )
provider = TracerProvider(resource=Resource.create({"service.name": "otel-shop", "service.version": "1.2.3"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("shop", "0.1")
elsewhere = SpanContext(0x6929D510ABCDEF000000000000000001, 0x53995C3F42CD8AD8, True, TraceFlags(1))
with tracer.start_as_current_span(
    "POST /orders/:id",
    kind=SpanKind.SERVER,
    attributes={"http.request.method": "POST", "url.full": "http://shop.example/orders/7", "http.response.status_code": 500},
    links=[Link(elsewhere, {"why": "cause"})],
) as root:
    root.add_event("cart loaded", {"items": 3})
    with tracer.start_as_current_span(
        "SELECT orders", kind=SpanKind.CLIENT, attributes={"db.system": "postgresql", "db.statement": "SELECT 1"}
    ):
        pass
    try:
        raise ValueError("card declined")
    except ValueError as error:
        root.record_exception(error)
        root.set_status(Status(StatusCode.ERROR, "card declined"))
print("%032x" % root.get_span_context().trace_id, flush=True)
print("flushed" if provider.force_flush(8_000) else "not flushed", flush=True)
provider.shutdown()
