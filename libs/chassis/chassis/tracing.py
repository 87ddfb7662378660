"""W3C trace context (https://www.w3.org/TR/trace-context/): parses, creates and stores the current one. It
exports no spans; logs, outbox and Kafka records carry the ids.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import NamedTuple

HEADER = "traceparent"

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


class TraceContext(NamedTuple):
    """trace_id: 32 and span_id: 16 lower-case hex digits, neither all zero."""

    trace_id: str
    span_id: str
    sampled: bool


_current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def parse(header: str | None) -> TraceContext | None:
    """The context of a `traceparent` header, or None if it is absent or invalid. As the standard requires,
    unknown versions may have more parts."""
    if header is None:
        return None
    match = _TRACEPARENT.fullmatch(header)
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or trace_id == _NO_TRACE or span_id == _NO_SPAN or (version == "00" and more):
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & 1))


def new() -> TraceContext:
    """A new trace."""
    # One system call for both ids. A zero id (probability 2**-64) is invalid, so draw again.
    digits = os.urandom(24).hex()
    trace_id, span_id = digits[:32], digits[32:]
    return new() if trace_id == _NO_TRACE or span_id == _NO_SPAN else TraceContext(trace_id, span_id, True)


def child(ctx: TraceContext) -> TraceContext:
    """The same trace with a new span."""
    span_id = os.urandom(8).hex()
    return child(ctx) if span_id == _NO_SPAN else TraceContext(ctx.trace_id, span_id, ctx.sampled)


def header(ctx: TraceContext) -> str:
    """The value of the `traceparent` header."""
    return f"00-{ctx.trace_id}-{ctx.span_id}-{'01' if ctx.sampled else '00'}"


def current() -> TraceContext | None:
    """The context of the request or record that this thread is handling; None outside of one."""
    return _current.get()


def set_current(ctx: TraceContext | None) -> Token[TraceContext | None]:
    """Make `ctx` current until `reset`; `use` is the safer form."""
    return _current.set(ctx)


def reset(token: Token[TraceContext | None]) -> None:
    _current.reset(token)


@contextmanager
def use(ctx: TraceContext | None) -> Iterator[None]:
    """Make `ctx` current within the block."""
    token = _current.set(ctx)
    try:
        yield
    finally:
        _current.reset(token)
