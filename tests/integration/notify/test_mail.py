"""From a due mail to the mail server: once each, whatever the server does."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from notify.adapters.reads import KEYS_PER_READ
from notify.application.deliver import LEASE, LIMITS
from notify.application.marking import GROUP
from notify.application.ports import Delivery, MailServerAway
from notify.domain.contacts import Contact, Grant
from notify.domain.deliveries import WAITS
from notify.domain.kinds import Queue
from notify.entrypoints.mail import MailLoop
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import Notify
from tests.support.processes import wait_until
from tests.support.smtp_servers import PASSWORD, USERNAME, Postbox, smtp_server

READER = Contact(AUTHOR, 1, "Nguyễn Thị Ánh", "anh@example.org")


def members(count: int) -> list[Contact]:
    return [Contact(f"m-{number:010d}", 1, "A", f"a{number}@example.org") for number in range(count)]


def tell(notify: Notify, *people: Contact) -> None:
    """One approval for each person, each with an address."""
    notify.know(*people)
    for person in people:
        notify.handle(event("initiative.approved", {"submitted_by": person.member, "author_ids": []}))


def states(notify: Notify) -> Counter[str]:
    return Counter(row["state"] for row in notify.mails())


def test_a_mail_reaches_its_reader_once(notify: Notify) -> None:
    tell(notify, READER)

    assert notify.sender().sweep().settled == 1
    assert notify.sender().sweep().settled == 0

    (mail,) = notify.postbox.mails
    assert notify.postbox.recipients == ["anh@example.org"]
    assert mail["To"] == "Nguyễn Thị Ánh <anh@example.org>"
    assert "đã được duyệt" in mail["Subject"]
    assert states(notify) == {"sent": 1}


def test_a_mail_goes_in_the_language_that_the_reader_has_chosen_by_then(notify: Notify) -> None:
    tell(notify, READER)
    notify.db["contacts"].update_one(
        {"_id": AUTHOR}, {"$set": {"chosen_locale": "en", "email": "new@example.org"}}
    )

    notify.sender().sweep()

    assert notify.postbox.recipients == ["new@example.org"]
    assert "has been approved" in notify.postbox.mails[0]["Subject"]


def test_many_mails_go_over_one_connection(notify: Notify) -> None:
    tell(notify, *members(12))

    assert notify.sender().sweep().settled == 12

    assert notify.postbox.connections == 1
    assert sorted(notify.postbox.recipients) == sorted(f"a{number}@example.org" for number in range(12))


def test_a_refused_address_fails_at_once_with_its_code_and_the_others_are_sent(notify: Notify) -> None:
    tell(notify, *members(3))
    notify.postbox.refused["a1@example.org"] = "550 5.1.1 a1@example.org does not exist"

    notify.sender().sweep()
    notify.later(days=3)
    notify.sender().sweep()

    assert states(notify) == {"sent": 2, "failed": 1}
    (failed,) = notify.rows(state="failed")
    assert failed["reason"] == "smtp-550"
    assert notify.postbox.connections == 1


def test_a_mail_refused_after_its_text_fails_too(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.answered["anh@example.org"] = "554 5.7.1 looks like spam"

    notify.sender().sweep()

    assert [row["reason"] for row in notify.rows(state="failed")] == ["smtp-554"]


def test_a_deferred_mail_is_tried_again_when_its_wait_is_over_and_not_before(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.refused["anh@example.org"] = "451 4.7.1 greylisted"
    notify.sender().sweep()
    notify.postbox.refused.clear()

    notify.later(seconds=59)
    assert notify.sender().sweep().settled == 0
    notify.later(seconds=1)
    assert notify.sender().sweep().settled == 1

    assert states(notify) == {"sent": 1}
    assert len(notify.postbox.mails) == 1


def test_a_mail_that_is_deferred_for_two_days_is_given_up(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.refused["anh@example.org"] = "452 4.2.2 mailbox full"

    for wait in WAITS:
        assert notify.sender().sweep().settled == 1
        assert states(notify) == {"due": 1}
        notify.now += wait
    notify.sender().sweep()

    assert [(row["state"], row["reason"], row["attempts"]) for row in notify.mails()] == [
        ("failed", "smtp-452", len(WAITS) + 1)
    ]


def test_retries_do_not_hold_up_first_attempts(notify: Notify) -> None:
    tell(notify, *members(30))
    notify.postbox.refused.update({f"a{number}@example.org": "451 later" for number in range(30)})
    notify.sender().sweep()
    notify.later(minutes=1)
    notify.know(READER)
    notify.handle(event("initiative.rejected"))
    notify.postbox.refused.clear()

    notify.sender().sweep()

    assert notify.postbox.recipients[0] == "anh@example.org"
    assert len(notify.postbox.recipients) < 30


def test_a_personal_mail_passes_a_fan_out_to_a_group(notify: Notify) -> None:
    group = [
        Contact(
            f"m-{number:010d}",
            1,
            "A",
            f"a{number}@example.org",
            grants=(Grant("support", "HC-APATIT-VIET-NAM"),),
        )
        for number in range(50)
    ]
    notify.know(READER, *group)
    notify.handle(event("review.assigned"))
    notify.later(seconds=1)
    notify.handle(event("initiative.approved"))

    notify.sender().sweep()

    assert notify.postbox.recipients[0] == "anh@example.org"


def test_a_connection_lost_after_the_text_is_tried_again_under_the_same_message_id(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.hangs_up.add("anh@example.org")
    notify.sender().sweep()
    assert [row["reason"] for row in notify.mails()] == ["smtp-connection-lost"]
    notify.postbox.hangs_up.clear()
    notify.later(minutes=1)

    notify.sender().sweep()

    assert states(notify) == {"sent": 1}
    assert len(notify.postbox.mails) == 2
    assert len({mail["Message-ID"] for mail in notify.postbox.mails}) == 1


def test_the_mails_after_a_lost_connection_go_over_a_new_one(notify: Notify) -> None:
    tell(notify, *members(3))
    notify.postbox.hangs_up.add("a0@example.org")

    notify.sender().sweep()

    assert states(notify) == {"sent": 2, "due": 1}
    assert notify.postbox.connections == 2


def test_a_server_that_never_answers_costs_the_time_of_a_step_and_no_mail(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.stalls.add("anh@example.org")

    sweep = notify.sender(smtp_seconds=0.3).sweep()

    assert sweep.settled == 1
    assert [(row["state"], row["queue"], row["reason"]) for row in notify.mails()] == [
        ("due", "retry", "smtp-connection-lost")
    ]


def test_a_server_that_hangs_up_again_and_again_is_left_alone_for_a_while(notify: Notify) -> None:
    tell(notify, *members(8))
    notify.postbox.hangs_up.update(f"a{number}@example.org" for number in range(8))

    sweep = notify.sender().sweep()

    assert sweep.away
    assert sorted((row["queue"], row["attempts"]) for row in notify.mails()) == [
        *[("personal", 0)] * 5,
        *[("retry", 1)] * 3,
    ]


def test_while_the_server_is_away_every_mail_keeps_its_place_and_counts_no_attempt(notify: Notify) -> None:
    tell(notify, *members(3))
    before = notify.mails()

    for _ in range(20):
        assert notify.sender(smtp_port=1).sweep().away
        notify.later(hours=6)

    assert notify.mails() == before
    assert notify.sender("other").sweep().settled == 3


def test_a_server_that_refuses_the_sender_is_away_and_fails_no_mail(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.sender_refused = "550 5.7.1 not from you"

    assert notify.sender().sweep().away

    assert states(notify) == {"due": 1}


def test_two_workers_share_the_mails_and_none_is_sent_twice(notify: Notify) -> None:
    tell(notify, *members(60))
    one, other = notify.sender("one"), notify.sender("other")
    workers = [threading.Thread(target=_send_all, args=(sender,)) for sender in (one, other)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert Counter(notify.postbox.recipients) == Counter(f"a{number}@example.org" for number in range(60))
    assert states(notify) == {"sent": 60}


def _send_all(sender: Any) -> None:
    while sender.sweep().settled:
        pass


def test_a_row_that_another_worker_has_leased_since_it_was_seen_is_not_won(notify: Notify) -> None:
    tell(notify, *members(60))
    slow, quick = notify.sender("slow"), notify.sender("quick")
    slow.sweep()
    while quick.sweep().settled:
        pass

    while slow.sweep().settled:
        pass

    assert max(Counter(notify.postbox.recipients).values()) == 1
    assert len(notify.postbox.recipients) == 60


def test_the_mails_of_a_worker_that_died_go_out_when_its_lease_ends(notify: Notify) -> None:
    tell(notify, *members(2))
    notify.sender("dies").deliveries.claim(notify.now, notify.now + LEASE, LIMITS)

    assert notify.sender("lives").sweep().settled == 0
    notify.now += LEASE
    assert notify.sender("lives").sweep().settled == 2

    assert [row["attempts"] for row in notify.mails()] == [2, 2]
    assert len(notify.postbox.recipients) == 2


def test_who_has_lost_the_lease_cannot_change_what_became_of_the_mail(notify: Notify) -> None:
    tell(notify, READER)
    late = notify.sender("late")
    leased = late.deliveries.claim(notify.now, notify.now, LIMITS)
    notify.sender("other").sweep()
    sent = notify.mails()

    late.deliveries.release(leased)

    assert states(notify) == {"sent": 1}
    assert notify.mails() == sent


def test_a_row_that_was_settled_since_it_was_seen_is_not_won(notify: Notify) -> None:
    """Not even under the same attempt: the lease that had run out was settled late."""
    tell(notify, *members(KEYS_PER_READ + 2))
    late, heir = notify.sender("late").deliveries, notify.sender("heir")
    leased = late.claim(notify.now, notify.now + LEASE, dict.fromkeys(Queue, KEYS_PER_READ + 2))
    notify.now += LEASE
    inherited = heir.deliveries.claim(notify.now, notify.now + LEASE, LIMITS)

    assert len(inherited) == KEYS_PER_READ
    assert late.mark_sent(leased, notify.now) == 2
    assert heir.sweep().settled == 0
    assert notify.postbox.mails == []


def test_a_deferred_mail_that_was_seen_before_is_not_won_before_its_wait_is_over(notify: Notify) -> None:
    tell(notify, *members(60))
    slow, quick = notify.sender("slow"), notify.sender("quick")
    slow.sweep()
    notify.postbox.refused.update({f"a{number}@example.org": "451 later" for number in range(60)})
    while quick.sweep().settled:
        pass

    while slow.sweep().settled:
        pass

    assert {row["attempts"] for row in notify.mails()} == {1}


def test_mails_that_cannot_be_marked_stop_the_pass_and_go_out_when_their_lease_ends(notify: Notify) -> None:
    tell(notify, *members(40))
    sender = notify.sender()
    works = sender.deliveries.mark_sent

    def broken(deliveries: Sequence[Delivery], now: datetime) -> int:
        raise AutoReconnect("the database is away")

    sender.deliveries.mark_sent = broken  # type: ignore[method-assign]
    with pytest.raises(AutoReconnect):
        sender.sweep()
    in_doubt = len(notify.postbox.mails)
    sender.deliveries.mark_sent = works  # type: ignore[method-assign]
    notify.now += LEASE
    while sender.sweep().settled:
        pass

    assert in_doubt <= 2 * GROUP + 1
    assert states(notify) == {"sent": 40}
    assert len(notify.postbox.mails) == 40 + in_doubt
    assert len({mail["Message-ID"] for mail in notify.postbox.mails}) == 40


def test_a_stopping_worker_begins_no_mail_and_gives_back_what_it_leased(notify: Notify) -> None:
    tell(notify, *members(3))
    before = notify.mails()
    sender = notify.sender()
    sender.stopping = lambda: True

    assert sender.sweep().settled == 0

    assert notify.mails() == before
    assert notify.postbox.mails == []


def test_an_erased_person_gets_no_mail_that_was_due(notify: Notify) -> None:
    tell(notify, READER)
    notify.db["contacts"].delete_one({"_id": AUTHOR})

    notify.sender().sweep()

    assert [(row["state"], row["reason"]) for row in notify.mails()] == [("failed", "unaddressed")]
    assert notify.postbox.connections == 1
    assert notify.postbox.mails == []


def test_a_message_that_cannot_be_put_into_words_fails_alone(
    notify: Notify, caplog: pytest.LogCaptureFixture
) -> None:
    tell(notify, *members(2))
    notify.db["messages"].update_one(
        {"member": members(1)[0].member, "channel": "email"}, {"$set": {"facts": {}}}
    )

    notify.sender().sweep()

    assert states(notify) == {"sent": 1, "failed": 1}
    assert notify.rows(state="failed")[0]["reason"] == "unprintable"


def test_no_log_line_names_a_person_or_an_address(notify: Notify, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="notify")
    tell(notify, READER, *members(3))
    notify.postbox.refused["anh@example.org"] = "550 anh@example.org is unknown"
    notify.postbox.refused["a1@example.org"] = "451 a1@example.org later"
    notify.sender().sweep()
    notify.sender("away", smtp_port=1).sweep()

    shown = " ".join(
        f"{record.getMessage()} {record.__dict__}"
        for record in caplog.records
        if record.name.startswith("notify")
    )

    assert "mail given up" in shown
    assert "example.org" not in shown
    assert "Nguyễn" not in shown
    assert AUTHOR not in shown


def test_sent_mails_leave_the_queue_and_keep_no_words(notify: Notify) -> None:
    tell(notify, READER)

    notify.sender().sweep()

    (row,) = notify.mails()
    left = {"queue", "due_at", "waits_in", "waits_until", "lease", "facts", "unit_names", "campaign_names"}
    assert not left & row.keys()


def test_a_pass_takes_few_round_trips_and_only_indexes(notify: Notify) -> None:
    tell(notify, *members(2 * GROUP))
    sender = notify.sender()
    notify.trips.reset()

    sender.sweep()

    # Three queues, expired leases, the leased rows, contacts; one write to lease them all, then the marks.
    assert notify.trips.names["find"] == 6
    assert 1 + 2 <= notify.trips.names["update"] <= 1 + 2 * GROUP
    assert notify.trips.names.keys() == {"find", "update"}
    stages = notify.trips.stages(notify.db)
    assert all("COLLSCAN" not in found for found in stages.values()), stages


def test_a_server_that_asks_for_a_password_gets_it(notify: Notify) -> None:
    tell(notify, READER)

    with smtp_server(Postbox(), sign_in=True) as strict:
        known = {"smtp_port": strict.port, "smtp_username": USERNAME}
        assert notify.sender("wrong", **known, smtp_password="wrong").sweep().away
        assert notify.sender("right", **known, smtp_password=PASSWORD).sweep().settled == 1

    assert strict.recipients == ["anh@example.org"]


def test_starttls_is_not_given_up_silently(notify: Notify) -> None:
    server = notify.sender(smtp_starttls=True).server

    with pytest.raises(MailServerAway, match="smtp-not-supported"), server.session():
        pass


def test_the_loop_sends_what_becomes_due_and_ends_when_told(notify: Notify) -> None:
    stop = threading.Event()
    loop = MailLoop(notify.sender(), poll_seconds=0.02, chance=lambda: 0.0)
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        tell(notify, READER)
        wait_until(lambda: len(notify.postbox.mails) == 1, "the mail is sent")
    finally:
        stop.set()
        thread.join(10)

    assert not thread.is_alive()
    assert states(notify) == {"sent": 1}
