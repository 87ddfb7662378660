"""Personal data stays in the service that owns it: none in events, logs, metrics or public answers."""

from __future__ import annotations

import itertools
import json
import socket
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from kafka import KafkaConsumer

import contracts
from tests.support.journey import (
    ACCOUNTS,
    MEMBER_IDS,
    Person,
    content,
    decide,
    in_state,
    poll,
    submit,
    withdraw,
)
from tests.support.platform import RunningPlatform
from tests.support.records import events

# What is looked into here is behind the gateway.
pytestmark = pytest.mark.tiers("embedded", "apache")

UNIT, CAMPAIGN, AUTHOR = "HC-APATIT-VIET-NAM", "evaluation", "apatit.member"
EXTERNAL_AUTHOR = "Nguyễn Thị Người Ngoài Danh Bạ"
# What people write about themselves and others, where they should not; it stays where it was written.
WRITTEN = "Hỏi chị Vân Anh, số 0912 345 678, thư van.anh@nha-rieng.example"
SEARCHED = "0987654321"
# In the query and the headers of answers that are broken off, and of a request while its service is down.
BROKEN_OFF, WHILE_DOWN = "khi-mat-mang-0356", "khi-dich-vu-dung-0388"
SERVICES = ("submission", "review", "stats", "notify")


@pytest.fixture(scope="module")
def confidential(seeded_platform: RunningPlatform) -> str:
    """The title of a submitted confidential initiative with an author from outside; it is in review."""
    body = content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR], confidential=True)
    body["authors"] = [
        {"member_id": MEMBER_IDS[AUTHOR], "share": "60.00", "lead": True},
        {"external_name": EXTERNAL_AUTHOR, "share": "40.00", "lead": False},
    ]
    body |= dict.fromkeys(("problem", "solution", "novelty", "applicability", "conditions"), WRITTEN)
    item = {"pointer": "#/problem", "code": "too-vague", "text": WRITTEN}
    asked = {"decision": "request_revision", "text": WRITTEN, "items": [item]}
    with Person(seeded_platform, AUTHOR) as author, Person(seeded_platform, "apatit.support") as support:
        initiative = submit(author, body)["id"]
        decide(support, initiative, 1, asked)
        poll("to revise", lambda: in_state(author, initiative, "revision_requested"))
        withdraw(author, initiative)
        # Also what only passes by: a search, a path and headers that nobody expects.
        author.get("/api/submission/v1/units", q=SEARCHED)
        author.http.get(f"/api/submission/v1/receipts/{SEARCHED}", headers={"X-Request-ID": "0912 345 678"})
        author.http.get(f"/api/review/v1/{SEARCHED}", headers={"traceparent": SEARCHED})
    broken_off(seeded_platform)
    while_down(seeded_platform)
    return str(body["title"])


def broken_off(platform: RunningPlatform) -> None:
    """Answers of services, issuer and mailbox whose client goes away by a reset before or while they come."""
    gateway = urlsplit(platform.gateway)
    paths = ("/api/submission/v1/openapi.json", "/api/stats/v1/openapi.json", "/auth/authorize", "/mail/")
    for path, taken in itertools.product(paths, (0, 1)):
        with socket.create_connection((gateway.hostname, gateway.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            head = f"GET {path}?ui_locales={BROKEN_OFF} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {BROKEN_OFF}\r\n"
            connection.sendall(f"{head}User-Agent: {BROKEN_OFF}\r\n\r\n".encode())
            connection.recv(taken)


def while_down(platform: RunningPlatform) -> None:
    platform.kill("stats-api")
    with platform.client(**{"X-Api-Key": WHILE_DOWN, "User-Agent": WHILE_DOWN}) as client:
        answer = client.get(f"/api/stats/v1/units/TLD/progress?campaign={WHILE_DOWN}")
    # The supervisor may have started it again: the campaign is unknown then.
    assert answer.status_code in (404, 502, 503)
    platform.wait_ready("stats-api")


def personal(title: str) -> list[str]:
    names = [account["name"] for account in ACCOUNTS]
    addresses = [account["email"] for account in ACCOUNTS]
    return [
        *names,
        *addresses,
        EXTERNAL_AUTHOR,
        WRITTEN,
        "Vân Anh",
        "0912 345 678",
        title,
        BROKEN_OFF,
        WHILE_DOWN,
    ]


def found_in(text: str, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_events_hold_no_personal_data(seeded_platform: RunningPlatform, confidential: str) -> None:
    secrets = personal(confidential)

    seen = 0
    for topic in contracts.topics():
        for record in events(seeded_platform, topic):
            value = record.value.decode(errors="replace")
            # Letters may stand as they are or as escapes; as JSON they are what they are.
            text = json.dumps(json.loads(value), ensure_ascii=False) if value else ""
            assert not found_in(f"{value}{text}{record.key}{dict(record.headers)}", secrets), topic
            seen += 1
    assert seen


def test_the_log_of_events_has_no_topic_but_those_of_the_contracts(seeded_platform: RunningPlatform) -> None:
    consumer = KafkaConsumer(bootstrap_servers=seeded_platform.kafka_bootstrap)
    try:
        topics = {topic for topic in consumer.topics() if not topic.startswith("__")}
    finally:
        consumer.close()

    assert topics == set(contracts.topics())


def test_logs_of_every_process_hold_no_personal_data(
    seeded_platform: RunningPlatform, confidential: str
) -> None:
    names = seeded_platform.process_names

    assert {f"{service}-{role}" for service in SERVICES for role in ("api", "worker")} <= set(names)
    for name in names:
        found = found_in(seeded_platform.log(name), [*personal(confidential), SEARCHED])
        # The gateway's log holds the paths that were asked for; a path holds what a client puts into it.
        assert set(found) <= ({SEARCHED} if name == "gateway" else set()), name


def test_metrics_hold_no_personal_data(seeded_platform: RunningPlatform, confidential: str) -> None:
    secrets = [*personal(confidential), SEARCHED, *MEMBER_IDS.values()]

    for text in _metrics(seeded_platform):
        assert "http_request_seconds" in text or "outbox_lanes" in text
        assert not found_in(text, secrets)


def _metrics(platform: RunningPlatform) -> Iterator[str]:
    with Person(platform) as public:
        for service in SERVICES:
            for role in ("api", "worker"):
                address = platform.control.addresses.host(f"{service}-{role}")
                yield public.http.get(f"http://{address}/metrics").text
