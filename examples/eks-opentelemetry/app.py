"""A Flask application without a line of tracing: opentelemetry-instrument in the Dockerfile traces its requests."""
import os

import requests
from flask import Flask

app = Flask(__name__)


@app.route("/price")
def price():
    return requests.get(os.environ["PRICE_URL"], timeout=5).text


@app.route("/health")
def health():
    return "healthy\n"
