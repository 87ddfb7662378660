"""The baseline of the intake benchmark: a bare Flask endpoint that inserts the posted document."""

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


@cache
def collection() -> Collection[dict[str, Any]]:
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["MONGO_URI"])
    return client["bare"]["initiatives"]


@app.post("/v1/initiatives")
def create() -> tuple[Response, int]:
    document = {"_id": str(uuid.uuid4()), **request.get_json()}
    collection().insert_one(document)
    return jsonify({"id": document["_id"]}), 201


@app.get("/livez")
def livez() -> str:
    return "ok"
