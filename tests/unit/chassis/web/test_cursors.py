"""Cursors: what was encoded comes back, anything else is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.problems import Problem
from chassis.web.cursors import decode, encode

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    texts | st.integers(min_value=-(2**63), max_value=2**63 - 1),
    min_size=1,
    max_size=4,
)


@given(values)
def test_a_cursor_gives_its_value_back(value: dict[str, str | int]) -> None:
    cursor = encode(value)

    assert decode(cursor, list(value)) == value
    assert decode(cursor, {name: type(part) for name, part in value.items()}) == value
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")


@given(st.text())
def test_any_text_is_a_cursor_or_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode(text, {"sort_key": str, "id": str})


@given(values, st.data())
def test_a_changed_cursor_never_gives_another_shape(value: dict[str, str | int], data: st.DataObject) -> None:
    cursor = encode(value)
    place = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:place] + data.draw(st.sampled_from("AQgw_-z0")) + cursor[place + 1 :]

    try:
        decoded = decode(changed, {name: type(part) for name, part in value.items()})
    except Problem:
        return
    assert decoded.keys() == value.keys()
    assert all(type(decoded[name]) is type(part) for name, part in value.items())


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"1", b"{", b'{"a":1}', b'{"a":1,"b":2,"c":3}', b'{"a":true,"b":1}', b'{"a":null,"b":1}',
     b'{"a":1.5,"b":1}', b'{"a":{"$ne":1},"b":1}', b'{"a":"x","b":1}'],
)  # fmt: skip
def test_a_cursor_of_another_shape_is_refused(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    with pytest.raises(Problem, match="bad-cursor"):
        decode(text, {"a": int, "b": int})


def test_a_cursor_is_bounded() -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode("A" * 1025, ["a"])
    with pytest.raises(ValueError, match="too long"):
        encode({"a": "x" * 1024})
