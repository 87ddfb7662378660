"""Personal data stays in the service that owns it: none in events, logs, metrics or public answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import contracts
from tests.support.journey import ACCOUNTS, MEMBER_IDS, Person, content, in_state, poll, submit
from tests.support.platform import RunningPlatform
from tests.support.records import events

UNIT, CAMPAIGN, AUTHOR = "HC-APATIT-VIET-NAM", "evaluation", "apatit.member"
EXTERNAL_AUTHOR = "Nguyễn Thị Người Ngoài Danh Bạ"
SERVICES = ("submission", "review", "stats", "notify")


@pytest.fixture(scope="module")
def confidential(seeded_platform: RunningPlatform) -> str:
    """The title of a submitted confidential initiative with an author from outside; it is in review."""
    body = content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR], confidential=True)
    body["authors"] = [
        {"member_id": MEMBER_IDS[AUTHOR], "share": "60.00", "lead": True},
        {"external_name": EXTERNAL_AUTHOR, "share": "40.00", "lead": False},
    ]
    with Person(seeded_platform, AUTHOR) as author:
        initiative = submit(author, body)["id"]
        poll("in review", lambda: in_state(author, initiative, "in_review"))
    return str(body["title"])


def personal(title: str) -> list[str]:
    names = [account["name"] for account in ACCOUNTS]
    addresses = [account["email"] for account in ACCOUNTS]
    return [*names, *addresses, EXTERNAL_AUTHOR, title]


def found_in(text: str, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_events_hold_no_personal_data(seeded_platform: RunningPlatform, confidential: str) -> None:
    secrets = personal(confidential)

    for topic in contracts.topics():
        for record in events(seeded_platform, topic):
            text = json.dumps(json.loads(record.value), ensure_ascii=False) + str(dict(record.headers))
            assert not found_in(text, secrets), topic


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("role", ["api", "worker"])
def test_logs_hold_no_personal_data(
    seeded_platform: RunningPlatform, confidential: str, service: str, role: str
) -> None:
    text = seeded_platform.log(f"{service}-{role}")

    assert text
    assert not found_in(text, personal(confidential))


def test_metrics_hold_no_personal_data(seeded_platform: RunningPlatform, confidential: str) -> None:
    secrets = personal(confidential) + list(MEMBER_IDS.values())

    for text in _metrics(seeded_platform):
        assert "http_request_seconds" in text or "outbox_lanes" in text
        assert not found_in(text, secrets)


def test_the_gateway_hides_health_and_metrics(seeded_platform: RunningPlatform) -> None:
    with Person(seeded_platform) as public:
        for service in SERVICES:
            for path in ("metrics", "livez", "readyz"):
                answer = public.http.get(f"/api/{service}/{path}")
                assert answer.status_code == 404, (service, path)


def _metrics(platform: RunningPlatform) -> Iterator[str]:
    with Person(platform) as public:
        for service in SERVICES:
            for role in ("api", "worker"):
                address = platform.control.addresses.host(f"{service}-{role}")
                yield public.http.get(f"http://{address}/metrics").text
