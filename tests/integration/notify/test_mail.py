"""From a due mail to the mail server: to whom, in which words and order, and how it leaves the queue."""

from __future__ import annotations

import logging
import threading

import pytest

from notify.application.marking import GROUP
from notify.domain.contacts import Contact, Grant
from notify.entrypoints.mail import MailLoop
from tests.support.notify_mails import READER, members, states, tell
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import Notify
from tests.support.processes import wait_until


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

    # Three queues, expired leases, the leased rows, contacts; one write to lease them all, one before each
    # mail is handed over, then the marks; and the journal of the pass is dropped.
    assert notify.trips.names["find"] == 6
    assert 1 + 2 * GROUP + 2 <= notify.trips.names["update"] <= 1 + 2 * GROUP + 2 * GROUP
    assert notify.trips.names["delete"] == 1
    assert notify.trips.names.keys() == {"find", "update", "delete"}
    stages = notify.trips.stages(notify.db)
    assert all("COLLSCAN" not in found for found in stages.values()), stages


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
