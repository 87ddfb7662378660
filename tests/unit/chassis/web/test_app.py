"""The application around a request: errors as problems, limits, trace and request ids, log line, metrics."""

from __future__ import annotations

import gzip
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import flask_smorest
import orjson
import pytest
from flask import request
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize
from prometheus_client import REGISTRY
from pymongo import errors as mongo
from werkzeug.exceptions import BadGateway, Gone, ServiceUnavailable
from werkzeug.routing import RequestRedirect

from chassis import logs, tracing
from chassis.problems import COMMON, Problem
from chassis.web.json_body import MOST_VALUES, dump
from tests.support.signed_tokens import bearer, token
from tests.support.web_apps import SETTINGS, ColdError, example_app

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return example_app().test_client()


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logs._requests)
    written: list[dict[str, Any]] = []
    logs.configure("example", "api", "INFO", write=lambda line: written.append(orjson.loads(line)))
    yield written
    logging.captureWarnings(False)
    root.handlers[:], logs._requests = before[0], before[2]
    root.setLevel(before[1])


def raising(error: Exception) -> FlaskClient:
    def raise_() -> None:
        raise error

    return example_app(raise_=raise_).test_client()


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(answer.data)
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.content_type == "application/problem+json"
    assert body["trace_id"] == tracing.parse(answer.headers["traceparent"]).trace_id  # type: ignore[union-attr]
    return body


def test_a_problem_is_answered_in_the_language_of_the_client() -> None:
    client = raising(Problem(COMMON["forbidden"]))

    vietnamese = client.get("/v1/raise")
    english = client.get("/v1/raise?name=secret", headers={"Accept-Language": "en"})

    assert assert_problem(vietnamese, 403, "forbidden")["title"] == "Không có quyền"
    body = assert_problem(english, 403, "forbidden")
    assert (body["title"], body["instance"]) == ("Forbidden", "/v1/raise")
    assert english.headers["Content-Language"] == "en"
    assert english.headers["Vary"] == "Accept-Language"


def test_a_domain_error_becomes_the_problem_that_the_service_gives_it() -> None:
    body = assert_problem(raising(ColdError()).get("/v1/raise"), 418, "teapot")

    assert body["detail"] == "Không pha trà."


def test_an_unforeseen_error_is_logged_and_never_shown(lines: list[dict[str, Any]]) -> None:
    answer = raising(RuntimeError("password=hunter2 of Nguyễn Văn A")).get("/v1/raise")

    body = assert_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    failed = next(line for line in lines if line["level"] == "ERROR")
    assert failed["error"][0]["type"] == "RuntimeError"
    assert failed["trace_id"] == body["trace_id"]
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize(
    "error",
    [
        mongo.ServerSelectionTimeoutError("no servers"),
        mongo.AutoReconnect("closed"),
        mongo.NotPrimaryError("not primary"),
        mongo.ExecutionTimeout("too slow", 50),
        mongo.OperationFailure("conflict", 112, {"errorLabels": ["TransientTransactionError"]}),
        mongo.OperationFailure("stepped down", 189, {"errorLabels": ["RetryableWriteError"]}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_outage_of_the_database_is_temporary(error: Exception) -> None:
    answer = raising(error).get("/v1/raise")

    assert_problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_refusal_by_the_database_is_our_error() -> None:
    assert_problem(raising(mongo.OperationFailure("bad query", 2)).get("/v1/raise"), 500, "internal")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Gone(), 400, "bad-request"),
        (BadGateway(), 500, "internal"),
        (ServiceUnavailable(retry_after=7), 503, "unavailable"),
    ],
)
def test_errors_of_the_framework_become_problems(error: Exception, status: int, code: str) -> None:
    assert_problem(raising(error).get("/v1/raise"), status, code)


def test_the_framework_keeps_its_time_to_retry() -> None:
    answer = raising(ServiceUnavailable(retry_after=7)).get("/v1/raise")

    assert answer.headers["Retry-After"] == "7"


def test_a_redirect_stays_a_redirect() -> None:
    answer = raising(RequestRedirect("/v1/other")).get("/v1/raise")

    assert (answer.status_code, answer.headers["Location"]) == (308, "/v1/other")


def test_an_unknown_address_is_not_found(client: FlaskClient) -> None:
    assert_problem(client.get("/v1/nothing"), 404, "not-found")


