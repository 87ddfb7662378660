"""The settings of the stats service, read from the environment and checked at start."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import ServiceSettings, seconds, setting, whole_number


@dataclass(frozen=True)
class Settings(ServiceSettings):
    consumer_batch: int = setting(
        "CONSUMER_BATCH",
        default=500,
        parse=whole_number(1, 5000),
        help="events that are counted in one transaction, 1 to 5000",
    )
    refresh_seconds: float = setting(
        "REFRESH_SECONDS",
        default=1.0,
        parse=seconds(0.05, 60),
        help="how often an API process looks for changes of units, campaigns and targets",
    )
    answer_seconds: float = setting(
        "ANSWER_SECONDS",
        default=1.0,
        parse=seconds(0, 60),
        help="how long an API process and its clients may give the same figures again",
    )
