"""Every message that the broker speaks survives kafka-python's codecs both ways, in every version spoken."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path
from typing import Any

import pytest

from embedded.broker.broker import Broker
from embedded.broker.protocol.codec import Api, Fields, MalformedRequestError, fill, read_header
from embedded.broker.settings import Address, Settings

SAMPLES: dict[str, Any] = {
    "string": "text",
    "bytes": b"bytes",
    "records": b"some records",
    "bool": True,
    "int8": 3,
    "int16": 4,
    "int32": 5,
    "int64": 6,
    "uuid": uuid.UUID(int=7),
    "float64": 1.5,
}


def _spoken(directory: Path) -> list[Api]:
    return Broker(Settings(data=directory))._wire(Address("host", 1))


APIS = _spoken(Path("unused"))
CASES = [(api, version) for api in APIS for version in range(api.min_version, api.max_version + 1)]


def _sample(field: Any, version: int) -> Any:
    if field.is_struct_array():
        return [_samples(field.fields, version), _samples(field.fields, version)]
    if hasattr(field, "array_of"):
        return [_sample(field.array_of, version)]
    return SAMPLES[field._type_str]


def _samples(fields: dict[str, Any], version: int) -> Fields:
    """A value for each field that this version carries; tagged fields take their defaults."""
    return {
        name: _sample(field, version)
        for name, field in fields.items()
        if field.for_version_q(version) and field._tag is None and not name.endswith("authorized_operations")
    }


def _plain(message: Any, fields: Fields) -> Fields:
    """What the message holds in the sampled fields, as plain data."""
    plain: Fields = {}
    for name, sampled in fields.items():
        value = getattr(message, name)
        if isinstance(sampled, list) and sampled and isinstance(sampled[0], dict):
            plain[name] = [_plain(item, inner) for item, inner in zip(value, sampled, strict=True)]
        else:
            plain[name] = bytes(value) if isinstance(value, memoryview) else value
    return plain


@pytest.mark.parametrize(("api", "version"), CASES, ids=[f"{api.name}-v{version}" for api, version in CASES])
def test_a_request_is_read_as_a_client_wrote_it(api: Api, version: int) -> None:
    fields = _samples(api.request_class._struct.fields, version)
    request = fill(api.request_class, fields, version)
    request.with_header(correlation_id=99, client_id="client")
    frame = request.encode(version=version, header=True)

    header, position = read_header(frame)
    decoded = api.decode(frame, position, version)

    assert (header.api_key, header.version, header.correlation_id) == (api.key, version, 99)
    assert header.client_id == "client"
    assert decoded.version == version
    assert _plain(decoded, fields) == fields


@pytest.mark.parametrize(("api", "version"), CASES, ids=[f"{api.name}-v{version}" for api, version in CASES])
def test_a_client_reads_a_response_as_the_broker_wrote_it(api: Api, version: int) -> None:
    fields = _samples(api.response_class._struct.fields, version)
    if api.name == "ApiVersions":
        fields["error_code"] = 0  # with an error its readers fall back to version 0

    frame = api.encode(99, version, fields)

    (size,) = struct.unpack_from(">i", frame)
    decoded = api.response_class.decode(frame[4:], version=version, header=True)
    assert size == len(frame) - 4
    assert decoded.header.correlation_id == 99
    assert _plain(decoded, fields) == fields


def test_every_api_is_spoken_once_and_within_what_the_codecs_know() -> None:
    assert len({api.key for api in APIS}) == len(APIS)
    for api in APIS:
        assert api.max_version <= api.request_class.max_version
        assert api.max_version <= api.response_class.max_version


@pytest.mark.parametrize(
    "frame", [b"", b"\0" * 9, b"\0\3\0\5\0\0\0\1\0\7abc", b"\0\3\0\5\0\0\0\1\0\2\xff\xff"]
)
def test_a_header_that_cannot_be_read_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        read_header(frame)


def test_a_client_without_a_name_is_taken() -> None:
    header, position = read_header(struct.pack(">hhih", 3, 5, 1, -1))

    assert (header.client_id, position) == ("", 10)


def test_endless_tagged_fields_are_malformed() -> None:
    api = next(api for api in APIS if api.name == "ApiVersions")

    with pytest.raises(MalformedRequestError):
        api.decode(b"\xff" * 30, 0, 3)
