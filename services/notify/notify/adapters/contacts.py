"""Owns the documents of contacts, the only place of this platform's events side that holds names and
addresses. It must never log one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pymongo.errors import DuplicateKeyError

from notify.adapters.reads import Document, Store, find_by_any
from notify.domain.contacts import Contact, Grant
from notify.domain.kinds import Kind, Locale

COLLECTION = "contacts"


class MongoContacts:
    def __init__(self, db: Store) -> None:
        self._contacts = db[COLLECTION]

    def find(self, member: str) -> Contact | None:
        document = self._contacts.find_one({"_id": member})
        return None if document is None else _from_document(document)

    def reachable_by(self, keys: Collection[str]) -> Sequence[Contact]:
        found = {document["_id"]: document for document in find_by_any(self._contacts, "keys", keys)}
        return [_from_document(document) for document in found.values()]

    def save(self, contact: Contact, *, replacing: int) -> bool:
        document = _to_document(contact)
        if replacing == 0:
            try:
                self._contacts.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        # Not replaced whole: a later release may keep more of a contact.
        update = {"$set": {name: value for name, value in document.items() if name != "_id"}}
        result = self._contacts.update_one({"_id": contact.member, "version": replacing}, update)
        return result.matched_count == 1

    def erase(self, member: str) -> None:
        self._contacts.delete_one({"_id": member})


def _to_document(contact: Contact) -> Document:
    return {
        "_id": contact.member,
        "version": contact.version,
        "name": contact.name,
        "email": contact.email,
        "locale": contact.locale.value,
        "chosen_locale": contact.chosen_locale.value if contact.chosen_locale else None,
        "grants": [{"role": grant.role, "unit": grant.unit} for grant in contact.grants],
        "mail_off": sorted(kind.value for kind in contact.mail_off),
        "keys": list(contact.keys),
    }


def _from_document(document: Document) -> Contact:
    return Contact(
        member=document["_id"],
        version=document["version"],
        name=document["name"],
        email=document["email"],
        locale=Locale(document["locale"]),
        grants=tuple(Grant(grant["role"], grant["unit"]) for grant in document["grants"]),
        chosen_locale=Locale(document["chosen_locale"]) if document["chosen_locale"] else None,
        mail_off=frozenset(kind for kind in Kind if kind.value in document["mail_off"]),
    )
