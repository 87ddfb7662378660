"""Owns what is known of a person who can be told something: address, language, roles held, preferences.
It is personal data of this service alone and must never reach an event, a log line or a metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from notify.domain.kinds import Kind, Locale

OFFICIAL = "official"


@dataclass(frozen=True, order=True)
class Grant:
    role: str
    unit: str

    @property
    def key(self) -> str:
        return f"{self.role}:{self.unit}"


def member_key(member: str) -> str:
    """The key under which one person is looked up beside the grant keys; no role is named `member-id`."""
    return f"member-id:{member}"


@dataclass(frozen=True)
class Contact:
    """One person.

    version: raised by every change, 0 for a person of whom nothing is stored yet; name and email: None until
    the directory gives them; locale: what the directory says; chosen_locale: what the person says, if
    anything; mail_off: the kinds that the person does not want by mail (the inbox has all).
    """

    member: str
    version: int = 0
    name: str | None = None
    email: str | None = None
    locale: Locale = Locale.VI
    grants: tuple[Grant, ...] = ()
    chosen_locale: Locale | None = None
    mail_off: frozenset[Kind] = field(default_factory=frozenset)

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that the person can be looked up by when someone is to be told."""
        return (member_key(self.member), *sorted({grant.key for grant in self.grants}))

    @property
    def language(self) -> Locale:
        return self.chosen_locale or self.locale

    def wants_mail(self, kind: Kind) -> bool:
        return self.email is not None and kind not in self.mail_off

    @property
    def mail_choices(self) -> Mapping[Kind, bool]:
        return {kind: kind not in self.mail_off for kind in Kind}
