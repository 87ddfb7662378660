"""Counts approved initiatives per federation from the event stream: a complete consumer for integrators."""

import json
import os

from kafka import KafkaConsumer

latest: dict[str, tuple[str, str | None]] = {}  # initiative -> (sequence, federation if approved)

consumer = KafkaConsumer(
    "initiative.approved",
    "initiative.withdrawn",
    bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:19092"),
    group_id=os.environ.get("GROUP", "approvals-by-federation"),
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    consumer_timeout_ms=int(os.environ.get("IDLE_MS", "10000")),  # ends when nothing more comes
)
for record in consumer:
    headers = {name: value.decode() for name, value in record.headers}
    if not headers.get("ce_type", "").startswith("vn.sangkien.initiative."):
        continue  # a type that we do not know: skip it
    initiative = json.loads(record.value)
    sequence = headers["ce_sequence"]
    # Older and repeated events are ignored.
    if sequence > latest.get(initiative["initiative_id"], ("", None))[0]:
        federation = initiative["unit_path"][1] if initiative["state"] == "approved" else None
        latest[initiative["initiative_id"]] = (sequence, federation)
consumer.commit()
consumer.close()

approved = [federation for _, federation in latest.values() if federation]
for federation in sorted(set(approved)):
    print(f"{federation:24} {approved.count(federation)}")
