"""What a request may cost before it is refused, whatever it is made of: 20 ms of CPU on any route of any
service. A process that answers all requests of a service is otherwise held by a few strangers.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields, validate
from werkzeug.test import EnvironBuilder, run_wsgi_app

from chassis.web import Blueprint
from chassis.web.json_body import LARGEST_BODY, MOST_VALUES
from chassis.web.schemas import Items
from tests.support.four_services import SERVICES, UNIT, FourServices
from tests.support.hostile_values import BODY_BYTES, TEXTS, cpu_seconds, documents
from tests.support.whole_bodies import (
    EVERYTHING,
    Body,
    bodies,
    changed,
    path_of,
    texts,
)

pytestmark = pytest.mark.tiers("embedded")

MOST_SECONDS = 0.020
# The longest line of a request that the server takes.
LINE_BYTES = 4000
HEADER_BYTES = 8000
PART = re.compile(r"<(?:(\w+):)?(\w+)>")


def cost(app: Flask, **options: Any) -> tuple[float, int]:
    """CPU seconds of a request and the status of its answer. The request is made before the clock starts."""
    made = EnvironBuilder(**options)
    environ = made.get_environ()
    body: bytes = environ["wsgi.input"].read()
    status = 0

    def ask() -> None:
        nonlocal status
        once = {**environ, "wsgi.input": io.BytesIO(body)}
        answered = run_wsgi_app(app, once)
        status = int(answered[1].split()[0])

    return cpu_seconds(ask, MOST_SECONDS), status


def operations(services: FourServices) -> Iterator[tuple[str, Flask, str, str, bool]]:
    """(service, application, method, path with known values, whether anybody may call it)."""
    for service, app in services.apps().items():
        document: Any = services.client(service).get("/v1/openapi.json").json
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method != "parameters":
                    public = operation.get("security") == []
                    yield service, app, method.upper(), filled(path), public


def filled(path: str, value: str | None = None) -> str:
    known = {"campaign": "phase-1", "unit": UNIT, "code": UNIT, "offset": "1"}
    uuid = "00000000-0000-4000-8000-000000000000"
    return re.sub(r"\{(\w+)\}", lambda found: value or known.get(found[1], uuid), path)


def assert_cheap(seconds: float, *what: object) -> None:
    assert seconds < MOST_SECONDS, f"{seconds * 1000:.0f} ms of CPU for {what}"


@pytest.fixture(scope="module")
def json_bodies(services: FourServices) -> Mapping[str, bytes]:
    names = {
        name
        for body in bodies(services)
        for name, value in body.body.items()
        if isinstance(value, list | dict)
    }
    made = dict(documents(iter(sorted({*names, "nobody"}))))
    assert {"authors", "grants", "items", "mail", "benefit"} <= names
    assert all(len(body) <= LARGEST_BODY for body in made.values())
    assert max(map(len, made.values())) == BODY_BYTES
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_a_stranger_is_refused_without_a_look_at_the_body(
    services: FourServices, json_bodies: Mapping[str, bytes], service: str
) -> None:
    asked = 0
    for owner, app, method, path, public in operations(services):
        if owner != service:
            continue
        for name, body in json_bodies.items():
            seconds, status = cost(app, path=path, method=method, data=body, content_type="application/json")
            assert_cheap(seconds, method, path, name)
            assert public or status == 401, (method, path, name, status)
            assert status < 500, (method, path, name, status)
            asked += 1
    assert asked >= 5 * len(json_bodies)


def test_every_operation_that_takes_a_body_needs_a_sign_in(services: FourServices) -> None:
    for service, app, method, path, public in operations(services):
        assert public is False or method == "GET", (service, method, path)
        expected = cost(app, path=path, method=method, data=b"{", content_type="application/json")[1]
        assert (expected == 401) is not public, (service, method, path, expected)


def signed(services: FourServices, body: Body, content: bytes) -> tuple[float, int]:
    return cost(
        services.client(body.service).application,
        path=path_of(services, body),
        method=body.method,
        data=content,
        content_type="application/json",
        headers={**EVERYTHING, "Idempotency-Key": services.key(), "If-Match": f'"{body.version or 0}"'},
    )


def test_no_document_of_a_signed_in_person_costs_much(
    services: FourServices, json_bodies: Mapping[str, bytes]
) -> None:
    for body in bodies(services):
        for name, content in json_bodies.items():
            seconds, status = signed(services, body, content)
            assert_cheap(seconds, str(body), name)
            assert status in (400, 422), (str(body), name, status)


@pytest.mark.parametrize("shape", TEXTS)
def test_no_text_of_a_signed_in_person_costs_much(services: FourServices, shape: str) -> None:
    longest = TEXTS[shape](BODY_BYTES)
    for body in bodies(services):
        for pointer in texts(body.body):
            for length in (300, 10_000, BODY_BYTES):
                text = longest[:length]
                content = dump(changed(body.body, pointer, text))
                while len(content) > BODY_BYTES:
                    text = text[: len(text) * 9 // 10]
                    content = dump(changed(body.body, pointer, text))
                seconds, status = signed(services, body, content)
                assert status < 500, (str(body), pointer, length)
                # What is taken is also stored, which costs what it costs.
                if status >= 400:
                    assert_cheap(seconds, str(body), pointer, length)
        services.forget("draft", "submitted", "case")


@pytest.mark.parametrize("shape", TEXTS)
def test_a_body_full_of_such_texts_costs_no_more(services: FourServices, shape: str) -> None:
    for body in bodies(services):
        places = texts(body.body)
        for length in (1_000, 10_000, 30_000) if places else ():
            made: dict[str, Any] = dict(body.body)
            for pointer in places:
                tried = changed(made, pointer, TEXTS[shape](length))
                if len(dump(tried)) <= BODY_BYTES:
                    made = tried
            seconds, status = signed(services, body, dump(made))
            assert status < 500, (str(body), length, status)
            if status >= 400:
                assert_cheap(seconds, str(body), length)
        services.forget("draft", "submitted", "case")


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize("shape", TEXTS)
@pytest.mark.parametrize("who", ["a stranger", "a signed-in person"])
def test_no_path_and_no_query_costs_much(services: FourServices, who: str, shape: str) -> None:
    headers = {} if who == "a stranger" else EVERYTHING
    text = TEXTS[shape](700)
    for _, app, method, path, _ in operations(services):
        if method != "GET":
            continue
        known = {parameter["name"] for parameter in described(app, path)}
        for name in {*known, "nobody", text}:
            seconds, status = cost(app, path=path, query_string={name: text}, headers=headers)
            assert_cheap(seconds, path, name[:20])
            assert status < 500, (path, name[:20])
    for _, app, method, path, _ in operations_by_text(services, text):
        seconds, status = cost(app, path=path, method=method, headers=headers)
        assert_cheap(seconds, method, path[:40])
        assert status < 500, (method, path[:40])


def described(app: Flask, path: str) -> list[dict[str, Any]]:
    document: Any = app.test_client().get("/v1/openapi.json").json
    for template, methods in document["paths"].items():
        if filled(template) == path and "get" in methods:
            return [one for one in methods["get"].get("parameters", ()) if one["in"] == "query"]
    raise LookupError(path)


def operations_by_text(services: FourServices, text: str) -> Iterator[tuple[str, Flask, str, str, bool]]:
    for service, app in services.apps().items():
        document: Any = services.client(service).get("/v1/openapi.json").json
        for path, methods in document["paths"].items():
            if "{" in path:
                for method in set(methods) - {"parameters"}:
                    yield service, app, method.upper(), filled(path, text), False


HEADERS = {
    "Accept-Language": "vi;q=0." + "9" * 20 + ", en-" + "x" * 20,
    "If-None-Match": '"a", W/"b"',
    "If-Match": '"' + "9" * 40,
    "Authorization": "Bearer " + "ey" * 40 + ".",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-",
    "X-Request-ID": "abc.~/=+-",
    "Idempotency-Key": "key ",
    "Content-Type": "application/json; charset=utf-8; a=b",
    "Content-Encoding": "gzip, ",
    "Cookie": "a=b; ",
    "Accept": "application/json;q=0.1, ",
}


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_costs_much(services: FourServices, name: str) -> None:
    value = (HEADERS[name] * (HEADER_BYTES // len(HEADERS[name]) + 1))[:HEADER_BYTES]
    for service, app, method, path, _ in operations(services):
        for headers in ({name: value}, {**EVERYTHING, name: value}):
            seconds, status = cost(app, path=path, method=method, headers=headers)
            assert_cheap(seconds, service, method, path, name)
            assert status < 500, (service, method, path, name)


def test_every_list_in_a_body_is_counted_before_its_items_are_read(services: FourServices) -> None:
    found = 0
    for _, schema in request_schemas(services):
        for field in every_field(schema):
            if isinstance(field, fields.List):
                assert isinstance(field, Items), (schema, field)
                found += 1
            elif isinstance(field, fields.Dict):
                assert isinstance(field.key_field, fields.Enum), (schema, field)
    assert found


def test_the_limit_of_values_is_above_every_legal_body_and_not_far(services: FourServices) -> None:
    largest = max(most_values(schema) for _, schema in request_schemas(services))

    assert largest * 1.2 < MOST_VALUES < largest * 2, largest


def request_schemas(services: FourServices) -> Iterator[tuple[str, Any]]:
    for service, app in services.apps().items():
        for blueprint in app.blueprints.values():
            assert isinstance(blueprint, Blueprint)
            for _, methods in blueprint.documented_operations():
                for documented in methods.values():
                    for parameter in documented.get("arguments", {}).get("parameters", ()):
                        if parameter["in"] == "json":
                            yield service, parameter["schema"]


def every_field(schema: Any) -> Iterator[Any]:
    for field in schema.load_fields.values():
        yield field
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from every_field(inner.schema)


def most_values(schema: Any) -> int:
    return sum(1 + most_inside(field) for field in schema.load_fields.values())


def most_inside(field: Any) -> int:
    if isinstance(field, fields.Nested):
        return most_values(field.schema)
    if isinstance(field, fields.List):
        (most,) = (one.max for one in field.validators if isinstance(one, validate.Length) and one.max)
        return most * (1 + most_inside(field.inner))
    if isinstance(field, fields.Dict):
        return len(field.key_field.enum)  # type: ignore[union-attr]
    return 0
