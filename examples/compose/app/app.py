"""A web application that traces itself: every request is a segment, the price lookup a subsegment."""
import time

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask

app = Flask(__name__)
xray_recorder.configure(service="shop")
XRayMiddleware(app, xray_recorder)


@app.route("/")
def home():
    with xray_recorder.in_subsegment("look up price") as subsegment:
        time.sleep(0.02)
        subsegment.put_annotation("sku", "A-1042")
    return "12.50\n"


@app.route("/fail")
def fail():
    raise RuntimeError("an example of a fault")


app.run(host="0.0.0.0", port=8080)
