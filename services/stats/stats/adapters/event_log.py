"""Reads every consumed topic from its start to the ends measured now, for a rebuild."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.consumer.errors import Refused
from chassis.consumer.log import LogPart, TopicLog
from chassis.events.codec import EventCodec
from chassis.kafka_client import KafkaSettings
from stats.adapters.payloads import (
    CAMPAIGN_TOPIC,
    CONSUMED_TOPICS,
    INITIATIVE_TOPICS,
    UNIT_TOPIC,
    campaign_from,
    snapshot_from,
    unit_from,
)
from stats.application.ports import Logged
from stats.domain.campaigns import Campaign
from stats.domain.snapshots import Snapshot
from union.units import Unit


class KafkaEventLog:
    """Implements application.ports.EventLog. All events of an initiative come close to each other, and it is
    written once and not once per event."""

    def __init__(self, settings: KafkaSettings, codec: EventCodec) -> None:
        self._log = TopicLog(settings, codec)

    def read(self) -> Iterator[Logged]:
        for part in self._log.read(CONSUMED_TOPICS):
            yield self._logged(part)

    def _logged(self, part: LogPart) -> Logged:
        snapshots: list[Snapshot] = []
        units: list[Unit] = []
        campaigns: list[Campaign] = []
        for event in part.events:
            try:
                if event.topic in INITIATIVE_TOPICS:
                    snapshots.append(snapshot_from(event))
                elif event.topic == UNIT_TOPIC:
                    units.append(unit_from(event))
                elif event.topic == CAMPAIGN_TOPIC:
                    campaigns.append(campaign_from(event))
            except Refused as refusal:
                self._log.pass_over(event.topic, refusal.code, event=event.id)
        return Logged(snapshots, units, campaigns, part.records, part.of)
