"""Log lines: JSON, with trace and request, without what people wrote."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from kafka.net.selector import NetworkSelector

from chassis import logs, tracing
from chassis.tracing import TraceContext

TRACE = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
log = logging.getLogger("submission.example")


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What was logged; logging is set back afterwards, for it is one for the process."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logs._requests)
    written: list[dict[str, Any]] = []
    logs.configure("submission", "api", "INFO", write=lambda line: written.append(orjson.loads(line)))
    yield written
    logging.captureWarnings(False)
    root.handlers[:], logs._requests = before[0], before[2]
    root.setLevel(before[1])


def test_a_line_has_its_origin_and_its_fields(lines: list[dict[str, Any]]) -> None:
    log.info("case opened", extra={"initiative_id": "8d1", "level": 2, "units": ("A", "B"), "codes": {1: 2}})

    (line,) = lines
    assert line.pop("time")[-5] == "."
    assert line == {
        "level": "INFO",
        "level_": 2,
        "service": "submission",
        "role": "api",
        "logger": "submission.example",
        "message": "case opened",
        "initiative_id": "8d1",
        "units": ["A", "B"],
        "codes": {"1": 2},
    }


def test_the_time_is_the_records_to_the_millisecond() -> None:
    record = logging.makeLogRecord({"created": 1654016340.0457, "msg": "x"})
    formatter = logs.JsonFormatter("submission", "api")

    assert orjson.loads(formatter.line(record))["time"] == "2022-05-31T16:59:00.045Z"
    assert orjson.loads(formatter.format(record))["time"] == "2022-05-31T16:59:00.045Z"


def test_a_line_carries_the_trace_and_the_request_at_hand(lines: list[dict[str, Any]]) -> None:
    token = logs.request_id.set("req-12345678")
    with tracing.use(TRACE):
        log.warning("slow")
    logs.request_id.reset(token)
    log.warning("outside")

    assert (lines[0]["trace_id"], lines[0]["span_id"]) == (TRACE.trace_id, TRACE.span_id)
    assert lines[0]["request_id"] == "req-12345678"
    assert not {"trace_id", "request_id"} & lines[1].keys()


@pytest.mark.parametrize("name", ["email", "authorization", "token", "password", "subject"])
def test_a_field_that_names_a_person_or_a_secret_is_withheld(lines: list[dict[str, Any]], name: str) -> None:
    log.info("signed in", extra={name: "Nguyễn Văn A"})

    assert lines[0][name] == "[withheld]"


def test_an_error_is_told_by_type_and_place_and_never_quotes_input(lines: list[dict[str, Any]]) -> None:
    def fail() -> None:
        try:
            int("Nguyễn Văn A")
        except ValueError as error:
            raise KeyError("0912345678") from error

    try:
        fail()
    except KeyError:
        log.exception("a request failed")

    outer, inner = lines[0]["error"]
    assert (outer["type"], inner["type"]) == ("KeyError", "ValueError")
    assert outer["frames"][-1].endswith(" fail")
    assert "text" not in outer
    assert "Nguyễn" not in str(lines[0])
    assert "0912345678" not in str(lines[0])


def test_a_line_without_its_error_on_purpose_is_written(lines: list[dict[str, Any]]) -> None:
    log.warning("handler failed", exc_info=False)

    (line,) = lines
    assert line["message"] == "handler failed"
    assert "error" not in line


def test_an_error_of_the_system_keeps_its_text(lines: list[dict[str, Any]]) -> None:
    log.error("no file", exc_info=FileNotFoundError(2, "No such file", "/etc/x"))

    assert lines[0]["error"][0]["text"] == "[Errno 2] No such file: '/etc/x'"


def test_a_cause_that_was_set_aside_is_not_told() -> None:
    error = RuntimeError("outer")
    error.__context__ = RuntimeError("inner")
    assert len(logs.describe(error)) == 2

    error.__suppress_context__ = True
    assert len(logs.describe(error)) == 1


def test_errors_that_refer_to_each_other_end() -> None:
    first, second = RuntimeError("1"), RuntimeError("2")
    first.__cause__, second.__cause__ = second, first

    assert len(logs.describe(first)) == 2


def test_what_is_below_the_level_is_not_written(lines: list[dict[str, Any]]) -> None:
    log.debug("detail")
    logging.getLogger("pymongo.connection").info("connected")

    assert lines == []


def test_a_slow_step_of_kafka_python_is_not_written(lines: list[dict[str, Any]]) -> None:
    async def step() -> str:
        logging.getLogger("kafka.net.selector").warning("another warning")
        return "done"

    with contextlib.closing(NetworkSelector(slow_task_threshold_secs=1e-9)) as network:
        assert network.run(step) == "done"
    assert [line["message"] for line in lines] == ["another warning"]


def test_warnings_become_lines(lines: list[dict[str, Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert lines[0]["logger"] == "py.warnings"


def test_a_value_without_a_form_in_json_becomes_text(lines: list[dict[str, Any]]) -> None:
    log.info("odd", extra={"value": frozenset({1})})

    assert lines[0]["value"] == "frozenset({1})"


def test_a_line_that_cannot_be_written_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(line: bytes) -> None:
        raise OSError("pipe closed")

    handler = logs.LineHandler(logs.JsonFormatter("submission", "api"), broken)

    handler.emit(logging.makeLogRecord({"msg": "x"}))

    assert "pipe closed" in capsys.readouterr().err


def test_request_lines_need_the_level_info(lines: list[dict[str, Any]]) -> None:
    with tracing.use(TRACE):
        logs.write_request({"route": "/v1/x", "status": 200})
    written: list[bytes] = []
    logs.configure("submission", "api", "WARNING", write=written.append)
    logs.write_request({"route": "/v1/x", "status": 200})

    assert [line["route"] for line in lines] == ["/v1/x"]
    assert lines[0]["trace_id"] == TRACE.trace_id
    assert written == []


def test_lines_go_to_standard_output_whole(capfd: pytest.CaptureFixture[str]) -> None:
    logs._write_to_standard_output(b'{"a":1}\n')

    assert capfd.readouterr().out == '{"a":1}\n'


def test_a_line_that_the_pipe_takes_in_parts_is_written_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []

    def part(descriptor: int, line: bytes) -> int:
        taken.append(line[:3])
        return len(line[:3])

    monkeypatch.setattr(os, "write", part)
    logs._write_to_standard_output(b"12345678")

    assert b"".join(taken) == b"12345678"
