"""The notification service's parts on one database, and its users, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask
from pymongo.database import Database

from chassis.events.codec import Event
from chassis.problems import COMMON, Problem
from chassis.settings import load
from chassis.tokens import Grant, Principal, TokenVerifier
from notify import bootstrap
from notify.adapters.contacts import MongoContacts
from notify.application.deliver import DeliverMail
from notify.config import Settings
from notify.domain.contacts import Contact
from tests.support.notify_news import NOW
from tests.support.round_trips import RoundTrips
from tests.support.smtp_servers import Postbox

OTHER = "m-0000000001"
ADMIN = "m-admin00000"


# The settings of every role; a test overrides the addresses of its servers.
ENVIRONMENT = {
    "MONGO_URI": "mongodb://127.0.0.1:1/?retryWrites=false",
    "MONGO_DATABASE": "notify",
    "KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "OIDC_ISSUER": "https://issuer.example.org",
    "OIDC_JWKS_URL": "https://issuer.example.org/jwks",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_SECONDS": "5",
    "MAIL_FROM": "Sáng Kiến <no-reply@sangkien.example.org>",
    "PUBLIC_URL": "https://sangkien.example.org",
    # A few people act here, from one address.
    "WRITE_RATE": "0",
    "ANONYMOUS_RATE": "0",
}


def settings_for(postbox: Postbox, **changes: Any) -> Settings:
    return replace(load(Settings, {**ENVIRONMENT, "SMTP_PORT": str(postbox.port)}), **changes)


@dataclass
class Notify:
    """The service's parts on one database. `now` is the current time for all of them."""

    db: Database[dict[str, Any]]
    trips: RoundTrips
    postbox: Postbox
    now: datetime = NOW
    chance: float = 0.5
    keep: timedelta = timedelta(days=730)
    _senders: dict[str, DeliverMail] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def handle(self, *events: Event) -> None:
        bootstrap.event_handler(self.db, self.keep, self.clock)(events)

    def know(self, *contacts: Contact) -> None:
        for contact in contacts:
            assert MongoContacts(self.db).save(replace(contact, version=1), replacing=0)

    def sender(self, name: str = "one", **settings: Any) -> DeliverMail:
        """The mail delivery of one worker; each name is a separate worker."""
        if name not in self._senders:
            made = bootstrap.mail_delivery(settings_for(self.postbox, **settings), self.db, self.clock)
            made.chance = lambda: self.chance
            self._senders[name] = made
        return self._senders[name]

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        return sorted(self.db["messages"].find(wanted), key=lambda row: str(row["_id"]))

    def mails(self) -> list[dict[str, Any]]:
        return self.rows(channel="email")


class Trusting:
    """Reads "subject role:unit role:unit …" as a token."""

    def verify(self, token: str) -> Principal:
        subject, *grants = token.split(",")
        if not subject:
            raise Problem(COMMON["not-authenticated"])
        return Principal(subject, tuple(Grant(*grant.split(":", 1)) for grant in grants))


def as_member(subject: str, *grants: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {','.join((subject, *grants))}"}


def as_admin(unit: str = "TLD") -> dict[str, str]:
    return as_member(ADMIN, f"admin:{unit}")


def application(notify: Notify) -> Flask:
    """The HTTP application, with tokens that are not verified."""
    verifier = cast(TokenVerifier, Trusting())
    return bootstrap.application(settings_for(notify.postbox), notify.db, verifier, notify.clock)
