"""After a rollback: messages of a kind that this release has no words for wait for the release that has
them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from notify.adapters.contacts import MongoContacts
from notify.adapters.deliveries import MongoDoubtfulMails
from notify.domain.kinds import Kind
from tests.support.notify_mails import READER, members, send_all, tell
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import Notify, application, as_member

LATER = "certificate_issued"


@pytest.fixture
def http(notify: Notify) -> Iterator[FlaskClient]:
    with application(notify).test_client() as client:
        yield client


def test_an_entry_of_a_later_kind_is_left_out_and_the_others_are_shown(
    notify: Notify, http: FlaskClient
) -> None:
    notify.handle(event("initiative.approved"), event("initiative.submitted"))
    notify.db["messages"].update_one({"kind": "submitted"}, {"$set": {"kind": LATER}})

    answer = http.get("/v1/inbox", headers=as_member(AUTHOR))

    assert answer.status_code == 200
    assert [entry["kind"] for entry in (answer.json or {})["items"]] == ["approved"]


def test_a_mail_of_a_later_kind_is_neither_sent_nor_lost_and_holds_up_no_other(notify: Notify) -> None:
    tell(notify, *members(3))
    first = notify.mails()[0]["_id"]
    notify.db["messages"].update_one({"_id": first}, {"$set": {"kind": LATER, "facts": {"new": 1}}})
    before = notify.db["messages"].find_one({"_id": first})

    send_all(notify.sender())

    assert len(notify.postbox.mails) == 2
    assert notify.db["messages"].find_one({"_id": first}) == before


def test_a_mail_in_doubt_of_a_later_kind_is_not_listed(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.hangs_up.add("anh@example.org")
    notify.sender().sweep()
    assert len(MongoDoubtfulMails(notify.db).oldest(10)) == 1

    notify.db["messages"].update_many({}, {"$set": {"kind": LATER}})

    assert MongoDoubtfulMails(notify.db).oldest(10) == []


def test_a_contact_keeps_what_a_later_release_added(notify: Notify) -> None:
    notify.know(READER)
    later = {"digest": "weekly", "mail_off": [LATER, Kind.APPROVED.value]}
    notify.db["contacts"].update_one({"_id": READER.member}, {"$set": later})
    contacts = MongoContacts(notify.db)
    read = contacts.find(READER.member)
    assert read is not None
    assert read.mail_off == {Kind.APPROVED}

    assert contacts.save(read, replacing=read.version)

    stored = notify.db["contacts"].find_one({"_id": READER.member})
    assert stored is not None
    assert stored["digest"] == "weekly"
