"""Owns which messages an occurrence makes: at most one per event, person and channel, by construction of
the message's id. It must never render text or know an address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notify.domain.contacts import Contact, member_key
from notify.domain.kinds import Audience, Channel, Kind, Queue
from notify.domain.names import Names
from notify.domain.occurrences import Fact, Occurrence

# Older news is left to the inbox: a replayed topic must not send years of mail.
MAIL_WORTH = timedelta(days=7)


@dataclass(frozen=True)
class Message:
    """What one person is told over one channel; `queue` is set for mail only.

    names: of what the facts mention by id, as they were then.
    """

    event_id: str
    member: str
    channel: Channel
    kind: Kind
    at: datetime
    facts: Mapping[str, Fact]
    names: Names
    queue: Queue | None = None

    @property
    def id(self) -> str:
        return message_id(self.event_id, self.member, self.channel)


def message_id(event_id: str, member: str, channel: Channel) -> str:
    return f"{event_id}:{member}:{channel}"


def looked_up_keys(occurrence: Occurrence) -> frozenset[str]:
    """The contact keys that may lead to somebody whom the occurrence concerns."""
    if occurrence.rule.audience is Audience.AUTHORS:
        people = occurrence.initiative.people if occurrence.initiative else frozenset()
        return frozenset(member_key(person) for person in people)
    return frozenset({occurrence.told_role.key}) if occurrence.told_role else frozenset()


class AddressBook:
    """The contacts that a batch needs, by member and by grant."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._by_member: dict[str, Contact] = {}
        self._by_key: dict[str, list[str]] = {}
        for contact in contacts:
            self._by_member[contact.member] = contact
            for key in contact.keys:
                self._by_key.setdefault(key, []).append(contact.member)

    def contact(self, member: str) -> Contact:
        """The person's contact; one without any address for a person whom nobody has entered."""
        return self._by_member.get(member) or Contact(member)

    def holders(self, key: str) -> Sequence[str]:
        return self._by_key.get(key, ())


def recipients(occurrence: Occurrence, book: AddressBook) -> frozenset[str]:
    """The members whom the occurrence concerns."""
    people = occurrence.initiative.people if occurrence.initiative else frozenset()
    if occurrence.rule.audience is Audience.AUTHORS:
        return people
    if occurrence.told_role is None:
        return frozenset()
    # Who wrote an initiative never reviews it, so is not asked to either.
    return frozenset(book.holders(occurrence.told_role.key)) - people


def messages_for(occurrence: Occurrence, book: AddressBook, names: Names, now: datetime) -> Iterator[Message]:
    """One inbox message for each person concerned, and one by mail where the address is known and wanted.

    names: of everything that the batch mentions. now: UTC; decides what is too old to mail.
    """
    rule = occurrence.rule
    mentioned = {
        bearer: {id: names[bearer][id] for id in sorted(ids) if id in names.get(bearer, {})}
        for bearer, ids in occurrence.mentions.items()
    }
    mail_worthy = now - occurrence.at <= MAIL_WORTH
    for member in sorted(recipients(occurrence, book)):
        queues: list[tuple[Channel, Queue | None]] = [(Channel.INBOX, None)]
        if mail_worthy and book.contact(member).wants_mail(rule.kind):
            queues.append((Channel.EMAIL, rule.queue))
        for channel, queue in queues:
            yield Message(
                event_id=occurrence.event_id,
                member=member,
                channel=channel,
                kind=rule.kind,
                at=occurrence.at,
                facts=occurrence.facts,
                names=mentioned,
                queue=queue,
            )
