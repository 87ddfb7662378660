"""The one event that statistics publish. It must not import a Kafka client: the API writes it, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.events.codec import EventCodec, PendingEvent, format_time
from stats.domain.snapshots import Basis
from stats.domain.targets import TargetReached

TARGET_TOPIC = "target.reached"
# The minor version that this code implements, whatever newer one is installed.
PRODUCED: Mapping[str, str] = {TARGET_TOPIC: "1.0"}


def target_reached(codec: EventCodec, news: TargetReached) -> PendingEvent:
    data: Mapping[str, Any] = {
        "campaign": news.place.campaign,
        "unit": news.place.unit,
        "unit_path": list(news.unit_path),
        "target": news.target,
        "count": news.count,
        "basis": Basis.APPROVED.value,
        "reached_at": format_time(news.reached_at),
    }
    subject = f"{news.place.campaign}:{news.place.unit}"
    return codec.pending(TARGET_TOPIC, subject=subject, data=data, sequence=None, now=news.reached_at)
