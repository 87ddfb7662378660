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
    submissions_per_day: int = setting(
        "SUBMISSIONS_PER_DAY",
        default=100,
        parse=whole_number(0, 1_000_000),
        help="submissions of one member for himself or herself in a day, per API process; 0 for no limit",
    )
    submissions_for_others_per_day: int = setting(
        "SUBMISSIONS_FOR_OTHERS_PER_DAY",
        default=20_000,
        parse=whole_number(0, 1_000_000),
        help="submissions of one person of a support group for members, and imports, in a day",
    )
    open_drafts: int = setting(
        "OPEN_DRAFTS",
        default=50,
        parse=whole_number(0, 100_000),
        help="drafts that one member may keep open; 0 for no limit",
    )
    open_drafts_for_others: int = setting(
        "OPEN_DRAFTS_FOR_OTHERS",
        default=1_000,
        parse=whole_number(0, 100_000),
        help="drafts that one person of a support group may keep open, counting also those for members",
    )
    consumer_batch: int = setting(
        "CONSUMER_BATCH",
        default=200,
        parse=whole_number(1, 5000),
        help="events that are handled at once, 1 to 5000",
    )
