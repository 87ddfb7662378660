"""Creates and updates a cluster's topics as declared, idempotently. It never deletes a topic or partition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from chassis.kafka_client import KafkaSettings, client_options, construct


class TopicPlan(Protocol):
    """The declaration of a topic; `contracts.Topic` has it. retention_ms -1 keeps records permanently."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def retention_ms(self) -> int: ...
    @property
    def cleanup(self) -> Any: ...


class TopicConflict(Exception):
    """A topic exists with more partitions than declared; Kafka cannot remove partitions."""


# A dead letter is the record, usually at most 1 MiB, with some more headers.
DEAD_LETTER_BYTES = 2 * 1024 * 1024


def topic_config(topic: TopicPlan) -> dict[str, str]:
    """The declared settings of the topic; for all others the cluster's defaults apply."""
    config = {"cleanup.policy": topic.cleanup, "retention.ms": str(topic.retention_ms)}
    if topic.name.endswith(".dlq"):
        config["max.message.bytes"] = str(DEAD_LETTER_BYTES)
    return config


def apply_topics(settings: KafkaSettings, topics: Iterable[TopicPlan], *, replication: int = -1) -> list[str]:
    """Create missing topics, add missing partitions, set declared settings; one line per change.

    replication: copies of a new topic, -1 for the cluster's default. Raises TopicConflict and KafkaError.
    """
    plans = {topic.name: topic for topic in topics}
    admin = construct(KafkaAdminClient, **client_options(settings))
    try:
        changes = _create(admin, plans, replication)
        existing = {name: plan for name, plan in plans.items() if f"created {name}" not in changes}
        return changes + _add_partitions(admin, existing) + _configure(admin, existing)
    finally:
        admin.close()


def _create(admin: Any, plans: dict[str, TopicPlan], replication: int) -> list[str]:
    missing = sorted(set(plans) - set(admin.list_topics()))
    created = []
    for name in missing:
        plan = plans[name]
        options = {
            "num_partitions": plan.partitions,
            "replication_factor": replication,
            "configs": topic_config(plan),
        }
        try:
            admin.create_topics({name: options}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            continue  # another start of the same command was faster
        created.append(f"created {name}")
    return created


def _add_partitions(admin: Any, plans: dict[str, TopicPlan]) -> list[str]:
    changes = []
    for described in admin.describe_topics(sorted(plans)) if plans else []:
        name, count = described["name"], len(described["partitions"])
        if count > plans[name].partitions:
            raise TopicConflict(f"{name} has {count} partitions, declared are {plans[name].partitions}")
        if count < plans[name].partitions:
            admin.create_partitions({name: plans[name].partitions})
            changes.append(f"{name}: partitions {count} -> {plans[name].partitions}")
    return changes


def _configure(admin: Any, plans: dict[str, TopicPlan]) -> list[str]:
    if not plans:
        return []
    names = sorted(plans)
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, name, dict(topic_config(plans[name]))) for name in names
    ]
    described = admin.describe_configs(asked, config_filter="all")
    current = next(iter(described.values())) if described else {}
    changes = []
    for name in names:
        values = {key: data["value"] for key, data in current.get(name, {}).items()}
        wanted = {key: value for key, value in topic_config(plans[name]).items() if values.get(key) != value}
        if wanted:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted)])
            changes += [
                f"{name}: {key} {values.get(key)} -> {value}" for key, value in sorted(wanted.items())
            ]
    return changes
