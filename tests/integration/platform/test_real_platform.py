"""The whole platform as it is started by `make up`, seen through the gateway and the operators' command."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from click.testing import CliRunner

import contracts
from sangkienctl import dead_letters
from sangkienctl.cli import main
from sangkienctl.kafka_access import KafkaAccess
from sangkienctl.remote import RemotePlatform
from sangkienctl.seed import seed_programme
from sangkienctl.seed.sample import Sample
from tests.support.platform import RunningPlatform
from tests.support.processes import wait_until

# The operators' side of the embedded default; what the platform does is shown on every tier by tests/e2e.
pytestmark = pytest.mark.tiers("embedded")


@pytest.fixture
def browser(platform: RunningPlatform) -> Iterator[httpx.Client]:
    with platform.client() as client:
        yield client


@pytest.fixture
def kafka(platform: RunningPlatform) -> KafkaAccess:
    return KafkaAccess(kafka_bootstrap=platform.kafka_bootstrap)


def sangkienctl(platform: RunningPlatform, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["--home", str(platform.control.home.path), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_everything_is_ready_and_the_record_says_where_it_is(platform: RunningPlatform) -> None:
    assert all(status.ready for status in platform.control.status())
    assert platform.record["state"] == "ready"
    assert set(platform.record["processes"]) == set(platform.process_names)


def test_a_second_start_is_ready_at_once_and_restarts_nothing(platform: RunningPlatform) -> None:
    pids = {status.name: status.pid for status in platform.control.status()}

    platform.control.start()

    assert {status.name: status.pid for status in platform.control.status()} == pids


def test_every_topic_is_there_and_applying_again_changes_nothing(platform: RunningPlatform) -> None:
    assert "all topics are as declared" in sangkienctl(platform, "topics", "apply")
    lag = sangkienctl(platform, "lag")
    assert all(service in lag for service in ("submission", "review", "stats", "notify"))


def test_a_person_signs_in_at_the_gateway_and_a_service_takes_the_token(
    platform: RunningPlatform, browser: httpx.Client
) -> None:
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    callback = f"{platform.gateway}/"
    query = {
        "response_type": "code",
        "client_id": "portal",
        "redirect_uri": callback,
        "scope": "openid profile",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/auth/authorize", params=query).text)
    assert token is not None
    form = {"username": "apatit.member", "password": "sang-kien-demo", "csrf_token": token[1]}

    sent_back = browser.post("/auth/authorize", params=query, data=form)
    code = parse_qs(urlsplit(sent_back.headers["Location"]).query)["code"][0]
    exchange = {
        "grant_type": "authorization_code",
        "client_id": "portal",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    access = browser.post("/auth/token", data=exchange).json()["access_token"]
    inbox = browser.get("/api/notify/v1/inbox", headers={"Authorization": f"Bearer {access}"})

    assert inbox.status_code == 200
    assert browser.get("/api/notify/v1/inbox").status_code == 401


def test_discovery_at_the_public_address_leads_to_the_keys(browser: httpx.Client) -> None:
    document = browser.get("/auth/.well-known/openid-configuration").json()

    keys = browser.get(urlsplit(document["jwks_uri"]).path).json()["keys"]

    assert document["issuer"] == str(browser.base_url).rstrip("/") + "/auth"
    assert [key["alg"] for key in keys] == ["ES256"]


@pytest.mark.parametrize("service", ["submission", "review", "stats", "notify"])
def test_each_service_serves_its_openapi_document(browser: httpx.Client, service: str) -> None:
    document = browser.get(f"/api/{service}/v1/openapi.json").json()

    assert document["openapi"].startswith("3.1")


def test_loading_the_programme_again_by_its_public_address_changes_nothing(
    seeded_platform: RunningPlatform,
) -> None:
    control = seeded_platform.control
    elsewhere = RemotePlatform(seeded_platform.gateway, token=control.service_token("admin"))
    path = "/api/submission/v1/units/HC-APATIT-VIET-NAM"
    with seeded_platform.client("tld.admin") as client:
        before = client.get(path)
        began = time.monotonic()
        seed_programme(elsewhere)
        after = client.get(path)

        campaigns = client.get("/api/submission/v1/campaigns").json()["items"]

    assert before.status_code == 200
    assert before.headers.get("ETag") == after.headers.get("ETag")
    assert {"phase-1", "peak-40-days", "phase-2", "evaluation"} <= {entry["id"] for entry in campaigns}
    assert time.monotonic() - began < 60


def test_the_targets_of_the_sample_are_published(seeded_platform: RunningPlatform) -> None:
    target = next(entry for entry in Sample().targets if entry["campaign"] == "phase-1")

    with seeded_platform.client() as client:
        answer = client.get(
            f"/api/stats/v1/units/{target['unit']}/progress", params={"campaign": target["campaign"]}
        )

    assert answer.json()["target"] == target["target"]


def test_a_dead_letter_is_listed_shown_and_replayed_or_discarded(
    platform: RunningPlatform, kafka: KafkaAccess
) -> None:
    poison(kafka, "initiative.submitted", b"not json", count=2)
    groups = contracts.topics()["initiative.submitted"].consumers
    group = groups[0]
    await_letters(kafka, group, 2)

    letter = dead_letters.pending(kafka, group, 10)[0]
    assert letter.value == b"not json"
    assert letter.topic == "initiative.submitted"
    assert "not json" in sangkienctl(platform, "dlq", "show", group, str(letter.offset))
    assert group in sangkienctl(platform, "dlq", "list", group)

    # Replayed, it is poison still: it comes back as the newest letter.
    assert "1 sent again" in sangkienctl(platform, "dlq", "replay", group)
    await_letters(kafka, group, 2)
    assert "2 discarded" in sangkienctl(platform, "dlq", "discard", group, "--count", "2", "--yes")
    assert dead_letters.pending(kafka, group, 10) == []
    for other in groups[1:]:
        await_letters(kafka, other, 3)
        dead_letters.discard(kafka, other, 10)


def await_letters(access: KafkaAccess, group: str, count: int) -> None:
    wait_until(
        lambda: len(dead_letters.pending(access, group, 10)) == count,
        f"{count} letters of {group}",
        seconds=60,
    )


def poison(access: KafkaAccess, topic: str, value: bytes, count: int) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=access.kafka_bootstrap, acks="all")
    for _ in range(count):
        producer.send(topic, key=b"poison", value=value).get(timeout=20)
    producer.close()


def test_an_unknown_group_names_those_that_are_there(kafka: KafkaAccess) -> None:
    from sangkienctl.home import PlatformError

    with pytest.raises(PlatformError, match=r"there are .*stats"):
        dead_letters.pending(kafka, "nobody", 1)


@pytest.mark.parametrize("name", ["issuer", "mailbox", "gateway"])
def test_a_killed_engine_comes_back_by_itself(platform: RunningPlatform, name: str) -> None:
    killed = platform.kill(name)

    platform.wait_ready(name)

    assert platform.control.pid(name) != killed


def test_a_token_outlives_the_issuer_that_gave_it(platform: RunningPlatform) -> None:
    token = platform.control.token("apatit.member")
    platform.kill("issuer")
    platform.wait_ready("issuer")

    with platform.client() as client:
        answer = client.get("/api/notify/v1/inbox", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200


def test_no_log_holds_a_token_a_password_or_a_mail_address(seeded_platform: RunningPlatform) -> None:
    token = seeded_platform.token("apatit.member")

    for log in seeded_platform.control.home.logs.glob("*.log"):
        text = log.read_text(errors="replace")
        assert token not in text, log.name
        assert "sang-kien-demo" not in text, log.name
        assert "apatit.member@" not in text, log.name
