"""Owns how contacts change: the directory enters them, the person chooses what to get, the administration
erases them. It must never let one of the two overwrite what belongs to the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from notify.application.ports import Contacts, Messages
from notify.domain.contacts import Contact, Grant
from notify.domain.errors import ContactNotFound, StaleVersion
from notify.domain.kinds import Kind, Locale


@dataclass(frozen=True)
class Particulars:
    """What the directory says of a person; locale None: nothing, so that it stays as it was."""

    name: str | None
    email: str | None
    locale: Locale | None
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class ContactBook:
    contacts: Contacts
    messages: Messages

    def own(self, member: str) -> Contact:
        """The person's contact; an empty one of version 0 when nothing is stored yet."""
        return self.contacts.find(member) or Contact(member)

    def find(self, member: str) -> Contact:
        """The contact of a person; ContactNotFound."""
        contact = self.contacts.find(member)
        if contact is None:
            raise ContactNotFound
        return contact

    def prefer(self, member: str, *, locale: Locale, mail: Mapping[Kind, bool], expected: int) -> Contact:
        """The person's choice of language and mails; a kind that is not named stays as it is.

        expected: the version that the person saw. StaleVersion when it is another by now.
        """
        current = self.own(member)
        off = {kind for kind in Kind if not mail.get(kind, kind not in current.mail_off)}
        return self._save(current, replace(current, chosen_locale=locale, mail_off=frozenset(off)), expected)

    def enter(self, member: str, particulars: Particulars, expected: int | None) -> Contact:
        """What the directory says, in place of what it said before; the person's choices stay.

        expected: the version to replace, or None for whichever it is: the directory states the whole of its
        part, so its latest word is right. StaleVersion when the version is another.
        """
        for _ in range(3):
            current = self.own(member)
            changed = replace(
                current,
                name=particulars.name,
                email=particulars.email,
                locale=particulars.locale or current.locale,
                grants=tuple(sorted(set(particulars.grants))),
            )
            if changed == current and current.version > 0 and expected in (None, current.version):
                return current
            try:
                return self._save(current, changed, current.version if expected is None else expected)
            except StaleVersion:
                # The person changed a preference at the same moment; read again, unless told to notice.
                if expected is not None:
                    raise
        raise StaleVersion(self.own(member).version)

    def officers(self, unit: str, offices: Collection[str]) -> Sequence[Contact]:
        """Those who hold one of the offices at exactly this unit, by name."""
        found = self.contacts.reachable_by({Grant(office, unit).key for office in offices})
        return sorted(found, key=lambda contact: (contact.name or "", contact.member))

    def erase(self, member: str) -> None:
        """Forget a person: the contact first, so that no mail is begun any more, then all messages."""
        self.contacts.erase(member)
        self.messages.erase(member)

    def _save(self, current: Contact, changed: Contact, expected: int) -> Contact:
        if current.version != expected:
            raise StaleVersion(current.version)
        saved = replace(changed, version=expected + 1)
        if not self.contacts.save(saved, replacing=expected):
            raise StaleVersion(current.version)
        return saved
