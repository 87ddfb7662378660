"""W3C trace context in and out."""

from __future__ import annotations

import threading
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import tracing
from chassis.tracing import TraceContext

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def hex_digits(length: int) -> st.SearchStrategy[str]:
    return st.integers(min_value=1, max_value=16**length - 1).map(lambda number: f"{number:0{length}x}")


contexts = st.builds(TraceContext, hex_digits(32), hex_digits(16), st.booleans())


@given(contexts)
def test_a_context_survives_its_header(context: TraceContext) -> None:
    assert tracing.parse(tracing.header(context)) == context


@given(st.text())
def test_any_text_is_a_context_or_nothing_and_never_an_error(text: str) -> None:
    parsed = tracing.parse(text)

    assert parsed is None or tracing.header(parsed)[:52] == "00" + text[2:52]


@given(contexts, st.integers(min_value=1, max_value=254), st.sampled_from(["", "-", "-more-parts"]))
def test_a_later_version_may_carry_more_parts(context: TraceContext, version: int, more: str) -> None:
    header = f"{version:02x}" + tracing.header(context)[2:] + more

    assert tracing.parse(header) == context


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_an_invalid_header_gives_no_context(header: str | None) -> None:
    assert tracing.parse(header) is None


def test_a_child_keeps_the_trace_and_gets_a_span_of_its_own() -> None:
    parent = TraceContext(TRACE, SPAN, False)

    child = tracing.child(parent)

    assert (child.trace_id, child.sampled) == (TRACE, False)
    assert child.span_id != SPAN
    assert tracing.parse(tracing.header(child)) == child


def test_an_id_of_zeros_is_drawn_again() -> None:
    draws = [bytes(24), bytes(8), b"\x01" * 24, bytes(8), b"\x02" * 8]
    with patch("chassis.tracing.os.urandom", side_effect=lambda size: draws.pop(0)) as urandom:
        draws.pop(1)
        fresh = tracing.new()
        child = tracing.child(fresh)

    assert fresh == TraceContext("01" * 16, "01" * 8, True)
    assert child.span_id == "02" * 8
    assert urandom.call_count == 4


def test_a_context_is_current_within_its_block_and_thread_only() -> None:
    context = tracing.new()
    seen: list[TraceContext | None] = []

    with tracing.use(context):
        assert tracing.current() == context
        thread = threading.Thread(target=lambda: seen.append(tracing.current()))
        thread.start()
        thread.join()

    assert seen == [None]
    assert tracing.current() is None
