"""
A Flask application without a line of tracing but an event, a link and an annotation: the AWS Distro for OpenTelemetry
instruments it. Prints "listening PORT".
"""
import threading

import requests
from flask import Flask, request
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, TraceFlags
from werkzeug.serving import make_server

app = Flask(__name__)
tracer = trace.get_tracer("shop", "0.1")
elsewhere = SpanContext(0x6929D510ABCDEF000000000000000001, 0x53995C3F42CD8AD8, True, TraceFlags(1))


@app.route("/")
def home():
    with tracer.start_as_current_span("load cart", links=[Link(elsewhere, {"why": "cause"})]) as span:
        span.set_attribute("customer", "c-1042")
        span.set_attribute("aws.xray.annotations", ["customer"])
        span.add_event("cart loaded", {"items": 3})
    return "ok"


@app.route("/error")
def error():
    raise ValueError("card declined")


@app.route("/call")
def call():
    return requests.get(request.args["url"], timeout=5).text


@app.route("/health")
def health():
    return "healthy"


server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening %d" % server.server_port, flush=True)
threading.Event().wait()