def test_an_empty_part_of_an_address_is_not_skipped(client: FlaskClient) -> None:
    assert_problem(client.get("/v1//public"), 404, "not-found")


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    answer = client.delete("/v1/ideas")

    assert_problem(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_claimed_host_changes_nothing(client: FlaskClient) -> None:
    assert client.get("/v1/public", headers={"Host": "evil.example:99999"}).status_code == 200


@pytest.mark.parametrize("body", [b"{", b'{"title": "\xff"}', b"{'a': 1}", b'{"a": "\\ud800"}', b"NaN", b" "])
def test_malformed_json_is_told_its_place(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/ideas", data=body, content_type="application/json")

    detail = assert_problem(answer, 400, "malformed-json")["detail"]
    assert "dòng 1" in detail


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "text/json"])
def test_a_body_of_another_type_is_refused(client: FlaskClient, content_type: str) -> None:
    answer = client.post("/v1/ideas", data=b'{"title": "abc"}', content_type=content_type)

    assert_problem(answer, 415, "unsupported-media-type")


def test_a_character_set_may_stand_beside_the_type(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/ideas", data=b'{"title": "abc"}', content_type="application/json; charset=utf-8"
    )

    assert answer.status_code == 201


def test_a_compressed_body_is_refused(client: FlaskClient) -> None:
    body = gzip.compress(b'{"title": "abc"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    assert_problem(client.post("/v1/ideas", data=body, headers=headers), 415, "unsupported-media-type")


def test_a_body_above_the_limit_is_refused(client: FlaskClient) -> None:
    body = b'{"title": "' + b"a" * 256 * 1024 + b'"}'

    answer = client.post("/v1/ideas", data=body, content_type="application/json")

    assert_problem(answer, 413, "too-large")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" + b"1," * MOST_VALUES + b"1]",
        b"[" + b"[]," * MOST_VALUES + b"1]",
    ],
    ids=["lists", "objects", "values", "empty lists"],
)
def test_json_too_deep_or_with_too_many_values_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/ideas", data=body, content_type="application/json")

    assert_problem(answer, 400, "json-too-complex")


@pytest.mark.parametrize("title", [",[{" * 6, "Tên ý tưởng [1], [2]"], ids=["brackets", "words"])
def test_brackets_and_commas_in_a_text_count_for_nothing(client: FlaskClient, title: str) -> None:
    problem = "[" * 40 + "," * 1900
    body = orjson.dumps({"title": title, "problem": problem, "authors": [{"share": 1}]})

    assert client.post("/v1/ideas", data=body, content_type="application/json").status_code == 201


def test_a_body_is_parsed_once() -> None:
    with example_app().test_request_context("/v1/ideas", method="POST", json={"title": "abc"}):
        first = request.get_json()

        assert first == {"title": "abc"}
        assert request.get_json() is first


def test_a_json_body_of_the_deepest_kind_is_read(client: FlaskClient) -> None:
    body = b"[" * 32 + b"]" * 32

    answer = client.post("/v1/ideas", data=body, content_type="application/json")

    assert_problem(answer, 422, "validation-failed")


class BrokenStream(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def __init__(self, error: Exception) -> None:
        self.error = error

    def readinto(self, buffer: Any) -> int:
        raise self.error


def chunked(stream: io.RawIOBase | io.BytesIO) -> dict[str, Any]:
    return {
        "environ_overrides": {
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_TYPE": "application/json",
        }
    }


@pytest.mark.parametrize("error", [OSError("closed"), InvalidChunkSize(b"zz")])
def test_a_body_that_breaks_off_is_the_clients_fault(client: FlaskClient, error: Exception) -> None:
    assert_problem(client.post("/v1/ideas", **chunked(BrokenStream(error))), 400, "bad-request")


def test_a_body_without_a_length_is_read_up_to_the_limit(client: FlaskClient) -> None:
    assert client.post("/v1/ideas", **chunked(io.BytesIO(b'{"title":"abc"}'))).status_code == 201
    endless = io.BytesIO(b" " * 300_000)
    assert_problem(client.post("/v1/ideas", **chunked(endless)), 413, "too-large")


def test_an_instant_in_an_answer_is_rfc_3339() -> None:
    assert dump({"at": datetime(2022, 5, 31, 16, 59, tzinfo=UTC)}) == b'{"at":"2022-05-31T16:59:00Z"}'
    assert example_app().json.loads('{"a": 1}') == {"a": 1}
    assert example_app().json.dumps({"a": 1}) == '{"a":1}'


def test_the_trace_of_the_caller_goes_on(client: FlaskClient) -> None:
    answer = client.get("/v1/public", headers={"traceparent": PARENT})

    context = tracing.parse(answer.headers["traceparent"])
    assert context is not None
    assert context.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert context.span_id != "00f067aa0ba902b7"


def test_an_unfit_trace_is_replaced_by_a_new_one(client: FlaskClient) -> None:
    answer = client.get("/v1/public", headers={"traceparent": "00-bad"})

    assert tracing.parse(answer.headers["traceparent"]) is not None


@pytest.mark.parametrize(
    ("sent", "kept"), [("req-0001.a_b", True), ("short", False), ("x" * 129, False), ("a b c d e f", False)]
)
def test_a_sane_request_id_is_kept_and_another_replaced(client: FlaskClient, sent: str, kept: bool) -> None:
    answer = client.get("/v1/public", headers={"X-Request-ID": sent})

    assert (answer.headers["X-Request-ID"] == sent) is kept
    assert len(answer.headers["X-Request-ID"]) >= 8


def test_answers_are_not_kept_by_caches_unless_the_route_says_so(client: FlaskClient) -> None:
    assert client.get("/v1/public").headers["Cache-Control"] == "no-store"
    assert client.get("/v1/versions/3").headers.getlist("Cache-Control") == ["private"]
    again = client.get("/v1/versions/3", headers={"If-None-Match": '"3"'})
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert client.get("/v1/public").headers["X-Content-Type-Options"] == "nosniff"


def test_the_log_line_tells_the_route_and_no_person(client: FlaskClient, lines: list[dict[str, Any]]) -> None:
    headers = {**bearer("m-0123456789"), "traceparent": PARENT, "X-Request-ID": "req-00001"}
    client.post("/v1/keyed/secret-thing?q=0912345678", headers={**headers, "Idempotency-Key": "key-1"})

    (line,) = lines
    assert line.pop("ms") >= 0
    assert line.pop("time")
    assert line.pop("span_id")
    assert line == {
        "level": "INFO",
        "service": "example",
        "role": "api",
        "logger": "chassis.access",
        "message": "request",
        "method": "POST",
        "route": "/v1/keyed/<thing>",
        "status": 200,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "request_id": "req-00001",
    }


def test_what_no_route_matches_is_one_series_whatever_was_asked(
    client: FlaskClient, lines: list[dict[str, Any]]
) -> None:
    client.get("/v1/nothing-1")
    client.open("/v1/nothing-2", method="BREW")

    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("-", "unmatched", 404)
    ] * 2


