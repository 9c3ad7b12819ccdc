"""
OTLP's messages by Google's protobuf library for Python, for comparison: one JSON object per line.
wire.py generate COUNT SEED   random requests: {"bytes": base64, "content": what is in them}
wire.py decode                base64 lines from stdin: their content

The content is written so that it can be compared as text: attributes sorted by key, of equal keys the last one;
integers as texts, doubles as their eight bytes, NaN as "NaN".
"""
import base64
import json
import random
import struct
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

INTEGERS = [0, 1, -1, 127, 128, -128, 2**31 - 1, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63)]
DOUBLES = [0.0, -0.0, 1.5, -1e308, 5e-324, float("inf"), float("-inf"), float("nan"), 1e21]
TEXTS = ["", "a", "grüße 日本 😀", "\0", "__proto__", "x" * 300, "line\nline", '"', "1"]
COUNTS = [0, 1, 127, 128, 2**32 - 1]
TIMES = [1, 2**32, 1_764_349_296_000_000_001, 2**63, 2**64 - 1]
# Fields that no version has: varint, fixed64, bytes (also packed integers), group and fixed32.
UNKNOWN = [
    b"\xd0\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xd9\x05" + b"\x01" * 8,
    b"\xe2\x05\x03\x01\x96\x01",
    b"\xeb\x05\x08\x01\x13\x0a\x01x\x14\xec\x05",
    b"\xf5\x05" + b"\x02" * 4,
]


def fill_value(value, depth=0):
    kind = random.randrange(9 if depth < 5 else 7)
    if kind == 0:
        value.string_value = random.choice(TEXTS)
    elif kind == 1:
        value.bool_value = random.random() < 0.5
    elif kind == 2:
        value.int_value = random.choice(INTEGERS)
    elif kind == 3:
        value.double_value = random.choice(DOUBLES)
    elif kind == 4:
        value.bytes_value = random.randbytes(random.choice([0, 1, 2, 3, 200]))
    elif kind == 5:
        value.double_value = random.uniform(-1e6, 1e6)
    elif kind == 7:
        value.array_value.SetInParent()
        for _ in range(random.randrange(4)):
            fill_value(value.array_value.values.add(), depth + 1)
    elif kind == 8:
        value.kvlist_value.SetInParent()
        for _ in range(random.randrange(4)):
            fill_key_value(value.kvlist_value.values.add(), depth + 1)
    add_unknown(value)


def fill_key_value(pair, depth=0):
    pair.key = random.choice(TEXTS)
    if random.random() < 0.9:
        fill_value(pair.value, depth)
    add_unknown(pair)


def fill_attributes(owner):
    for _ in range(random.randrange(8)):
        fill_key_value(owner.attributes.add())
    owner.dropped_attributes_count = random.choice(COUNTS)


def add_unknown(message):
    if random.random() < 0.1:
        message.MergeFromString(random.choice(UNKNOWN))


def fill_span(span):
    span.trace_id = b"\x01" + random.randbytes(15)
    span.span_id = random.randbytes(7) + b"\x01"
    span.parent_span_id = random.choice([b"", b"\xff" * 8])
    span.trace_state = random.choice(TEXTS)
    span.name = random.choice(TEXTS)
    span.kind = random.randrange(7)
    span.start_time_unix_nano = random.choice(TIMES)
    span.end_time_unix_nano = random.choice([0, *TIMES])
    span.flags = random.choice(COUNTS)
    span.dropped_events_count = random.choice(COUNTS)
    span.dropped_links_count = random.choice(COUNTS)
    if random.random() < 0.8:
        span.status.code = random.randrange(3)
        span.status.message = random.choice(TEXTS)
        add_unknown(span.status)
    fill_attributes(span)
    for _ in range(random.randrange(3)):
        event = span.events.add()
        event.name = random.choice(TEXTS)
        event.time_unix_nano = random.choice([0, *TIMES])
        fill_attributes(event)
        add_unknown(event)
    for _ in range(random.randrange(3)):
        link = span.links.add()
        link.trace_id = random.randbytes(15) + b"\x02"
        link.span_id = b"\x02" + random.randbytes(7)
        link.trace_state = random.choice(TEXTS)
        link.flags = random.choice(COUNTS)
        fill_attributes(link)
        add_unknown(link)
    add_unknown(span)


