"""How contacts change: the directory and the person each own a part, and neither loses a change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import pytest

from notify.application.contacts import ContactBook, Particulars
from notify.application.inbox import Inbox
from notify.application.ports import EntryPage
from notify.domain.contacts import Contact, Grant
from notify.domain.errors import ContactNotFound, EntryNotFound, StaleVersion
from notify.domain.kinds import Kind, Locale
from notify.domain.messages import Message
from tests.support.notify_news import AUTHOR, NOW

FROM_DIRECTORY = Particulars(
    "Ánh", "anh@example.org", Locale.EN, (Grant("support", "B"), Grant("member", "A"))
)


class Shelf:
    """Contacts in memory; `meanwhile` happens once, between a read and the write that follows."""

    def __init__(self) -> None:
        self.stored: dict[str, Contact] = {}
        self.meanwhile: Callable[[], None] | None = None

    def find(self, member: str) -> Contact | None:
        return self.stored.get(member)

    def reachable_by(self, keys: Collection[str]) -> Sequence[Contact]:
        return [contact for contact in self.stored.values() if not set(contact.keys).isdisjoint(keys)]

    def save(self, contact: Contact, *, replacing: int) -> bool:
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        current = self.stored.get(contact.member)
        if (current.version if current else 0) != replacing:
            return False
        self.stored[contact.member] = contact
        return True

    def erase(self, member: str) -> None:
        self.stored.pop(member, None)


class NoMessages:
    def add(self, messages: Sequence[Message], now: object) -> int:
        return 0

    def page(self, member: str, *, unread_only: bool, after: str | None, limit: int) -> EntryPage:
        return EntryPage((), None)

    def unread(self, member: str, *, at_most: int) -> int:
        return 0

    def mark_read(self, member: str, event_id: str, now: object) -> bool:
        return False

    def erase(self, member: str) -> None:
        pass


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def book(shelf: Shelf) -> ContactBook:
    return ContactBook(shelf, NoMessages())


def test_the_first_word_of_the_directory_makes_version_one(book: ContactBook) -> None:
    entered = book.enter(AUTHOR, FROM_DIRECTORY, None)

    assert (entered.version, entered.name, entered.language) == (1, "Ánh", Locale.EN)
    assert entered.grants == (Grant("member", "A"), Grant("support", "B"))


def test_the_language_that_a_person_chose_outlives_what_the_directory_says(book: ContactBook) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)
    book.prefer(AUTHOR, locale=Locale.VI, mail={}, expected=1)

    assert book.enter(AUTHOR, replace(FROM_DIRECTORY, name="Ánh N."), None).language is Locale.VI


def test_a_directory_that_says_no_language_leaves_the_one_it_said_before(book: ContactBook) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)

    assert book.enter(AUTHOR, replace(FROM_DIRECTORY, locale=None, name="B"), None).language is Locale.EN


def test_the_directory_says_a_grant_twice_and_it_is_one(book: ContactBook) -> None:
    twice = replace(FROM_DIRECTORY, grants=(Grant("support", "B"), Grant("support", "B")))

    assert book.enter(AUTHOR, twice, None).grants == (Grant("support", "B"),)


def test_a_choice_made_while_the_directory_writes_is_kept(book: ContactBook, shelf: Shelf) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)
    shelf.meanwhile = lambda: _off(book, Kind.APPROVED, expected=1)

    entered = book.enter(AUTHOR, replace(FROM_DIRECTORY, name="Ánh N."), None)

    assert (entered.version, entered.name, entered.mail_off) == (3, "Ánh N.", frozenset({Kind.APPROVED}))


def _off(book: ContactBook, kind: Kind, expected: int) -> None:
    book.prefer(AUTHOR, locale=Locale.VI, mail={kind: False}, expected=expected)


def test_a_directory_that_named_a_version_is_told_of_a_change_in_between(
    book: ContactBook, shelf: Shelf
) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)
    shelf.meanwhile = lambda: _off(book, Kind.APPROVED, expected=1)

    with pytest.raises(StaleVersion):
        book.enter(AUTHOR, replace(FROM_DIRECTORY, name="Ánh N."), 1)


def test_a_directory_that_named_the_stored_version_and_changes_nothing_makes_no_version(
    book: ContactBook,
) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)

    assert book.enter(AUTHOR, FROM_DIRECTORY, 1).version == 1
    with pytest.raises(StaleVersion):
        book.enter(AUTHOR, FROM_DIRECTORY, 4)


def test_a_choice_made_on_an_old_version_is_refused_and_names_the_current_one(book: ContactBook) -> None:
    book.enter(AUTHOR, FROM_DIRECTORY, None)

    with pytest.raises(StaleVersion) as refused:
        _off(book, Kind.APPROVED, expected=0)

    assert refused.value.current == 1


def test_a_kind_that_was_switched_off_can_be_switched_on_again(book: ContactBook) -> None:
    _off(book, Kind.APPROVED, expected=0)

    again = book.prefer(AUTHOR, locale=Locale.VI, mail={Kind.APPROVED: True}, expected=1)

    assert again.mail_off == set()
    assert again.mail_choices == dict.fromkeys(Kind, True)


def test_somebody_unknown_is_not_found_but_sees_an_empty_contact_of_their_own(book: ContactBook) -> None:
    with pytest.raises(ContactNotFound):
        book.find(AUTHOR)

    assert book.own(AUTHOR) == Contact(AUTHOR)


def test_an_entry_that_is_not_there_cannot_be_read() -> None:
    with pytest.raises(EntryNotFound):
        Inbox(NoMessages(), lambda: NOW).mark_read(AUTHOR, "e")
