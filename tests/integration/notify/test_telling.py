"""From consumed events to stored messages: nothing lost, nothing doubled, few round trips, indexes only."""

from __future__ import annotations

import random
import uuid
from typing import Any

from notify.adapters.events import TOPICS
from notify.adapters.reads import KEYS_PER_READ
from notify.domain.contacts import Contact, Grant
from notify.domain.kinds import TOLD
from notify.migrations import m0003_reference_numbers
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import Notify
from union.units import unit_of

READER = Contact(AUTHOR, 1, "Nguyễn Thị Ánh", "anh@example.org")
SUPPORT = Contact("m-support001", 1, "B", "b@example.org", grants=(Grant("support", "HC-APATIT-VIET-NAM"),))


def apart(number: int) -> dict[str, Any]:
    """Changes that make an example the story of another initiative by another member."""
    member = f"m-{number:010d}"
    return {"initiative_id": str(uuid.UUID(int=number)), "submitted_by": member, "author_ids": [member]}


def test_a_batch_delivered_again_in_another_order_and_other_parts_adds_nothing(notify: Notify) -> None:
    notify.know(READER, SUPPORT)
    events = [event(topic) for topic in TOLD if topic != "initiative.withdrawn"]
    notify.handle(*events)
    before = notify.rows()
    shuffled = random.Random(7).sample(events, len(events))

    notify.handle(*shuffled)
    for one in shuffled:
        notify.handle(one)

    assert notify.rows() == before
    assert len(before) == len({(row["event_id"], row["member"], row["channel"]) for row in before})


def test_a_batch_that_was_stored_in_part_is_completed(notify: Notify) -> None:
    notify.know(READER)
    events = [event("initiative.submitted"), event("initiative.approved")]
    notify.handle(*events)
    whole = notify.rows()
    notify.db["messages"].delete_one({"_id": whole[0]["_id"]})

    notify.handle(*events)

    assert notify.rows() == whole


def test_a_person_whom_nobody_has_entered_has_an_inbox_entry_and_no_mail(notify: Notify) -> None:
    notify.handle(event("initiative.approved"))

    assert [(row["member"], row["channel"]) for row in notify.rows()] == [(AUTHOR, "inbox")]


def test_no_address_and_no_name_is_stored_with_a_message(notify: Notify) -> None:
    notify.know(READER)

    notify.handle(event("initiative.approved"))

    assert len(notify.mails()) == 1
    assert "example.org" not in str(notify.rows())
    assert "Nguyễn" not in str(notify.rows())


def test_the_title_of_a_confidential_initiative_is_stored_nowhere(notify: Notify) -> None:
    notify.handle(event("initiative.submitted", name="confidential-for-a-member"))

    assert notify.rows()
    assert all(row["facts"]["title"] is None for row in notify.rows())


def test_after_a_withdrawal_older_news_of_that_initiative_tells_nobody(notify: Notify) -> None:
    withdrawal = event("initiative.withdrawn", {"revision": 2})
    notify.handle(withdrawal)

    notify.handle(event("initiative.approved", {"revision": 1}), event("review.assigned", {"revision": 1}))

    assert [row["kind"] for row in notify.rows()] == ["withdrawn"]


def test_a_withdrawal_silences_older_news_that_comes_before_it_in_the_same_batch(notify: Notify) -> None:
    notify.handle(
        event("initiative.approved", {"revision": 1}), event("initiative.withdrawn", {"revision": 2})
    )

    assert [row["kind"] for row in notify.rows()] == ["withdrawn"]


def test_an_older_withdrawal_does_not_undo_a_newer_one(notify: Notify) -> None:
    notify.handle(event("initiative.withdrawn", {"revision": 4}))
    notify.handle(event("initiative.withdrawn", {"revision": 2}))

    notify.handle(event("initiative.approved", {"revision": 3}))

    assert "approved" not in {row["kind"] for row in notify.rows()}


