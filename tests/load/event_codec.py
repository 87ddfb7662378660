"""What one event costs: `python -m tests.load.event_codec`.

Prints microseconds per event for encoding with validation and for decoding with validation, on the real
snapshot schema, beside a bare json + jsonschema of the same data in the same run. Goals: encode at most 20,
decode at most 40. It asserts nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import jsonschema  # type: ignore[import-untyped]
import kafka
import orjson

import contracts
from chassis.events.codec import EventCodec

TOPIC = "initiative.submitted"
LOOPS = 2_000
RUNS = 7


def microseconds(work: Callable[[], object], loops: int = LOOPS) -> float:
    """The median over runs of the processor time per call."""
    figures = []
    for _ in range(RUNS):
        started = time.process_time()
        for _ in range(loops):
            work()
        figures.append((time.process_time() - started) / loops * 1e6)
    return statistics.median(figures)


def main() -> None:
    topics = contracts.topics()
    data = next(iter(contracts.examples(TOPIC).valid.values()))
    codec = EventCodec(topics, "/services/submission")
    subject, sequence = data["initiative_id"], "000001.000000"
    now = datetime(2022, 5, 31, 16, 59, tzinfo=UTC)
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"

    def encode() -> object:
        return codec.pending(
            TOPIC,
            subject=data["initiative_id"],
            data=data,
            sequence="000001.000000",
            now=now,
            traceparent=trace,
        )

    event = codec.pending(TOPIC, subject=subject, data=data, sequence=sequence, now=now)
    headers, key = list(event.headers), event.key.encode()
    schema = topics[TOPIC].schema
    assert schema is not None
    validator = jsonschema.Draft202012Validator(schema)

    def bare() -> object:
        validator.validate(data)
        return json.dumps(data)

    print(f"Python {sys.version.split()[0]}, orjson {orjson.__version__}, kafka-python {kafka.__version__}, ")
    print(
        f"load average {os.getloadavg()[0]:.2f}, event of {len(event.value)} bytes, median of {RUNS} runs\n"
    )
    rows = [
        ("encode: validate, serialise, headers", microseconds(encode)),
        ("decode: parse, validate", microseconds(lambda: codec.decode(TOPIC, key, event.value, headers))),
        ("outbox document and back", microseconds(lambda: type(event).from_document(event.to_document()))),
        ("bare: jsonschema (reused), json.dumps", microseconds(bare, 100)),
    ]
    for name, figure in rows:
        print(f"{name:<40}{figure:>9.1f} µs")


if __name__ == "__main__":
    main()