def test_health_pages_leave_no_log_line(client: FlaskClient, lines: list[dict[str, Any]]) -> None:
    client.get("/livez")
    client.get("/metrics")

    assert lines == []


def test_a_request_is_measured_by_route_and_status(client: FlaskClient) -> None:
    def count() -> float:
        labels = {"method": "GET", "route": "/v1/versions/<int:version>", "status": "200"}
        return REGISTRY.get_sample_value("http_request_seconds_count", labels) or 0.0

    before = count()
    client.get("/v1/versions/1")
    client.get("/v1/versions/2")

    assert count() == before + 2


def test_problems_are_counted_by_code(client: FlaskClient) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("http_problems_total", {"code": "not-found"}) or 0.0

    before = count()
    client.get("/v1/nothing")

    assert count() == before + 1


def test_the_context_of_a_request_ends_with_it(client: FlaskClient) -> None:
    client.get("/v1/public", headers={"traceparent": PARENT})

    assert tracing.current() is None
    assert logs.request_id.get() is None


def test_a_route_reads_its_principal_from_the_token(client: FlaskClient) -> None:
    assert client.get("/v1/me", headers=bearer("m-0123456789")).json == {
        "subject": "m-0123456789",
        "same": True,
    }


def test_a_public_route_knows_who_asks_when_it_is_told(client: FlaskClient) -> None:
    assert client.get("/v1/public").json == {"subject": None}
    assert client.get("/v1/public", headers=bearer("m-0123456789")).json == {"subject": "m-0123456789"}


def test_without_a_token_one_is_asked_for(client: FlaskClient) -> None:
    answer = client.get("/v1/me")

    assert_problem(answer, 401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Basic dTpw", "Bearer", "Bearer ", "Bearer x.y.z", "x"])
def test_another_kind_of_sign_in_is_refused_even_on_a_public_route(client: FlaskClient, value: str) -> None:
    assert_problem(client.get("/v1/public", headers={"Authorization": value}), 401, "not-authenticated")


def test_an_expired_token_is_told_so(client: FlaskClient) -> None:
    headers = {"Authorization": "bearer " + token(exp=1)}

    assert_problem(client.get("/v1/me", headers=headers), 401, "token-expired")


def test_a_blueprint_with_unbounded_input_is_refused() -> None:
    with pytest.raises(TypeError, match=r"chassis\.web\.Blueprint"):
        example_app(blueprints=[flask_smorest.Blueprint("x", "x")])


def test_the_settings_are_at_hand() -> None:
    assert example_app().config["SETTINGS"] is SETTINGS


def test_no_address_is_built_outside_of_a_request() -> None:
    app = example_app()

    with app.app_context(), pytest.raises(RuntimeError):
        app.url_for("livez")


def test_no_cookie_is_ever_set(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/v1/public", headers={"Cookie": "session=x"}).headers


def test_a_value_without_a_form_in_json_is_our_error() -> None:
    def raise_() -> None:
        dump({"a": object()})

    assert_problem(example_app(raise_=raise_).test_client().get("/v1/raise"), 500, "internal")
