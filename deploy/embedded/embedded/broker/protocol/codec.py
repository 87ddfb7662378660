"""Decodes request frames and encodes response frames with kafka-python's protocol classes, which work both
ways.

It must never interpret a request; the packages declare the requests that they answer as `Api` values and get
decoded requests.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import kafka.protocol.admin
import kafka.protocol.consumer
import kafka.protocol.metadata
import kafka.protocol.producer

# A decoded request: attributes named as in the protocol's schemas, in snake case.
Request = Any
# A response as plain data: the schema's fields as nested dicts and lists; absent fields get their defaults.
Fields = dict[str, Any]

_MODULES = (kafka.protocol.producer, kafka.protocol.consumer, kafka.protocol.admin, kafka.protocol.metadata)
_HEADER = struct.Struct(">hhih")


class MalformedRequestError(Exception):
    """The frame is not a request that this broker can read; the connection must be closed."""


@dataclass(frozen=True, slots=True)
class Client:
    """The client: its address and its client id."""

    host: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Header:
    api_key: int
    version: int
    correlation_id: int
    client_id: str


Handler = Callable[[Request, Client], Awaitable[Fields | None]]


def message_class(name: str) -> Any:
    """kafka-python's class of a message by its protocol name, such as `JoinGroupResponse`."""
    for module in _MODULES:
        if hasattr(module, name):
            return getattr(module, name)
    raise LookupError(f"kafka-python has no protocol class {name}")


class Api:
    """One request type: its name in the protocol, the supported versions, and its handler.

    A handler gets the decoded request (its version is `request.version`) and returns the response's
    fields, or None if the protocol has no response.
    """

    __slots__ = ("handle", "key", "max_version", "min_version", "name", "request_class", "response_class")

    def __init__(self, name: str, versions: tuple[int, int], handle: Handler) -> None:
        self.name = name
        self.min_version, self.max_version = versions
        self.handle = handle
        self.request_class = message_class(f"{name}Request")
        self.response_class = message_class(f"{name}Response")
        self.key: int = self.request_class.API_KEY

    def speaks(self, version: int) -> bool:
        return self.min_version <= version <= self.max_version

    def decode(self, frame: bytes, position: int, version: int) -> Request:
        """The request in `frame` from `position`, the end of its header's client id."""
        if self.request_class.flexible_version_q(version):
            position = _skip_tagged_fields(frame, position)
        request = self.request_class.decode(memoryview(frame)[position:], version=version)
        if request.version is None:
            request.API_VERSION = version
        return request

    def encode(self, correlation_id: int, version: int, fields: Fields) -> bytes:
        """A complete response frame, including its size prefix."""
        response = fill(self.response_class, fields, version)
        response.with_header(correlation_id=correlation_id)
        encoded: bytes = response.encode(header=True, framed=True)
        return encoded


def read_header(frame: bytes) -> tuple[Header, int]:
    """The header of a request frame and the position after its client id."""
    try:
        key, version, correlation_id, length = _HEADER.unpack_from(frame)
        end = _HEADER.size + max(length, 0)
        if end > len(frame):
            raise MalformedRequestError("the client id is longer than the request")
        return Header(key, version, correlation_id, frame[_HEADER.size : end].decode()), end
    except (struct.error, UnicodeDecodeError) as error:
        raise MalformedRequestError(f"the request header cannot be read: {error}") from error


def fill(data_class: Any, fields: Fields, version: int) -> Any:
    """An instance of one of kafka-python's message classes from plain data, including nested structs."""
    schema = data_class._struct.fields
    values = {}
    for name, value in fields.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = schema[name].data_class
            values[name] = [fill(inner, item, version) for item in value]
        else:
            values[name] = value
    return data_class(version=version, **values)


def _skip_tagged_fields(frame: bytes, position: int) -> int:
    count, position = _unsigned_varint(frame, position)
    for _ in range(count):
        _, position = _unsigned_varint(frame, position)
        size, position = _unsigned_varint(frame, position)
        position += size
    return position


def _unsigned_varint(frame: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(frame) or shift > 28:
            raise MalformedRequestError("a tagged field of the request header cannot be read")
        byte = frame[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
