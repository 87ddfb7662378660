"""A campaign as statistics need it. The submission service owns it; this is a copy and never changes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's window, [opens_at, closes_at) in UTC."""

    id: str
    programme: str
    name_vi: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    version: int
