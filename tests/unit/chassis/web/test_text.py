"""What a text may consist of, and the fields that rest on it."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from chassis.web.messages import coded
from chassis.web.schemas import Day, MemberId, Schema, Text, Timestamp, UnitCode, Uuid, Vnd, page_schema
from chassis.web.text import _BLANK, _OTHER_THAN_LATIN, MOST_MARKS, RefusedCharacter, TooManyMarks, clean
from tests.support.hostile_values import TEXTS, cpu_seconds, every_mark


def test_vietnamese_typed_on_any_keyboard_is_the_same_text() -> None:
    decomposed = unicodedata.normalize("NFD", "Cải tiến quy trình sản xuất")

    assert clean(decomposed) == "Cải tiến quy trình sản xuất"


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u202f", "\u3000"])
def test_every_kind_of_space_is_the_plain_one(space: str) -> None:
    assert clean(f"{space}Tiết{space}kiệm điện{space}") == "Tiết kiệm điện"


@pytest.mark.parametrize(
    "character",
    [
        "\x00", "\x1b", "\x7f", "\x85", "\n", "\t", "\r",
        "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e",
        "\u202a", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c",
        "\u2028", "\u2029", "\ue000", "\ud800", "\ufffe", "\U0010ffff", "\ufdd0",
        "\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\U000e0041", "\U000e0100",
    ],
)  # fmt: skip
def test_a_character_that_is_not_seen_or_turns_the_text_is_refused(character: str) -> None:
    with pytest.raises(RefusedCharacter) as caught:
        clean(f"Sáng{character}kiến")

    assert caught.value.code_point == f"U+{ord(character):04X}"


@pytest.mark.parametrize(
    "text", ["Độ ẩm ≤ 5 %, ø 12 mm², 3 × 4 µm", "“Tự hào” – 100 000 ₫", "汉字", "Ⅳ", "👍🏽"]
)
def test_what_is_seen_is_kept(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


def test_an_emoji_newer_than_our_unicode_is_kept() -> None:
    assert clean("\U0001fae9") == "\U0001fae9"


def test_many_lines_keep_their_breaks_tabs_and_emoji() -> None:
    assert clean(" a\r\nb\rc\td ❤\ufe0f 👨\u200d👩\n", multiline=True) == "a\nb\nc\td ❤\ufe0f 👨\u200d👩"


@pytest.mark.parametrize("character", ["\x00", "\u202e", "\u200b", "\x0b", "\u3164"])
def test_many_lines_refuse_the_rest_too(character: str) -> None:
    with pytest.raises(RefusedCharacter):
        clean(f"a\n{character}b", multiline=True)


@given(st.text(), st.booleans())
def test_a_cleaned_text_stays_as_it_is(text: str, multiline: bool) -> None:
    try:
        cleaned = clean(text, multiline=multiline)
    except (RefusedCharacter, TooManyMarks):
        return

    assert clean(cleaned, multiline=multiline) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert multiline or "\n" not in cleaned


def test_what_is_not_looked_at_more_closely_has_no_mark_and_no_blank() -> None:
    plain = [chr(code) for code in range(sys.maxunicode) if not _OTHER_THAN_LATIN.search(chr(code))]

    assert not [sign for sign in plain if unicodedata.category(sign).startswith("M")]
    assert not [sign for sign in plain if _BLANK.search(sign)]
    assert not _OTHER_THAN_LATIN.search("Nghiêng mình “Tự hào” – 100 000 ₫ ≤ ½ ø Ưởng Ậ Ễ ■")


def test_every_mark_counts_wherever_it_stands() -> None:
    for mark in every_mark():
        with pytest.raises(TooManyMarks):
            clean("a" + mark * (MOST_MARKS + 1) + "b")


def test_as_many_marks_as_any_language_has_are_taken() -> None:
    typed = unicodedata.normalize("NFD", "Ưởng Ậ Ễ Ộ Ữ")

    assert clean(typed) == "Ưởng Ậ Ễ Ộ Ữ"
    assert clean("a" + "\u0323\u0302\u0309" + "b") == "ậ\u0309b"
    clean("กี่ ที่ क्षि བརྒྱད 각")


# What a body of 256 KiB holds of two-byte characters.
LONGEST = 130_000


@pytest.mark.parametrize("multiline", [False, True])
@pytest.mark.parametrize("shape", TEXTS)
def test_no_text_takes_long_however_it_is_made(shape: str, multiline: bool) -> None:
    def attempt(length: int) -> None:
        try:
            clean(TEXTS[shape](length), multiline=multiline)
        except (RefusedCharacter, TooManyMarks):
            return

    assert cpu_seconds(lambda: attempt(10_000), 0.004) < 0.004
    assert cpu_seconds(lambda: attempt(LONGEST), 0.04) < 0.04


@pytest.mark.parametrize("shape", TEXTS)
def test_a_field_looks_at_no_more_of_a_text_than_it_may_keep(shape: str) -> None:
    schema = Schema.from_dict({"text": Text(max_length=300)})()

    def load() -> None:
        with pytest.raises(ValidationError) as caught:
            schema.load({"text": text})
        assert coded(caught.value.messages_dict["text"][0]).code == "too-long"

    text = TEXTS[shape](LONGEST)
    assert cpu_seconds(load, 0.002) < 0.002


class ExampleSchema(Schema):
    title = Text(min_length=2, max_length=5)
    note = Text(max_length=10, multiline=True)
    member = MemberId()
    unit = UnitCode()
    id = Uuid()
    at = Timestamp()
    on = Day()
    amount = Vnd()


SCHEMA = ExampleSchema()


def code_of(**data: object) -> str:
    with pytest.raises(ValidationError) as caught:
        SCHEMA.load(data)
    (messages,) = caught.value.messages_dict.values()
    return coded(messages[0]).code


def test_good_values_are_read() -> None:
    loaded = SCHEMA.load(
        {
            "title": " ok ",
            "note": "a\nb",
            "member": "m-0123456789",
            "unit": "LD-HA-NOI",
            "id": "8D1F0000-0000-4000-8000-00000000000A",
            "at": "2022-05-31T23:59:00+07:00",
            "on": "2022-05-31",
            "amount": 10**15,
        }
    )

    assert loaded == {
        "title": "ok",
        "note": "a\nb",
        "member": "m-0123456789",
        "unit": "LD-HA-NOI",
        "id": "8d1f0000-0000-4000-8000-00000000000a",
        "at": datetime(2022, 5, 31, 16, 59, tzinfo=UTC),
        "on": date(2022, 5, 31),
        "amount": 10**15,
    }


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", 5, "not-a-text"),
        ("title", "", "required"),
        ("title", "\u00a0 ", "required"),
        ("title", "a", "too-short"),
        ("title", "abcdef", "too-long"),
        ("title", "a\u202eb", "refused-character"),
        ("title", "a" + "\u0301" * 11, "too-many-marks"),
        ("note", "a" + "\u0315\u0300\u0323" * 5, "too-many-marks"),
        ("title", "a" * 21, "too-long"),
        ("title", None, "null"),
        ("member", "m-123", "not-a-member-id"),
        ("member", "m-0123456789\n", "not-a-member-id"),
        ("member", 1, "not-a-member-id"),
        ("unit", "ld-ha-noi", "not-a-unit-code"),
        ("unit", "LD--NOI", "not-a-unit-code"),
        ("unit", "A" * 65, "not-a-unit-code"),
        ("unit", "LD-HA-NOI\n", "not-a-unit-code"),
        ("unit", {"$ne": 1}, "not-a-unit-code"),
        ("id", "8d1f", "not-a-uuid"),
        ("id", "{8d1f0000-0000-4000-8000-00000000000a}", "not-a-uuid"),
        ("id", 5, "not-a-uuid"),
        ("at", "2022-05-31T23:59:00", "not-a-timestamp"),
        ("at", 5, "not-a-timestamp"),
        ("on", "2022-5-31", "not-a-day"),
        ("on", "2022-02-30", "not-a-day"),
        ("on", 5, "not-a-day"),
        ("amount", -1, "not-an-amount"),
        ("amount", 1.0, "not-an-amount"),
        ("amount", "1", "not-an-amount"),
        ("amount", True, "not-an-amount"),
        ("amount", 10**15 + 1, "too-great"),
    ],
)
def test_a_bad_value_is_refused_with_its_code(field: str, value: object, code: str) -> None:
    assert code_of(**{field: value}) == code


def test_values_are_written_for_json() -> None:
    written = SCHEMA.dump({"at": datetime(2022, 5, 31, 16, 59, tzinfo=UTC), "on": date(2022, 5, 31)})

    assert written == {"at": "2022-05-31T16:59:00Z", "on": "2022-05-31"}
    assert SCHEMA.dump({"at": None, "on": "2022-05-31"}) == {"at": None, "on": "2022-05-31"}


def test_a_page_has_items_and_the_next_cursor() -> None:
    class OneSchema(Schema):
        code = fields.String()

    page = page_schema(OneSchema, "OnePage")()

    assert page.dump({"items": [{"code": "a", "secret": 1}], "next": None}) == {
        "items": [{"code": "a"}],
        "next": None,
    }