def request_of():
    request = ExportTraceServiceRequest()
    for _ in range(random.randrange(4)):
        of_resource = request.resource_spans.add()
        of_resource.schema_url = random.choice(TEXTS)
        if random.random() < 0.8:
            fill_attributes(of_resource.resource)
            if random.random() < 0.3:
                of_resource.resource.entity_refs.add(type="service", id_keys=["service.name", "service.namespace"])
            add_unknown(of_resource.resource)
        for _ in range(random.randrange(3)):
            of_scope = of_resource.scope_spans.add()
            of_scope.schema_url = random.choice(TEXTS)
            if random.random() < 0.8:
                of_scope.scope.name = random.choice(TEXTS)
                of_scope.scope.version = random.choice(TEXTS)
                fill_attributes(of_scope.scope)
                add_unknown(of_scope.scope)
            for _ in range(random.randrange(4)):
                fill_span(of_scope.spans.add())
            add_unknown(of_scope)
        add_unknown(of_resource)
    add_unknown(request)
    return request


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return {"string": value.string_value}
    if kind == "bool_value":
        return {"bool": value.bool_value}
    if kind == "int_value":
        return {"int": str(value.int_value)}
    if kind == "double_value":
        number = value.double_value
        return {"double": "NaN" if number != number else struct.pack(">d", number).hex()}
    if kind == "bytes_value":
        return {"bytes": value.bytes_value.hex()}
    if kind == "array_value":
        return {"list": [value_of(item) for item in value.array_value.values]}
    if kind == "kvlist_value":
        return {"map": attributes_of(value.kvlist_value.values)}
    return {}


def attributes_of(pairs):
    values = {pair.key: value_of(pair.value) for pair in pairs}
    return [[key, values[key]] for key in sorted(values, key=lambda text: text.encode("utf-8"))]


def attributed(owner):
    return {"attributes": attributes_of(owner.attributes), "droppedAttributes": owner.dropped_attributes_count}


def span_of(span):
    return {
        "ids": [span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()],
        "traceState": span.trace_state,
        "name": span.name,
        "kind": span.kind,
        "times": [str(span.start_time_unix_nano), str(span.end_time_unix_nano)],
        **attributed(span),
        "events": [{"time": str(it.time_unix_nano), "name": it.name, **attributed(it)} for it in span.events],
        "droppedEvents": span.dropped_events_count,
        "links": [
            {
                "ids": [it.trace_id.hex(), it.span_id.hex()],
                "traceState": it.trace_state,
                **attributed(it),
                "flags": it.flags,
            }
            for it in span.links
        ],
        "droppedLinks": span.dropped_links_count,
        "status": [span.status.message, span.status.code],
        "flags": span.flags,
    }


def content_of(request):
    return [
        {
            "resource": attributed(of_resource.resource),
            "schemaUrl": of_resource.schema_url,
            "scopes": [
                {
                    "scope": {"name": it.scope.name, "version": it.scope.version, **attributed(it.scope)},
                    "schemaUrl": it.schema_url,
                    "spans": [span_of(span) for span in it.spans],
                }
                for it in of_resource.scope_spans
            ],
        }
        for of_resource in request.resource_spans
    ]


if sys.argv[1] == "generate":
    random.seed(int(sys.argv[3]))
    for _ in range(int(sys.argv[2])):
        generated = request_of()
        encoded = base64.b64encode(generated.SerializeToString()).decode()
        print(json.dumps({"bytes": encoded, "content": content_of(generated)}))
else:
    for line in sys.stdin:
        print(json.dumps(content_of(ExportTraceServiceRequest.FromString(base64.b64decode(line)))))
