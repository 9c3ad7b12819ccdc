"""A Flask application with the X-Ray SDK for Python. Prints "listening PORT"."""
import threading

import requests
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask, request
from werkzeug.serving import make_server

app = Flask(__name__)
xray_recorder.configure(service="python-shop", sampling=True, context_missing="LOG_ERROR")
XRayMiddleware(app, xray_recorder)
patch(["requests"])
server = make_server("127.0.0.1", 0, app, threaded=True)


@app.route("/")
def home():
    xray_recorder.put_annotation("customer", "c-1042")
    xray_recorder.put_metadata("cart", {"items": [1, 2, 3], "note": "grüße ☃"}, "shop")
    with xray_recorder.in_subsegment("validate") as subsegment:
        subsegment.put_annotation("attempt", 1)
        requests.get("http://127.0.0.1:%d/downstream" % server.server_port, timeout=5)
    return "ok"


@app.route("/downstream")
def downstream():
    return "down"


@app.route("/call")
def call():
    return requests.get(request.args["url"], timeout=5).text


@app.route("/error")
def error():
    raise ValueError("card declined")


@app.route("/error-inside")
def error_inside():
    # This SDK sends the document "None" when an exception leaves a subsegment.
    with xray_recorder.in_subsegment("charge"):
        raise ValueError("card declined")


@app.route("/many")
def many():
    for step in range(45):
        with xray_recorder.in_subsegment("step %d" % step):
            pass
    return "many"


@app.route("/health")
def health():
    return "healthy"


threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening %d" % server.server_port, flush=True)
threading.Event().wait()
