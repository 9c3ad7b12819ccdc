"""A Flask application that traces its requests; X-Ray's sampling rules decide which traces are kept."""
import os

import requests
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask

app = Flask(__name__)
# The SDK reads the daemon's address from AWS_XRAY_DAEMON_ADDRESS (deployment.yaml).
xray_recorder.configure(service=os.environ.get("SERVICE_NAME", "My Flask Web Application"))
XRayMiddleware(app, xray_recorder)
patch(["requests"])


@app.route("/")
def home():
    with xray_recorder.in_subsegment("look up price") as subsegment:
        subsegment.put_annotation("sku", "A-1042")
        price = requests.get(os.environ.get("PRICE_URL", "http://127.0.0.1:8080/price"), timeout=5)
    return price.text


@app.route("/price")
def price():
    return "12.50\n"


@app.route("/fail")
def fail():
    raise RuntimeError("an example of a fault")


@app.route("/health")
def health():
    return "healthy\n"
