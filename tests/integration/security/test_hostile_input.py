"""What attackers and broken keyboards put into requests: at every text of every body, in queries, in paths.
It is refused with its place named, or kept in its one canonical form; it is never an error of ours and never
an operator of the database.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.four_services import CAMPAIGN_FACTS, UNIT, FourServices
from tests.support.whole_bodies import (
    EVERYTHING,
    UNIT_BODY,
    Body,
    bodies,
    changed,
    fragment,
    leaves,
    refused_at,
    send,
    send_raw,
    texts,
    value_at,
)

pytestmark = pytest.mark.tiers("embedded")

OPERATORS: Mapping[str, Any] = {
    "not equal": {"$ne": None},
    "greater": {"$gt": ""},
    "regex": {"$regex": ".*"},
    "where": {"$where": "while(true){}"},
    "expression": {"$expr": {"$function": {"body": "function(){}", "args": [], "lang": "js"}}},
    "set": {"$set": {"state": "approved"}},
    "list": ["a", "b"],
    "list of operators": [{"$gt": ""}],
}
# Not seen or not what they seem; none of them has a place in any text, of one line or of many.
UNSEEN = {
    "NUL": "\0",
    "escape": "\x1b[31m",
    "C1 control": "\x85",
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\xad",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "Arabic letter mark": "\u061c",
    "line separator": "\u2028",
    "tag character": "\U000e0041",
    "private use": "\ue000",
    "noncharacter": "\uffff",
    "Hangul filler": "\u3164",
}


def test_the_bodies_below_have_every_text_that_the_documents_know(services: FourServices) -> None:
    for body in bodies(services):
        document: Any = services.client(body.service).get("/v1/openapi.json").json
        known = set(_described(document, _request_schema(document, body)))
        asked = {tuple("*" if isinstance(p, int) else p for p in pointer) for pointer in leaves(body.body)}
        unasked = known - asked
        # A map of choices has names of its own; numbers that exclude the decision asked for have no text.
        allowed = {("mail", "*"), ("expected_level",), ("verified_benefit_vnd",)}
        assert unasked <= allowed, (str(body), unasked)


def test_an_operator_in_the_place_of_a_value_is_no_value(services: FourServices) -> None:
    for body in bodies(services):
        for pointer in leaves(body.body):
            for name, operator in OPERATORS.items():
                answer = send(services, body, changed(body.body, pointer, operator))
                assert answer.status_code == 422, (str(body), pointer, name, answer.text)
                assert any(at.startswith(fragment(pointer)) for at in refused_at(answer)), (pointer, name)


def test_an_operator_beside_the_values_is_an_unknown_property(services: FourServices) -> None:
    for body in bodies(services):
        for name in ("$where", "$set", "authors.0.member_id", "__proto__", "_id", "owner", "state", "\0"):
            answer = send(services, body, {**body.body, name: {"$gt": ""}})
            assert answer.status_code == 422, (str(body), name, answer.text)


def test_a_body_that_is_no_object_is_refused(services: FourServices) -> None:
    for body in bodies(services):
        for value in ("[]", '[{"$gt": ""}]', '"x"', "1", "null", "true"):
            answer = send_raw(services, body, value)
            assert answer.status_code == 422, (str(body), value, answer.text)


def test_what_cannot_be_seen_is_refused_in_every_text(services: FourServices) -> None:
    for body in bodies(services):
        for pointer in texts(body.body):
            for name, trap in UNSEEN.items():
                value = value_at(body.body, pointer)
                answer = send(services, body, changed(body.body, pointer, value[:1] + trap + value[1:]))
                assert answer.status_code == 422, (str(body), pointer, name, answer.text)
                assert fragment(pointer) in refused_at(answer), (str(body), pointer, name, answer.text)


@pytest.mark.parametrize("escaped", [r"\ud800", r"\udfff", r"\ud800A", r"\udc00\ud800"])
def test_half_a_character_is_no_json(services: FourServices, escaped: str) -> None:
    client = services.client("submission")
    headers = EVERYTHING | {"Idempotency-Key": "k", "Content-Type": "application/json"}

    answer = client.post("/v1/initiatives", data=f'{{"title": "{escaped}"}}', headers=headers)

    assert answer.status_code == 400
    assert (answer.json or {})["code"] == "malformed-json"


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xff\xfe", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80"])
def test_what_is_no_utf_8_is_no_json(services: FourServices, raw: bytes) -> None:
    headers = EVERYTHING | {"Idempotency-Key": "k", "Content-Type": "application/json"}

    answer = services.client("submission").post(
        "/v1/initiatives", data=b'{"title": "' + raw + b'"}', headers=headers
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400, "NaN", "Infinity", "18446744073709551616"])
def test_a_number_out_of_all_bounds_is_refused_in_every_body(services: FourServices, number: str) -> None:
    for body in bodies(services):
        for name in body.body:
            answer = send_raw(services, body, f'{{"{name}": {number}}}')
            assert answer.status_code in (400, 422), (str(body), name, answer.text)


DAYS = [
    "0001-01-01",
    "9999-12-31",
    "0000-00-00",
    "2022-02-30",
    "２０２２-03-01",
    "2022-03-01T00:00:00Z",
    "-1",
]
MOMENTS = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "2022-05-31T24:00:00Z",
    "2022-05-31T23:59:60Z",
    "2022-05-31T10:00:00+99:99",
    "2022-05-31T10:00:00",
]


def test_the_ends_of_the_calendar_are_no_error_of_ours(services: FourServices) -> None:
    for body in bodies(services):
        for pointer in texts(body.body):
            if value_at(body.body, pointer)[:3] not in ("202", "203"):
                continue
            for value in (*DAYS, *MOMENTS):
                answer = send(services, body, changed(body.body, pointer, value))
                assert answer.status_code < 500, (str(body), pointer, value, answer.text)
        services.forget("draft", "submitted", "case")
    for day in DAYS:
        for path, query in (
            ("progress", {"as_of": day}),
            ("children", {"as_of": day}),
            ("timeline", {"from": day}),
            ("timeline", {"to": day}),
            ("timeline", {"from": "0001-01-01", "to": day}),
        ):
            answer = services.ask(
                "stats", "GET", f"/v1/units/{UNIT}/{path}", {}, query={"campaign": "phase-1", **query}
            )
            assert answer.status_code < 500, (path, query, answer.text)


def test_a_campaign_at_the_end_of_the_calendar_does_not_break_its_readers(services: FourServices) -> None:
    for name, value in (("opens_at", "0002-01-01T00:00:00Z"), ("closes_at", "9998-12-31T23:59:59Z")):
        id = f"c-{uuid.uuid4().hex[:8]}"
        made = services.ask(
            "submission", "PUT", f"/v1/campaigns/{id}", EVERYTHING, body={**CAMPAIGN_FACTS, name: value}
        )
        assert made.status_code == 200, made.text
        sent = services.content(campaign=id) | {"submit": True}
        tried = services.ask("submission", "POST", "/v1/initiatives", EVERYTHING, body=sent)
        assert tried.status_code < 500, tried.text


def test_a_text_is_kept_in_one_form_however_it_was_typed(services: FourServices) -> None:
    title = "Cải tiến đồ gá để giảm thời gian gá đặt"
    typed = [title, unicodedata.normalize("NFD", title), f"  {title}\u3000", title.replace(" ", "\xa0")]

    kept = set()
    for form in typed:
        made = services.initiative(submit=True, title=form)
        seen: Any = services.ask("submission", "GET", f"/v1/initiatives/{made['id']}", EVERYTHING).json
        kept.add(seen["content"]["title"])

    assert kept == {title}


@pytest.mark.parametrize(
    "query", ["hóa chất", "HOA CHAT", unicodedata.normalize("NFD", "Hóa chất"), "ho\u200bá chat\x00", "хоа"]
)
def test_a_search_takes_any_text(services: FourServices, query: str) -> None:
    answer = services.ask("submission", "GET", "/v1/units", {}, query={"q": query})

    assert answer.status_code in (200, 422)
    if query.isascii() or unicodedata.normalize("NFC", query) == "hóa chất":
        assert UNIT in {unit["code"] for unit in (answer.json or {})["items"]}


# As Latin letters to the eye: С, Т, О, А and е are Cyrillic; the last has full-width letters.
LOOK_ALIKES = ["СT-HOA-CHAT", "CТ-HOA-CHAT", "CT-HОA-CHAT", "CT-HOA-CHАT", "ＣＴ-HOA-CHAT"]


@pytest.mark.parametrize("code", LOOK_ALIKES)
def test_a_code_that_only_looks_like_another_is_not_that_code(services: FourServices, code: str) -> None:
    asked = [
        services.ask("submission", "POST", "/v1/initiatives", EVERYTHING, body=services.content(unit=code)),
        services.ask("submission", "PUT", f"/v1/units/{code}", EVERYTHING, body=UNIT_BODY),
        services.ask("submission", "GET", "/v1/initiatives", EVERYTHING, query={"unit": code}),
        services.ask("review", "GET", "/v1/cases", EVERYTHING, query={"unit": code}),
    ]
    assert [answer.status_code for answer in asked] == [422] * 4
    absent = [
        services.ask("submission", "GET", f"/v1/units/{code}", {}),
        services.ask("stats", "GET", f"/v1/units/{code}/progress", {}, query={"campaign": "phase-1"}),
        services.ask("stats", "GET", f"/v1/targets/phase-1/{code}", {}),
    ]
    assert [answer.status_code for answer in absent] == [404] * 3


@pytest.mark.parametrize("member", ["m-аuth0r0001", "m-auth0r000１", "M-AUTH0R0001", "m-auth0r0001\n", "$ne"])
def test_a_member_that_only_looks_like_another_is_not_that_member(
    services: FourServices, member: str
) -> None:
    author = {"member_id": member, "share": "100.00", "lead": True}

    answer = services.ask(
        "submission", "POST", "/v1/initiatives", EVERYTHING, body=services.content(authors=[author])
    )

    assert refused_at(answer) == {"#/authors/0/member_id"}


PARTS = [
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "%7B%22%24ne%22%3Anull%7D",
    "%ED%A0%80",
    "%FF%FE",
    "%0d%0aSet-Cookie:%20a=b",
    "%E2%80%AE",
    "x" * 3000,
    "%25s%25n",
    "${jndi:ldap://127.0.0.1/a}",
    "{0.__class__}",
    "'%20OR%20'1'='1",
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part[:30])
def test_a_part_of_a_path_is_only_ever_unknown(services: FourServices, part: str) -> None:
    for service, app in services.apps().items():
        for rule in app.url_map.iter_rules():
            if not rule.arguments:
                continue
            path = rule.rule
            for argument in rule.arguments:
                for kind in ("string", "uuid"):
                    path = path.replace(f"<{kind}:{argument}>", part)
            query = {"campaign": "phase-1"} if path.startswith("/v1/units/") and service == "stats" else None
            for method in (rule.methods or set()) & {"GET", "DELETE"}:
                answer = services.ask(service, method, path, EVERYTHING, query=query, version=1)
                # Erasing a person of whom nothing is known is done at once.
                expected = (404, 204) if method == "DELETE" else (404,)
                assert answer.status_code in expected, (service, method, path, answer.text)
                assert "Set-Cookie" not in answer.headers


QUERIES = [
    "cursor=%00",
    "cursor=eyIkbmUiOm51bGx9",
    "limit=-1",
    "limit=1e9",
    "limit=99999999999999999999999",
    "limit=" + "9" * 5000,
    "cursor=" + "A" * 5000,
    "limit=1&limit=2",
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:30])
def test_a_query_is_refused_or_answered(services: FourServices, query: str) -> None:
    for service, path in (
        ("submission", "/v1/initiatives"),
        ("submission", "/v1/units"),
        ("review", "/v1/cases"),
        ("notify", "/v1/inbox"),
    ):
        answer = services.client(service).get(f"{path}?{query}", headers=EVERYTHING)
        expected = (200,) if query == "limit=1&limit=2" else (400, 422)
        assert answer.status_code in expected, (service, path, answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "cursor[$ne]=x",
        "state[$ne]=draft",
        "unit[$gt]=",
        "$where=1",
        "limit[]=1",
        "zz=1",
        "LIMIT=1",
        "=1",
        "q%00=1",
    ],
)
def test_a_name_that_no_query_has_is_refused_everywhere(services: FourServices, query: str) -> None:
    asked = 0
    for service, app in services.apps().items():
        document: Any = services.client(service).get("/v1/openapi.json").json
        rules = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule): rule for rule in app.url_map.iter_rules()}
        for path, operations in document["paths"].items():
            assert path in rules
            known = path.replace("{campaign}", "phase-1").replace("{unit}", UNIT).replace("{code}", UNIT)
            known = known.replace("{offset}", "1")
            known = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", known)
            for method in set(operations) - {"parameters"}:
                answer = services.client(service).open(f"{known}?{query}", method=method, headers=EVERYTHING)

                assert answer.status_code == 422, (service, method, path, answer.text)
                assert {error["code"] for error in (answer.json or {})["errors"]} == {"unknown-parameter"}
                asked += 1
    assert asked > 25


def _request_schema(document: Any, body: Body) -> Any:
    for path, methods in document["paths"].items():
        pattern = [part if not part.startswith("{") else None for part in path.split("/")]
        asked = body.template.split("/")
        if len(pattern) == len(asked) and all(p in (None, a) for p, a in zip(pattern, asked, strict=True)):
            operation = methods.get(body.method.lower())
            # /v1/contacts/me also fits the pattern of any contact.
            if operation and (None not in pattern or body.template not in document["paths"]):
                return operation["requestBody"]["content"]["application/json"]["schema"]
    raise LookupError(str(body))


def _described(document: Any, schema: Any, pointer: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of all values that a schema describes; "*" for any index or name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _described(document, document["components"]["schemas"][name], pointer)
        return
    inner = [*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())]
    nested = bool(inner) or "properties" in schema or "items" in schema
    for part in inner:
        if part.get("type") != "null":
            yield from _described(document, part, pointer)
    for name, value in schema.get("properties", {}).items():
        yield from _described(document, value, (*pointer, name))
    if "items" in schema:
        yield from _described(document, schema["items"], (*pointer, "*"))
    if isinstance(schema.get("additionalProperties"), dict):
        nested = True
        yield from _described(document, schema["additionalProperties"], (*pointer, "*"))
    if not nested:
        yield pointer
