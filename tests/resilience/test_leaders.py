"""Three Kafka nodes lead partitions: each is killed in turn under load, nothing acknowledged is lost."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from chassis.kafka_client import client_options, construct
from sangkienctl.kafka_access import KafkaAccess
from sangkienctl.seed import seed_programme
from tests.support.journey import poll
from tests.support.light_load import Journal, LightLoad, counts, settled
from tests.support.platform import CLUSTER_PROVIDERS, RunningPlatform
from tests.support.records import events
from tests.support.tiers import tiered_fixture

UNIT, CAMPAIGN = "HC-APATIT-VIET-NAM", "evaluation"
MEMBERS = ("apatit.member", "apatit.member2")
NODES = {1: "broker", 2: "broker-2", 3: "broker-3"}
MORE = 5

own_cluster = tiered_fixture("own_cluster", CLUSTER_PROVIDERS, scope="module")


@pytest.fixture(scope="module")
def cluster(own_cluster: RunningPlatform) -> RunningPlatform:
    seed_programme(own_cluster.control)
    return own_cluster


def partitions(platform: RunningPlatform) -> list[dict[str, Any]] | None:
    """The partitions of initiative.submitted, each with its leader and its copies; None while nobody says."""
    access = KafkaAccess(kafka_bootstrap=platform.kafka_bootstrap)
    try:
        admin = construct(KafkaAdminClient, **client_options(access))
        try:
            return list(admin.describe_topics(["initiative.submitted"])[0]["partitions"])
        finally:
            admin.close()
    except (KafkaError, OSError):
        return None  # the node that was asked is just dying


def _whole(platform: RunningPlatform) -> bool | None:
    told = partitions(platform)
    return (told is not None and all(len(p["isr_nodes"]) == len(NODES) for p in told)) or None


def _led_by_others(platform: RunningPlatform, node: int) -> bool | None:
    told = partitions(platform)
    return (told is not None and all(p["leader_id"] not in (node, -1) for p in told)) or None


def _more(journal: Journal, than: int) -> bool | None:
    return len(journal.expected) >= than + MORE or None


@pytest.mark.skipif("DRILL_LEADERS" not in os.environ, reason="three nodes of Kafka: `make leaders` runs it")
def test_each_leader_dies_under_load_and_nothing_acknowledged_is_lost(cluster: RunningPlatform) -> None:
    journals = {name: Journal() for name in MEMBERS}
    with ExitStack() as stack:
        for name, journal in journals.items():
            stack.enter_context(LightLoad(cluster, name, UNIT, CAMPAIGN, journal))
        for node, name in NODES.items():
            poll("every copy is in step", partial(_whole, cluster), 120)
            cluster.kill(name)
            poll(f"others lead instead of node {node}", partial(_led_by_others, cluster, node), 120)
            for journal in journals.values():
                poll("the load goes on", partial(_more, journal, len(journal.expected)), 120)
            cluster.wait_ready(name)

    for name, journal in journals.items():
        settled(cluster, name, journal)
    total = sum((journal.counts() for journal in journals.values()), Counter[str]())
    poll("all are counted", lambda: counts(cluster, "TLD", CAMPAIGN) == total or None, 120)
    published = {event.subject for event in events(cluster, "initiative.submitted")}
    assert {i for journal in journals.values() for i in journal.expected} <= published
    reconciled = cluster.sangkienctl("stats", "reconcile")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
