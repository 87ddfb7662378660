"""Every parser of text from outside, with any text: a value or the one kind of refusal, never another error.
And the API as a whole, asked at random for long: it keeps nothing of what it was asked.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

import contracts
from chassis.clock import local_day, parse_rfc3339, rfc3339
from chassis.events.codec import DecodeError, EventCodec
from chassis.problems import Problem, preferred_language
from chassis.tokens import Principal
from chassis.web.schemas import Day, MemberId, PageQuery, Text, Timestamp, UnitCode, Uuid, Vnd
from chassis.web.text import RefusedCharacter, clean
from tests.support import signed_tokens
from tests.support.signed_tokens import bearer, token, verifier
from tests.support.web_apps import example_app

TRUSTED = verifier()
GOOD = token()
# Bytes as a server hands them on: any of Latin-1, without those that end a header.
HEADER = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=300)
DIGITS = st.text("0123456789-+:.TZtz eE,;=\"W/*'١２_xa", max_size=40)
ANY_TEXT = st.one_of(st.text(max_size=200), HEADER, DIGITS)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(ANY_TEXT, inner, max_size=4)),
    max_leaves=12,
)
SEGMENT = st.one_of(st.text("ABCabc0129-_=", max_size=60), ANY_TEXT)


@given(DIGITS | ANY_TEXT)
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-14:00")
@example("9999-12-31T23:59:59.999999999Z")
def test_any_text_is_an_instant_with_a_day_of_its_own_or_none(text: str) -> None:
    try:
        instant = parse_rfc3339(text)
    except ValueError:
        return
    assert parse_rfc3339(rfc3339(instant)) == instant
    assert abs(local_day(instant) - instant.date()) <= timedelta(days=1)


@given(JSON)
@pytest.mark.parametrize(
    "field",
    [Text(), Text(multiline=True), MemberId(), UnitCode(), Uuid(), Timestamp(), Day(), Vnd()],
    ids=lambda field: type(field).__name__,
)
def test_any_value_of_json_is_one_of_a_field_or_refused(field: fields.Field[Any], value: Any) -> None:
    with suppress(ValidationError):
        field.deserialize(value)


@given(st.dictionaries(st.sampled_from(["cursor", "limit"]), JSON))
def test_any_query_is_a_page_or_refused(query: dict[str, Any]) -> None:
    try:
        page = PageQuery().load(query)
    except ValidationError:
        return
    assert 1 <= page["limit"] <= 100


@given(ANY_TEXT, st.booleans())
def test_a_text_that_is_taken_is_taken_again_as_it_is(text: str, multiline: bool) -> None:
    try:
        taken = clean(text, multiline=multiline)
    except RefusedCharacter:
        return
    assert clean(taken, multiline=multiline) == taken


@given(HEADER)
def test_any_header_prefers_a_language_that_there_is(text: str) -> None:
    assert preferred_language(text) in ("vi", "en")


@given(st.lists(SEGMENT, min_size=1, max_size=5).map(".".join))
def test_any_text_in_the_place_of_a_token_is_refused(text: str) -> None:
    assert verified(text) is None


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1))
    instead = data.draw(st.characters(codec="ascii").filter(lambda c: c != GOOD[place]))
    # The last character of a part holds bits that nobody reads; a decoder may take any of them.
    changed = GOOD[:place] + instead + GOOD[place + 1 :]
    principal = verified(changed)
    assert principal is None or (place + 1 == len(GOOD) and principal == verified(GOOD))


@given(JSON)
def test_any_signed_claims_make_a_principal_or_are_refused(claims: Any) -> None:
    whole = signed_tokens.claims()
    for name in ("sub", "grants", "name", "exp", "nbf", "iat", "aud", "iss", "client_id"):
        try:
            text = token(payload={**whole, name: claims})
        except (ValueError, TypeError):
            continue  # this library signs no such claim
        principal = verified(text)
        assert principal is None or isinstance(principal.subject, str)


def verified(text: str) -> Principal | None:
    """The principal of a token, None when it is refused with 401."""
    try:
        return TRUSTED.verify(text)
    except Problem as refused:
        if refused.type.status != 401:
            raise
        return None


HEADERS = (
    "Authorization",
    "Accept",
    "Accept-Language",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Forwarded",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Origin",
    "Range",
    "traceparent",
    "tracestate",
    "X-Forwarded-For",
    "X-HTTP-Method-Override",
    "X-Request-ID",
)
ROUTES = (("GET", "/v1/ideas"), ("POST", "/v1/ideas"), ("GET", "/v1/public"), ("POST", "/v1/keyed/x"))
EXAMPLE = example_app()


@given(st.sampled_from(ROUTES), st.dictionaries(st.sampled_from(HEADERS), HEADER, min_size=1, max_size=4))
def test_any_header_is_understood_or_refused_and_never_comes_back(
    route: tuple[str, str], headers: dict[str, str]
) -> None:
    method, path = route
    response = EXAMPLE.test_client().open(path, method=method, headers=headers, data=b"{}")

    assert response.status_code < 500
    for name, value in response.headers:
        assert value.isprintable(), name
        assert value.isascii(), name
    sent = {value for value in headers.values() if len(value) > 8 and not value.isascii()}
    assert not [value for value in sent if value in response.text]


CODEC = EventCodec(contracts.topics(), "/services/tests")
EVENT_HEADERS = (
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_sequence",
    "ce_dataschema",
    "content-type",
    "traceparent",
)
EVENT_HEADER = st.tuples(
    st.sampled_from(EVENT_HEADERS),
    st.one_of(st.binary(max_size=60), ANY_TEXT.map(lambda text: text.encode(errors="replace"))),
)


@given(st.sampled_from(sorted(contracts.topics())), st.lists(EVENT_HEADER, max_size=4), st.data())
@example("initiative.submitted", [("ce_time", b"0001-01-01T00:00:00+14:00")], None)
def test_a_good_event_with_any_headers_in_place_of_its_own_is_decoded_or_refused(
    topic: str, headers: list[tuple[str, bytes]], data: st.DataObject | None
) -> None:
    if contracts.topics()[topic].schema is None:
        return
    example = next(iter(contracts.examples(topic).valid.values()))
    now = parse_rfc3339("2022-05-30T08:15:00Z")
    good = CODEC.pending(topic, subject="s", data=example, sequence="000001.000000", now=now)
    value = good.value
    if data is not None and data.draw(st.booleans()):
        changed: dict[str, Any] = dict(example)
        changed[data.draw(st.sampled_from(sorted(changed)))] = data.draw(JSON)
        value = _dumped(changed) or value

    try:
        event = CODEC.decode(topic, b"s", value, [*good.headers, *headers])
    except DecodeError:
        return
    assert event.topic == topic


def _dumped(value: Any) -> bytes | None:
    try:
        return orjson.dumps(value)
    except TypeError:
        return None


# ── memory ──


def _requests(client: FlaskClient, chance: random.Random) -> None:
    def noise() -> str:
        return "".join(chance.choices("abcXYZ019-_.~ \u00e9", k=chance.randint(1, 60)))

    method = chance.choice(["GET", "POST", "PUT", "DELETE", noise().strip() or "X"])
    path = chance.choice(
        ["/v1/ideas", "/v1/me", "/v1/public", "/v1/keyed/x", f"/v1/versions/{noise()}", noise()]
    )
    headers = {name: noise() for name in chance.sample(HEADERS, 4)}
    if chance.random() < 0.3:
        headers["Authorization"] = f"Bearer {noise()}.{noise()}.{noise()}"
    if chance.random() < 0.1:
        headers |= bearer(f"m-{chance.randrange(10**9)}")
    body = chance.choice([b"{}", b"[" * 40, noise().encode(), b'{"title": "%s"}' % noise().encode()])
    response = client.open(f"/{path.lstrip('/')}?{noise()}", method=method, headers=headers, data=body)
    assert response.status_code < 500
    response.close()


def _grown(work: Callable[[int], None], rounds: int) -> int:
    """Bytes that are held after many rounds above those after few."""
    for number in range(rounds // 4):
        work(number)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(rounds):
            work(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def test_requests_of_every_kind_leave_no_memory_behind() -> None:
    client = example_app().test_client(use_cookies=False)
    chance = random.Random(20220531)

    grown = _grown(lambda _: _requests(client, chance), 1200)

    # Some hundred good tokens are remembered, a kilobyte each; a leak of one text per request shows as more.
    assert grown < 400_000, f"{grown:,} bytes"


def test_events_of_every_kind_leave_no_memory_behind() -> None:
    chance = random.Random(20220531)
    values = [b"{}", b"null", b"\xff", b'{"specversion":"1.0"}']

    def decode(_: int) -> None:
        headers = [(f"ce_{chance.randrange(1000)}", chance.randbytes(20)) for _ in range(4)]
        with suppress(DecodeError):
            CODEC.decode("unit.changed", chance.randbytes(9), chance.choice(values), headers)

    grown = _grown(decode, 4000)

    assert grown < 100_000, f"{grown:,} bytes"
