"""Who is told of what: the table, the people behind it, and who is left out."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from notify.adapters.events import TOPICS, occurrence
from notify.domain.contacts import Contact, Grant
from notify.domain.kinds import TOLD, Audience, Channel, Kind, Queue
from notify.domain.messages import MAIL_WORTH, AddressBook, Message, looked_up_keys, messages_for, recipients
from notify.domain.occurrences import is_silenced, withdrawn_revisions
from tests.support.notify_news import AUTHOR, NOW, event

OWN_EVENTS = [topic for topic, rule in TOLD.items() if rule.audience is Audience.AUTHORS]
SUPPORT = Contact("m-support001", 1, "A", "a@example.org", grants=(Grant("support", "HC-APATIT-VIET-NAM"),))
ABOVE = Contact("m-support002", 1, "B", "b@example.org", grants=(Grant("support", "CT-HOA-CHAT"),))
REVIEWER = Contact("m-reviewer01", 1, "C", "c@example.org", grants=(Grant("reviewer", "HC-APATIT-VIET-NAM"),))


def told(topic: str, *contacts: Contact, **changes: object) -> set[tuple[str, Channel]]:
    found = messages_for(occurrence(event(topic, changes)), AddressBook(contacts), {}, NOW)
    return {(message.member, message.channel) for message in found}


def test_every_topic_that_names_this_service_as_consumer_is_consumed_and_no_other() -> None:
    named = {topic.name for topic in contracts.topics().values() if "notify" in topic.consumers}

    assert set(TOPICS) == named


def test_every_kind_is_told_by_exactly_one_event() -> None:
    assert sorted(rule.kind for rule in TOLD.values()) == sorted(Kind)


@pytest.mark.parametrize("topic", OWN_EVENTS)
def test_the_submitter_and_the_authors_who_are_members_are_told_what_becomes_of_it(topic: str) -> None:
    other = "m-0ther00000"

    assert told(topic, author_ids=[AUTHOR, other], submitted_by="m-submitter0", author_count=3) == {
        (AUTHOR, Channel.INBOX),
        (other, Channel.INBOX),
        ("m-submitter0", Channel.INBOX),
    }


def test_a_person_who_submitted_as_an_author_is_told_once() -> None:
    messages = list(messages_for(occurrence(event("initiative.approved")), AddressBook([]), {}, NOW))

    assert [message.id for message in messages] == [f"{messages[0].event_id}:{AUTHOR}:inbox"]


def test_only_holders_of_the_role_at_exactly_the_unit_are_told_of_an_assignment() -> None:
    assert told("review.assigned", SUPPORT, ABOVE, REVIEWER) == {
        (SUPPORT.member, Channel.INBOX),
        (SUPPORT.member, Channel.EMAIL),
    }


def test_an_author_who_is_in_the_support_group_is_not_asked_to_review_the_own_initiative() -> None:
    assert told("review.assigned", SUPPORT, author_ids=[SUPPORT.member]) == set()
    assert told("review.assigned", SUPPORT, submitted_by=SUPPORT.member) == set()


def test_the_officials_of_exactly_the_unit_are_told_that_its_target_is_reached() -> None:
    reached = event("target.reached")
    official = Contact("m-official01", grants=(Grant("official", reached.data["unit"]),))
    parent = Contact("m-official02", grants=(Grant("official", reached.data["unit_path"][0]),))
    member = Contact("m-member0001", grants=(Grant("member", reached.data["unit"]),))

    assert told("target.reached", official, parent, member) == {(official.member, Channel.INBOX)}


def test_an_event_looks_up_only_the_people_or_the_role_that_it_concerns() -> None:
    assert looked_up_keys(occurrence(event("initiative.approved"))) == {f"member-id:{AUTHOR}"}
    assert looked_up_keys(occurrence(event("review.assigned"))) == {"support:HC-APATIT-VIET-NAM"}


def test_a_person_whom_nobody_has_entered_still_gets_an_inbox_entry_but_no_mail() -> None:
    assert told("initiative.approved") == {(AUTHOR, Channel.INBOX)}


def test_a_person_without_an_address_gets_no_mail() -> None:
    assert told("initiative.approved", Contact(AUTHOR, 1, "A", None)) == {(AUTHOR, Channel.INBOX)}


def test_a_kind_that_is_switched_off_is_not_mailed_but_is_in_the_inbox() -> None:
    choosy = Contact(AUTHOR, 1, "A", "a@example.org", mail_off=frozenset({Kind.APPROVED}))

    assert told("initiative.approved", choosy) == {(AUTHOR, Channel.INBOX)}
    assert told("initiative.rejected", choosy) == {(AUTHOR, Channel.INBOX), (AUTHOR, Channel.EMAIL)}


def test_old_news_from_a_replayed_topic_is_not_mailed() -> None:
    book = AddressBook([Contact(AUTHOR, 1, "A", "a@example.org")])
    old = occurrence(event("initiative.approved", at=NOW - MAIL_WORTH - timedelta(seconds=1)))
    recent = occurrence(event("initiative.approved", at=NOW - MAIL_WORTH))

    assert [m.channel for m in messages_for(old, book, {}, NOW)] == [Channel.INBOX]
    assert [m.channel for m in messages_for(recent, book, {}, NOW)] == [Channel.INBOX, Channel.EMAIL]


def test_mail_to_one_person_does_not_queue_behind_mail_to_groups() -> None:
    queues = {topic: rule.queue for topic, rule in TOLD.items()}

    assert {topic for topic, queue in queues.items() if queue is Queue.GROUP} == {
        "review.assigned",
        "target.reached",
    }
    assert Queue.RETRY not in queues.values()


def test_a_withdrawal_silences_what_happened_to_older_revisions_and_nothing_else() -> None:
    withdrawn = {"6f1c2a34-5b7d-4e8f-9a01-23456789abcd": 3}

    assert is_silenced(occurrence(event("initiative.approved", {"revision": 2})), withdrawn)
    assert not is_silenced(occurrence(event("initiative.approved", {"revision": 3})), withdrawn)
    assert not is_silenced(occurrence(event("initiative.withdrawn", {"revision": 3})), withdrawn)
    assert not is_silenced(occurrence(event("initiative.approved", {"revision": 2})), {"another": 9})
    assert not is_silenced(occurrence(event("target.reached")), withdrawn)


def test_the_highest_of_several_withdrawals_counts() -> None:
    both = [occurrence(event("initiative.withdrawn", {"revision": revision})) for revision in (4, 2)]

    assert list(withdrawn_revisions(both).values()) == [4]
    assert withdrawn_revisions([occurrence(event("initiative.approved"))]) == {}


def test_the_title_of_a_confidential_initiative_is_in_no_fact() -> None:
    secret = event("initiative.submitted", name="confidential-for-a-member")

    assert secret.data["confidential"]
    assert occurrence(secret).facts["title"] is None


@given(st.data())
def test_no_repetition_or_order_of_events_makes_a_second_message_for_a_person_and_channel(
    data: st.DataObject,
) -> None:
    events = [occurrence(event(topic)) for topic in TOLD]
    book = AddressBook([SUPPORT, Contact(AUTHOR, 1, "A", "a@example.org")])
    once = {m.id for one in events for m in messages_for(one, book, {}, NOW)}
    repeated = [*events, *data.draw(st.lists(st.sampled_from(events), max_size=20))]
    random.Random(data.draw(st.integers())).shuffle(repeated)

    stored: dict[str, Message] = {}
    for one in repeated:
        stored.update({m.id: m for m in messages_for(one, book, {}, NOW)})

    assert set(stored) == once
    assert len({(m.event_id, m.member, m.channel) for m in stored.values()}) == len(once)


def test_recipients_do_not_depend_on_who_has_an_address() -> None:
    assigned = occurrence(event("review.assigned"))
    silent = Contact("m-silent0001", grants=SUPPORT.grants)

    assert recipients(assigned, AddressBook([SUPPORT, silent])) == {SUPPORT.member, silent.member}
