"""The event contracts keep their promises: files, schemas, examples and what is generated from them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import contracts
from chassis.events.validation import InvalidPayload, strict, strict_validator, tolerant, tolerant_validator
from contracts.tooling import __main__ as tool
from contracts.tooling import releases
from contracts.tooling.compatibility import incompatibilities

SERVICES = {"submission", "review", "stats", "notify"}
EVENTS = [topic for topic in contracts.topics().values() if topic.kind == "event"]
VERSIONS = [(topic, version) for topic in EVENTS for version in topic.versions]
NAMES = [f"{topic.name}-{version}" for topic, version in VERSIONS]


def _examples(kind: str) -> Iterator[Any]:
    for topic, version in VERSIONS:
        for name, data in getattr(contracts.examples(topic.name, version), kind).items():
            yield pytest.param(topic.name, version, data, id=f"{topic.name}-{version}-{name}")


def test_generated_files_are_up_to_date_and_released_schemas_unchanged() -> None:
    assert tool.problems() == []


@pytest.mark.parametrize("topic", list(contracts.topics().values()), ids=lambda topic: topic.name)
def test_a_topic_names_its_owner_and_known_services(topic: contracts.Topic) -> None:
    assert topic.owner in SERVICES
    assert topic.producer in SERVICES
    assert set(topic.consumers) <= SERVICES - {topic.producer}
    assert topic.summary
    assert topic.personal_data


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_consuming_service_has_a_dead_letter_topic_of_one_partition(service: str) -> None:
    dead_letters = contracts.topics()[f"{service}.dlq"]

    assert dead_letters.kind == "dead-letter"
    assert dead_letters.partitions == 1
    assert dead_letters.retention_ms == 30 * 24 * 60 * 60 * 1000


def test_initiative_topics_have_the_same_partitions_and_are_kept_forever() -> None:
    initiative = [topic for topic in EVENTS if topic.key == "initiative_id"]

    assert len(initiative) == 7
    assert {topic.partitions for topic in initiative} == {6}
    assert {(topic.retention_ms, topic.cleanup) for topic in initiative} == {(contracts.FOREVER, "delete")}


def test_full_state_topics_are_compacted() -> None:
    compacted = {topic.name for topic in EVENTS if topic.cleanup == "compact"}

    assert compacted == {"unit.changed", "campaign.changed"}


@pytest.mark.parametrize("topic", EVENTS, ids=lambda topic: topic.name)
def test_an_event_is_read_by_somebody_and_typed_after_its_topic(topic: contracts.Topic) -> None:
    assert topic.consumers
    assert topic.type == f"vn.sangkien.{topic.name}.v1"
    assert all(version.startswith("1.") for version in topic.versions)


def test_every_schema_and_example_folder_belongs_to_a_version_of_a_topic() -> None:
    known = {(topic.name, version) for topic, version in VERSIONS}

    schemas = {(path.parent.name, path.stem) for path in (contracts.ROOT / "schemas").glob("*/*.json")}
    folders = {(path.parent.name, path.name) for path in (contracts.ROOT / "examples").glob("*/*")}

    assert schemas == known
    assert folders == known


@pytest.mark.parametrize(("topic", "version"), VERSIONS, ids=NAMES)
def test_a_schema_is_valid_and_strict_at_every_object(topic: contracts.Topic, version: str) -> None:
    schema = contracts.schema(topic.name, version)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(_open_objects(schema)) == []
    assert schema["$id"] == f"/contracts/schemas/{topic.name}/{version}.json"


@pytest.mark.parametrize(("topic", "version"), VERSIONS, ids=NAMES)
def test_a_version_has_valid_and_invalid_examples(topic: contracts.Topic, version: str) -> None:
    examples = contracts.examples(topic.name, version)

    assert examples.valid
    assert len(examples.invalid) >= 2


@pytest.mark.parametrize(("topic", "version", "data"), list(_examples("valid")))
def test_a_valid_example_passes_both_validators(topic: str, version: str, data: Any) -> None:
    schema = contracts.schema(topic, version)

    jsonschema.Draft202012Validator(schema).validate(data)
    strict_validator(schema)(data)


@pytest.mark.parametrize(("topic", "version", "data"), list(_examples("invalid")))
def test_an_invalid_example_fails_both_validators(topic: str, version: str, data: Any) -> None:
    schema = contracts.schema(topic, version)

    assert not jsonschema.Draft202012Validator(strict(schema)).is_valid(data)
    with pytest.raises(InvalidPayload):
        strict_validator(schema)(data)


@pytest.mark.parametrize("topic", EVENTS, ids=lambda topic: topic.name)
def test_successive_minor_versions_are_compatible_both_ways(topic: contracts.Topic) -> None:
    for old, new in itertools.pairwise(topic.versions):
        old_schema, new_schema = contracts.schema(topic.name, old), contracts.schema(topic.name, new)

        assert incompatibilities(old_schema, new_schema) == []
        for writer, reader in ((old, new_schema), (new, old_schema)):
            for data in contracts.examples(topic.name, writer).valid.values():
                jsonschema.Draft202012Validator(tolerant(reader)).validate(data)


@pytest.mark.parametrize("topic", EVENTS, ids=lambda topic: topic.name)
def test_a_consumer_ignores_what_a_later_minor_may_add(topic: contracts.Topic) -> None:
    assert topic.schema is not None
    validate = tolerant_validator(topic.schema)

    for data in contracts.examples(topic.name).valid.values():
        validate(data | {"added_later": {"deep": [1]}})


def test_a_confidential_initiative_cannot_be_produced_with_its_title() -> None:
    data = contracts.examples("initiative.submitted").valid["first-submission"]
    schema = contracts.topics()["initiative.submitted"].schema
    assert schema is not None

    with pytest.raises(InvalidPayload):
        strict_validator(schema)(data | {"confidential": True})


def test_the_asyncapi_document_refers_only_to_what_exists() -> None:
    document = yaml.safe_load(tool.ASYNCAPI.read_text(encoding="utf-8"))

    references = set(_references(document))

    assert document["asyncapi"] == "3.0.0"
    assert references
    for reference in references:
        if reference.startswith("#/"):
            node = document
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        else:
            assert (contracts.ROOT / reference).is_file(), reference


def test_the_asyncapi_document_has_an_operation_for_each_producer_and_consumer() -> None:
    operations = yaml.safe_load(tool.ASYNCAPI.read_text(encoding="utf-8"))["operations"]

    expected = {f"{topic.producer}.send.{topic.name}" for topic in EVENTS}
    expected |= {f"{consumer}.receive.{topic.name}" for topic in EVENTS for consumer in topic.consumers}

    assert set(operations) == expected


def test_a_changed_and_a_lost_released_schema_are_reported(tmp_path: Path) -> None:
    kept, changed = tmp_path / "kept.json", tmp_path / "changed.json"
    kept.write_text("{}")
    changed.write_text("{}")
    record = {"kept": releases.digest(kept), "changed": releases.digest(changed), "lost": "0" * 64}
    changed.write_text('{"type": "object"}')

    problems = releases.broken_promises(record, {"kept": kept, "changed": changed, "new": kept})

    assert [problem.split()[0] for problem in problems] == ["changed", "lost", "new"]


def _open_objects(schema: Any, at: str = "#") -> Iterator[str]:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            yield at
        for key, value in schema.items():
            yield from _open_objects(value, f"{at}/{key}")


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
