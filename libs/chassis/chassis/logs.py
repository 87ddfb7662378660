"""Logs as one JSON object per line on standard output, with the trace and request ids of the work at hand.
Personal data never: messages are constant, and an exception's own text is kept only where it cannot quote
input.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import orjson

from chassis import tracing

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

ACCESS_LOGGER = "chassis.access"

_PLAIN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_WITHHELD = frozenset(
    {"authorization", "cookie", "email", "password", "phone", "secret", "subject", "title", "token"}
)

# The texts of these errors come from the system or from a driver's connection, never from a request.
_TEXT_IS_SAFE = frozenset(
    {
        "OSError",
        "ImportError",
        "NameError",
        "AttributeError",
        "SettingsError",
        "pymongo.errors.ConnectionFailure",
        "kafka.errors.KafkaError",
        "urllib3.exceptions.HTTPError",
    }
)
_FRAMES = 30


class JsonFormatter(logging.Formatter):
    """One line of JSON per record; fields come from `extra`."""

    def __init__(self, service: str, role: str) -> None:
        super().__init__()
        self._service = service
        self._role = role
        self._cached_second = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        return self.line(record).decode()

    def line(self, record: logging.LogRecord) -> bytes:
        entry = self._entry(record.created, record.levelname, record.name, record.getMessage())
        for name, value in record.__dict__.items():
            if name not in _PLAIN_ATTRIBUTES:
                # A level or role of the union is not the line's own.
                key = f"{name}_" if name in entry else name
                entry[key] = "[withheld]" if name in _WITHHELD else value
        # False, and so not a tuple, where a caller said exc_info=False.
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = describe(record.exc_info[1])
        return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS)

    def request_line(self, fields: Mapping[str, str | int | float]) -> bytes:
        """The line of a request that ended: the one made for each, so made without a record."""
        entry = self._entry(time.time(), "INFO", ACCESS_LOGGER, "request")
        entry.update(fields)
        return orjson.dumps(entry)

    def _entry(self, created: float, level: str, logger: str, message: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "time": self._time(created),
            "level": level,
            "service": self._service,
            "role": self._role,
            "logger": logger,
            "message": message,
        }
        trace = tracing.current()
        if trace is not None:
            entry["trace_id"] = trace.trace_id
            entry["span_id"] = trace.span_id
        request = request_id.get()
        if request is not None:
            entry["request_id"] = request
        return entry

    def _time(self, created: float) -> str:
        second, text = self._cached_second
        if second != int(created):
            second = int(created)
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._cached_second = (second, text)
        return f"{text}.{int((created - second) * 1000):03d}Z"


def describe(error: BaseException) -> list[dict[str, Any]]:
    """The error and its causes, outermost first: type, place, and the text only of errors that cannot quote
    what a person sent."""
    described = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)[-_FRAMES:]
        entry: dict[str, Any] = {
            "type": _qualified(type(current)),
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if any(
            _qualified(kind) in _TEXT_IS_SAFE or kind.__name__ in _TEXT_IS_SAFE
            for kind in type(current).__mro__
        ):
            entry["text"] = str(current)
        described.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return described


def _qualified(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _write_to_standard_output(line: bytes) -> None:
    # Below the buffers of sys.stdout: a whole line in one write, also from several processes on one pipe.
    while line:
        line = line[os.write(1, line) :]


class LineHandler(logging.Handler):
    """Writes each record as a line of JSON."""

    def __init__(self, formatter: JsonFormatter, write: Callable[[bytes], None]) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._lines = formatter
        self._write = write

    def write_request(self, fields: Mapping[str, str | int | float]) -> None:
        self._write(self._lines.request_line(fields) + b"\n")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self._lines.line(record) + b"\n")
        except (
            Exception
        ):  # the base class counts and reports it on standard error: logging must not end a request
            self.handleError(record)


def _is_no_slow_step(record: logging.LogRecord) -> bool:
    return "blocking the event loop" not in str(record.msg)


_requests: LineHandler | None = None


def write_request(fields: Mapping[str, str | int | float]) -> None:
    """Write the line of a request that ended; nothing before `configure`, or above the level INFO."""
    if _requests is not None:
        _requests.write_request(fields)


def configure(
    service: str, role: str, level: str, write: Callable[[bytes], None] = _write_to_standard_output
) -> None:
    """Send everything that is logged to standard output, instead of any earlier place.

    service, role: on every line; level: as in logging, "INFO" and so on.
    """
    # Nothing here reads where a record was made, and finding that out costs more than the rest of the line.
    logging._srcfile = None
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        root.removeHandler(earlier)
    handler = LineHandler(JsonFormatter(service, role), write)
    root.addHandler(handler)
    root.setLevel(level)
    global _requests
    _requests = handler if logging.getLogger(ACCESS_LOGGER).isEnabledFor(logging.INFO) else None
    # Drivers tell every heartbeat and connection at their lower levels.
    for name in ("pymongo", "kafka", "urllib3"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # kafka-python warns of each step above 0.1 s; no client can set that, and a busy machine fills the log.
    logging.getLogger("kafka.net.selector").addFilter(_is_no_slow_step)
    logging.captureWarnings(True)
