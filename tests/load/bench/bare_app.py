"""The baseline of the benchmarks that ask over HTTP: a bare Flask application with one insert and one answer
that is there already.
"""

from __future__ import annotations

import os
import uuid
from functools import cache
from typing import Any

from flask import Flask, jsonify, request
from flask.wrappers import Response
from pymongo import MongoClient
from pymongo.collection import Collection

app = Flask(__name__)
FIGURES = {"unit": "TLD", "campaign": "phase-1", "basis": "submitted", "count": 696_948, "target": 250_000}


@cache
def collection() -> Collection[dict[str, Any]]:
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["MONGO_URI"])
    return client["bare"]["initiatives"]


@app.post("/v1/initiatives")
def create() -> tuple[Response, int]:
    document = {"_id": str(uuid.uuid4()), **request.get_json()}
    collection().insert_one(document)
    return jsonify({"id": document["_id"]}), 201


@app.get("/v1/figures")
def figures() -> Response:
    return jsonify(FIGURES)


@app.get("/livez")
def livez() -> str:
    return "ok"
