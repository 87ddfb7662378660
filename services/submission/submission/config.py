"""The settings of the submission service, read from the environment and checked at start."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import ServiceSettings, seconds, setting, whole_number


@dataclass(frozen=True)
class Settings(ServiceSettings):
    reference_refresh_seconds: float = setting(
        "REFERENCE_REFRESH_SECONDS",
        default=2.0,
        parse=seconds(0.1, 300),
        help="how often a process looks for changed units and campaigns",
    )
    consumer_batch: int = setting(
        "CONSUMER_BATCH",
        default=200,
        parse=whole_number(1, 5000),
        help="events that are handled at once, 1 to 5000",
    )
