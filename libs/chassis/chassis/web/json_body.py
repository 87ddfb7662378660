"""JSON in and out by orjson, with the limits of a body: bytes, depth and number of values. What breaks a
limit never reaches a schema.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import flask
import orjson
from flask.json.provider import JSONProvider
from werkzeug.exceptions import HTTPException

from chassis.clock import rfc3339
from chassis.problems import COMMON, Problem

LARGEST_BODY = 256 * 1024
DEEPEST = 32
# Half as many again as the largest body that a schema takes, a contact with 200 grants; a test computes it.
MOST_VALUES = 1_000

_JSON = "application/json"
_UNREAD: Any = object()


class Request(flask.Request):
    """Flask's request with a bounded body whose JSON is parsed once."""

    max_content_length = LARGEST_BODY
    max_form_memory_size = LARGEST_BODY
    max_form_parts = 20

    _json: Any = _UNREAD

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON; no other type that ends in +json is taken."""
        # The plain form first: parsing the header costs as much as parsing a small body.
        return self.environ.get("CONTENT_TYPE") == _JSON or self.mimetype == _JSON

    @property
    def has_body(self) -> bool:
        environ = self.environ
        return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body. Problem `bad-request` when it ends early or its chunks are broken, `too-large`."""
        try:
            body = super().get_data(*args, **kwargs)
        except HTTPException:
            raise
        except Exception as error:
            # The server's reader fails here, each server with classes of its own; it is the client's doing.
            raise Problem(COMMON["bad-request"]) from error
        # A body that states no length is cut at the limit without a word by werkzeug.
        if len(body) >= LARGEST_BODY and "CONTENT_LENGTH" not in self.environ:
            raise Problem(COMMON["too-large"])
        return body

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The value of the body. Problem `unsupported-media-type`, `too-large`, `malformed-json` or
        `json-too-complex`; the parameters of the base class change nothing."""
        if self._json is _UNREAD:
            if not self.is_json or self.environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
                raise Problem(COMMON["unsupported-media-type"])
            self._json = parse(self.get_data(cache=True))
        return self._json


def current_request() -> Request:
    """The request at hand itself: each use of Flask's proxy looks it up anew."""
    found: Request = flask.request._get_current_object()  # type: ignore[attr-defined]
    return found


def parse(body: bytes) -> Any:
    """The JSON value of a body; Problem `malformed-json`, or `json-too-complex` when it is
    too deep or has too many values."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(COMMON["malformed-json"], line=error.lineno, column=error.colno) from None
    # Counting brackets and commas costs next to nothing and bounds both figures from above; only a body that
    # might break a limit is walked.
    openings = body.count(b"{") + body.count(b"[")
    if openings > DEEPEST or openings + body.count(b",") > MOST_VALUES:
        _check_shape(value)
    return value


def _check_shape(value: Any) -> None:
    count = 0
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for container in level:
            if isinstance(container, dict):
                inner.extend(container.values())
            elif isinstance(container, list):
                inner.extend(container)
        count += len(inner)
        level = inner
    if count > MOST_VALUES or any(isinstance(each, dict | list) for each in level):
        raise Problem(COMMON["json-too-complex"], levels=DEEPEST, values=MOST_VALUES)


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson. Datetimes must be aware; they come out as RFC 3339 in UTC."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return dump(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> flask.Response:
        body = dump(self._prepare_response_obj(args, kwargs))
        return flask.Response(body, mimetype=_JSON)


def dump(value: Any) -> bytes:
    """JSON in UTF-8; TypeError for a value that JSON has no form for."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


def exact(number: int) -> Any:
    """An integer of any size for an answer: JSON has no greatest number, but orjson stops at 64 bits."""
    return number if -(2**63) <= number < 2**63 else orjson.Fragment(str(number).encode())


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
