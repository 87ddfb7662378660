"""Logs as one JSON object per line on standard output, with the current trace and request ids. Never personal
data: messages are constant, and the text of an exception is logged only if it cannot contain input.
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

# The texts of these errors come from the operating system or from a driver's connection, never from a
# request.
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
                # Do not overwrite the line's own fields, for example by the level or role of a union.
                key = f"{name}_" if name in entry else name
                entry[key] = "[withheld]" if name in _WITHHELD else value
        # exc_info is False, not a tuple, if a caller passed exc_info=False.
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = describe(record.exc_info[1])
        return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS)

    def request_line(self, fields: Mapping[str, str | int | float]) -> bytes:
        """The line of a finished request. It is written for every request, so it avoids a LogRecord."""
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
    """The error and its causes, outermost first: type, place, and the text only of errors that cannot contain
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
    # Bypasses the buffer of sys.stdout: one write per line, so that processes can share a pipe.
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
        # Logging must not fail a request; the base class reports the error on standard error.
        except Exception:
            self.handleError(record)


def _not_slow_callback_warning(record: logging.LogRecord) -> bool:
    return "blocking the event loop" not in str(record.msg)


_requests: LineHandler | None = None


def write_request(fields: Mapping[str, str | int | float]) -> None:
    """Write the line of a finished request; nothing before `configure`, or if the level is above INFO."""
    if _requests is not None:
        _requests.write_request(fields)


def configure(
    service: str, role: str, level: str, write: Callable[[bytes], None] = _write_to_standard_output
) -> None:
    """Send all logs to standard output, replacing any earlier configuration.

    service, role: on every line; level: as in logging, "INFO" and so on.
    """
    # We never log the call site, and computing it is the most expensive part of a log record.
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
    # Drivers log every heartbeat and connection at their lower levels.
    for name in ("pymongo", "kafka", "urllib3"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # kafka-python warns about each callback above 0.1 s. No option changes that, and on a busy machine the
    # warnings fill the log.
    logging.getLogger("kafka.net.selector").addFilter(_not_slow_callback_warning)
    logging.captureWarnings(True)
