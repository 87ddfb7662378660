"""Cursors: what was encoded comes back, anything else is refused."""

from __future__ import annotations

import base64
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.mongo.keyset import SORT_KEY
from chassis.problems import Problem
from chassis.web.cursors import decode, encode

ANY = re.compile(r"[\s\S]*")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), texts, min_size=1, max_size=4
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


def raw(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@given(values)
def test_a_cursor_gives_its_value_back(value: dict[str, str]) -> None:
    cursor = encode(value)

    assert decode(cursor, dict.fromkeys(value, ANY)) == value
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")


@given(st.text())
def test_any_text_is_a_cursor_or_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode(text, {"sort_key": ANY, "id": ANY})


@given(values, st.data())
def test_a_changed_cursor_never_gives_another_shape(value: dict[str, str], data: st.DataObject) -> None:
    cursor = encode(value)
    place = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:place] + data.draw(st.sampled_from("AQgw_-z0")) + cursor[place + 1 :]

    try:
        decoded = decode(changed, dict.fromkeys(value, ANY))
    except Problem:
        return
    assert decoded.keys() == value.keys()
    assert all(isinstance(part, str) for part in decoded.values())


@given(json_values)
def test_a_value_that_is_no_text_of_its_form_is_refused(value: object) -> None:
    cursor = raw(orjson.dumps({"before": value}))

    with pytest.raises(Problem, match="bad-cursor"):
        decode(cursor, {"before": SORT_KEY})


@pytest.mark.parametrize(
    "position",
    [
        "", "abc", "1e5", "\0", "$gt", "x" * 500, "000001653955200000",
        "000001653955200.", "-00001653955200.a",
        "000001653955200.a\n", " 000001653955200.a", "000001653955200.a b", "٠٠٠٠٠١٦٥٣٩٥٥٢٠٠.a",
        "000001653955200.\u00e0", "000001653955200." + "a" * 129, "999999999999999", "1653955200000.a",
    ],
)  # fmt: skip
def test_a_position_that_no_list_gives_out_is_refused(position: str) -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode(encode({"before": position}), {"before": SORT_KEY})


def test_a_position_that_a_list_gives_out_is_taken() -> None:
    position = "001653955200000.8d1f0000-0000-4000-8000-00000000000a"

    assert decode(encode({"before": position}), {"before": SORT_KEY}) == {"before": position}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"1", b"{", b'{"a":"1"}', b'{"a":"1","b":"2","c":"3"}', b'{"a":true,"b":"1"}',
     b'{"a":null,"b":"1"}', b'{"a":1,"b":"1"}', b'{"a":{"$ne":1},"b":"1"}', b'{"a":["x"],"b":"1"}'],
)  # fmt: skip
def test_a_cursor_of_another_shape_is_refused(content: bytes) -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode(raw(content), {"a": ANY, "b": ANY})


def test_a_cursor_is_bounded() -> None:
    with pytest.raises(Problem, match="bad-cursor"):
        decode("A" * 1025, {"a": ANY})
    with pytest.raises(ValueError, match="too long"):
        encode({"a": "x" * 1024})
