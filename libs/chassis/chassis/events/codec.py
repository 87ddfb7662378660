"""Encodes and decodes events as CloudEvents 1.0 in Kafka's binary mode. Strict when producing, tolerant when
consuming. It knows the shape of an event and nothing about its meaning.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import orjson

from chassis import tracing
from chassis.events.overlay import laid_over
from chassis.events.validation import (
    InvalidPayload,
    Validator,
    partial_validator,
    strict_validator,
    tolerant_validator,
)

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
STRUCTURED_TYPE = "application/cloudevents+json"

Headers = Sequence[tuple[str, bytes]]


class TopicSpec(Protocol):
    """The attributes of a topic that the codec needs; `contracts.Topic` has them."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    @property
    def schema(self) -> Mapping[str, Any] | None: ...


class ContractViolation(Exception):
    """This service tried to produce an event that its contract does not allow: a bug; nothing may be
    written."""


class DecodeError(Exception):
    """A record that the reader cannot decode as an event. `code` is stable and goes into the dead letter."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Undecodable(DecodeError):
    """Not a CloudEvent, not JSON, or a required attribute is missing."""


class UnknownType(DecodeError):
    """An event of a type or major version that this reader does not know: skipped and counted, not an
    error."""


class InvalidData(DecodeError):
    """An event whose data violates its schema; unknown fields are allowed."""


@dataclass(frozen=True)
class Event:
    """An event as consumers see it; times are UTC, `data` is parsed JSON."""

    id: str
    type: str
    topic: str
    source: str
    subject: str
    time: datetime
    dataschema: str
    sequence: str | None
    data: dict[str, Any]
    traceparent: str | None


@dataclass(frozen=True)
class PendingEvent:
    """An encoded event in an outbox; every attempt to publish it sends the same bytes."""

    id: str
    topic: str
    key: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes

    def to_document(self) -> dict[str, Any]:
        headers = [[name, value.decode()] for name, value in self.headers]
        return {"id": self.id, "topic": self.topic, "key": self.key, "headers": headers, "value": self.value}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PendingEvent:
        headers = tuple((name, value.encode()) for name, value in document["headers"])
        return cls(document["id"], document["topic"], document["key"], headers, bytes(document["value"]))


def new_event_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class _Contract:
    """One topic's part of every event, and its two validators."""

    type: str
    dataschema: str
    fixed_headers: tuple[tuple[str, bytes], ...]
    schema: Mapping[str, Any]
    strict: Validator
    tolerant: Validator

    @cached_property
    def partial(self) -> Validator:
        """Of what is laid over a payload that is passed through. Compiled at first use: few topics need
        it."""
        return partial_validator(self.schema)

    def payload(self, data: Mapping[str, Any], over: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What is sent. Raises InvalidPayload."""
        if over is None:
            self.strict(data)
            return data
        self.partial(data)
        whole = laid_over(over, data)
        self.tolerant(whole)
        return whole


class EventCodec:
    """Encodes and decodes the events of some topics.

    topics: by name; those without a schema (dead letters) are ignored. source: the producing service, such as
    `/services/<name>`. new_id: returns the unique id of an event, which all attempts to publish it share.
    The validators are compiled once, here.
    """

    def __init__(
        self, topics: Mapping[str, TopicSpec], source: str, new_id: Callable[[], str] = new_event_id
    ) -> None:
        self._source = source
        self._new_id = new_id
        self._contracts = {
            topic.name: _contract(topic, source) for topic in topics.values() if topic.schema is not None
        }

    def pending(
        self,
        topic: str,
        *,
        subject: str,
        data: Mapping[str, Any],
        sequence: str | None,
        now: datetime,
        traceparent: str | None = None,
        over: Mapping[str, Any] | None = None,
    ) -> PendingEvent:
        """The event, encoded. `data` must consist of JSON's types and fit the schema exactly.

        subject: the aggregate's id, which is the record's key. now: UTC. traceparent: that of the current
        trace if None. over: a payload of another producer, passed through with `data` laid over it; then
        `data` is held to the strict schema as far as it goes, and the whole to the tolerant one. Raises
        ContractViolation if the topic is unknown or the data breaks its schema.
        """
        contract = self._contracts.get(topic)
        if contract is None:
            raise ContractViolation(f"{topic}: no such topic with a schema")
        try:
            value = orjson.dumps(contract.payload(data, over))
        except (InvalidPayload, orjson.JSONEncodeError) as error:
            raise ContractViolation(f"{topic}: {error}") from error
        id = self._new_id()
        headers = [
            *contract.fixed_headers,
            ("ce_id", id.encode()),
            ("ce_subject", subject.encode()),
            ("ce_time", format_time(now).encode()),
        ]
        if sequence is not None:
            headers.append(("ce_sequence", sequence.encode()))
        traceparent = traceparent or _current_traceparent()
        if traceparent is not None:
            headers.append(("traceparent", traceparent.encode()))
        return PendingEvent(id, topic, subject, tuple(headers), value)

    def decode(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Event:
        """The event in a record, in binary or structured mode.

        Unknown fields in the data and unknown minor versions are accepted. Raises Undecodable, UnknownType or
        InvalidData; none of their messages contains a value from the data.
        """
        attributes, data = _attributes(value, headers)
        type = attributes.get("type")
        if type is None:
            raise Undecodable("missing-attribute", "no ce_type")
        contract = self._contracts.get(topic)
        if contract is None or type != contract.type:
            raise UnknownType("unknown-type", f"{type} on {topic}")
        if attributes.get("specversion") != SPEC_VERSION:
            raise Undecodable("spec-version", "ce_specversion is not 1.0")
        try:
            contract.tolerant(data)
        except InvalidPayload as error:
            raise InvalidData("invalid-data", str(error)) from None
        return _event(topic, key, type, attributes, data)


def _contract(topic: TopicSpec, source: str) -> _Contract:
    if topic.type is None or topic.version is None or topic.schema is None:
        raise ContractViolation(f"{topic.name}: a topic with a schema needs a type and a version")
    dataschema = f"/contracts/schemas/{topic.name}/{topic.version}.json"
    fixed = (
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", topic.type),
        ("ce_source", source),
        ("ce_dataschema", dataschema),
        ("content-type", CONTENT_TYPE),
    )
    return _Contract(
        type=topic.type,
        dataschema=dataschema,
        fixed_headers=tuple((name, text.encode()) for name, text in fixed),
        schema=topic.schema,
        strict=strict_validator(topic.schema),
        tolerant=tolerant_validator(topic.schema),
    )


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z. Raises ValueError for a time without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("an event's time needs a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _current_traceparent() -> str | None:
    context = tracing.current()
    return None if context is None else tracing.header(context)


def _attributes(value: bytes | None, headers: Headers) -> tuple[dict[str, str], Any]:
    """The CloudEvents attributes without prefix, and the data."""
    if value is None:
        raise Undecodable("no-value", "the record has no value")
    try:
        texts = {name.lower(): content.decode() for name, content in headers if content is not None}
        body = orjson.loads(value)
    except (UnicodeDecodeError, orjson.JSONDecodeError):
        raise Undecodable("malformed", "headers are not UTF-8 or the value is not JSON") from None
    if texts.get("content-type", "").startswith(STRUCTURED_TYPE):
        return _structured(body, texts)
    attributes = {name[3:]: text for name, text in texts.items() if name.startswith("ce_")}
    if "traceparent" in texts:
        attributes["traceparent"] = texts["traceparent"]
    return attributes, body


def _structured(body: Any, headers: Mapping[str, str]) -> tuple[dict[str, str], Any]:
    if not isinstance(body, dict):
        raise Undecodable("malformed", "a structured event is a JSON object")
    attributes = {name: text for name, text in body.items() if isinstance(text, str) and name != "data"}
    if "traceparent" in headers:
        attributes.setdefault("traceparent", headers["traceparent"])
    return attributes, body.get("data")


def _event(topic: str, key: bytes | None, type: str, attributes: Mapping[str, str], data: Any) -> Event:
    try:
        subject = attributes.get("subject") or (key or b"").decode()
        time = datetime.fromisoformat(attributes["time"])
        event = Event(
            id=attributes["id"],
            type=type,
            topic=topic,
            source=attributes["source"],
            subject=subject,
            time=time.astimezone(UTC),
            dataschema=attributes.get("dataschema", ""),
            sequence=attributes.get("sequence"),
            data=data,
            traceparent=attributes.get("traceparent"),
        )
    except KeyError as missing:
        raise Undecodable("missing-attribute", f"no ce_{missing.args[0]}") from None
    except (ValueError, OverflowError):
        raise Undecodable("malformed", "ce_time or the key cannot be read") from None
    if time.tzinfo is None or not event.id or not event.subject:
        raise Undecodable("malformed", "ce_time has no zone, or ce_id or the subject is empty")
    return event