def test_a_unit_is_called_as_its_latest_version_says_whatever_the_order(notify: Notify) -> None:
    code = event("initiative.approved").data["unit"]
    new = event("unit.changed", {"code": code, "version": 3, "name_vi": "Tên mới", "name_en": None})
    old = event("unit.changed", {"code": code, "version": 2, "name_vi": "Tên cũ", "name_en": "Old"})

    notify.handle(new)
    notify.handle(old, new)
    notify.handle(event("initiative.approved"))

    assert notify.rows()[0]["unit_names"] == {code: {"vi": "Tên mới"}}


def test_units_are_kept_with_their_place_and_their_days(notify: Notify) -> None:
    changed = event("unit.changed", {"version": 3, "cluster": "khoi-2", "valid_to": "2027-12-31"})
    code = changed.data["code"]

    notify.handle(changed)

    found = notify.db["units"].find_one({"_id": code})
    assert found is not None
    assert unit_of(code, found) == unit_of(code, changed.data)
    assert found["names"]["vi"] == changed.data["name_vi"]


def test_names_from_before_there_were_numbers_stay_known_and_are_followed(notify: Notify) -> None:
    code = event("initiative.approved").data["unit"]
    notify.db["units"].insert_one({"_id": code, "version": 1, "names": {"vi": "Tên cũ"}})
    m0003_reference_numbers.run(notify.db)
    notify.handle(event("initiative.approved", apart(1)))
    notify.handle(event("unit.changed", {"code": code, "version": 2, "name_vi": "Tên mới", "name_en": None}))
    notify.handle(event("initiative.approved", apart(2)))

    called = {row["unit_names"][code]["vi"] for row in notify.rows() if row["kind"] == "approved"}

    assert called == {"Tên cũ", "Tên mới"}


def test_a_campaign_is_called_as_its_latest_version_says_whatever_the_order(notify: Notify) -> None:
    reached = event("target.reached")
    id = reached.data["campaign"]
    notify.know(Contact("m-official01", grants=(Grant("official", reached.data["unit"]),)))
    new = event("campaign.changed", {"id": id, "version": 3, "name_vi": "Tên mới", "name_en": "New"})
    old = event("campaign.changed", {"id": id, "version": 2, "name_vi": "Tên cũ", "name_en": "Old"})

    notify.handle(new)
    notify.handle(old, new, reached)

    assert notify.rows()[0]["campaign_names"] == {id: {"vi": "Tên mới", "en": "New"}}


def test_the_number_of_round_trips_does_not_grow_with_the_batch(notify: Notify) -> None:
    notify.know(READER, SUPPORT)
    notify.handle(event("initiative.approved", apart(1)))

    counts = []
    for size in (2, KEYS_PER_READ):
        batch = [event("initiative.approved", apart(100 * size + number)) for number in range(size)]
        notify.trips.reset()
        notify.handle(*batch)
        counts.append(dict(notify.trips.names))

    # Withdrawals, contacts, units; then one write for all messages.
    assert counts == [{"find": 3, "insert": 1}] * 2


def test_a_batch_of_every_kind_takes_one_write_for_messages_and_one_for_withdrawals(notify: Notify) -> None:
    notify.trips.reset()

    notify.handle(*(event(topic) for topic in TOPICS))

    # Withdrawals, contacts, units, campaigns are read, withdrawals written. The transaction for what is new
    # of units and campaigns reads both and writes both, and takes and reads the number of the change.
    assert notify.trips.names == {"find": 4 + 3, "insert": 1, "update": 1 + 3, "commitTransaction": 1}


def test_everything_that_a_batch_reads_is_found_by_an_index(notify: Notify) -> None:
    notify.know(READER, SUPPORT)
    notify.trips.reset()
    notify.handle(*(event(topic) for topic in TOLD))

    stages = notify.trips.stages(notify.db)

    assert len(stages) == 4
    assert all("COLLSCAN" not in found for found in stages.values()), stages


def test_more_people_than_fit_one_read_are_all_found(notify: Notify) -> None:
    people = [Contact(f"m-{number:010d}", 1, "A", f"a{number}@example.org") for number in range(120)]
    notify.know(*people)

    notify.handle(*(event("initiative.approved", apart(number)) for number in range(120)))

    assert len(notify.mails()) == 120
