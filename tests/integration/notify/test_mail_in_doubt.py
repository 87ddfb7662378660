"""Once a mail is handed over, it is never handed over again: not after a death, a lost answer or a database
away. Where nobody knows whether the server has it, it is in doubt, and an operator decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from notify import metrics
from notify.adapters.deliveries import MongoDoubtfulMails
from notify.application.deliver import LEASE, LIMITS
from notify.application.doubtful import SettleDoubts
from notify.application.ports import Delivery
from notify.entrypoints.doubtful import run
from tests.support.notify_mails import READER, members, send_all, states, tell
from tests.support.notify_stage import Notify


def counted() -> float:
    return float(metrics.MAIL_IN_DOUBT._value.get())


def test_a_mail_whose_answer_was_lost_is_in_doubt_and_not_sent_again(notify: Notify) -> None:
    before = counted()
    tell(notify, READER)
    notify.postbox.hangs_up.add("anh@example.org")

    notify.sender().sweep()
    notify.later(days=3)
    send_all(notify.sender())

    assert [(row["state"], row["reason"]) for row in notify.mails()] == [("in_doubt", "smtp-unanswered")]
    assert len(notify.postbox.mails) == 1
    assert counted() - before == 1
    assert notify.db["mail_journal"].count_documents({}) == 0


def test_a_server_that_never_answers_costs_one_mail_of_a_pass_and_the_others_wait(notify: Notify) -> None:
    tell(notify, *members(3))
    notify.postbox.stalls.add("a0@example.org")

    sweep = notify.sender(smtp_seconds=0.2).sweep()

    assert sweep.away
    assert [(row["state"], row["attempts"]) for row in notify.mails()].count(("due", 0)) == 2
    assert states(notify) == {"in_doubt": 1, "due": 2}


def test_what_a_dead_worker_had_begun_is_settled_and_what_it_had_not_is_sent(notify: Notify) -> None:
    before = counted()
    tell(notify, *members(4))
    dead = notify.sender("dead").deliveries
    first, second, *others = dead.claim(notify.now, notify.now + LEASE, LIMITS)
    assert dead.begin(first, [])
    assert dead.begin(second, [first])

    notify.now += LEASE
    send_all(notify.sender("heir"))

    rows = {row["_id"]: row for row in notify.mails()}
    assert rows[first.message.id]["state"] == "sent"
    assert rows[second.message.id]["state"] == "in_doubt"
    assert rows[second.message.id]["reason"] == "worker-died"
    assert sorted(notify.postbox.recipients) == sorted(
        f"a{int(delivery.message.member[2:])}@example.org" for delivery in others
    )
    assert counted() - before == 1


def test_of_two_heirs_one_tells_of_a_doubt(notify: Notify) -> None:
    tell(notify, READER)
    dead = notify.sender("dead").deliveries
    (mail,) = dead.claim(notify.now, notify.now + LEASE, LIMITS)
    assert dead.begin(mail, [])
    notify.now += LEASE

    heirs = [notify.sender(name).deliveries for name in ("one", "other")]

    assert [list(heir.recover(notify.now)) for heir in heirs] == [[mail.message.event_id], []]


def test_a_mail_that_was_deferred_after_it_was_begun_is_not_in_doubt(notify: Notify) -> None:
    tell(notify, *members(2))
    notify.postbox.answered["a0@example.org"] = "451 4.3.0 later"
    notify.postbox.answered["a1@example.org"] = "451 4.3.0 later"
    sender = notify.sender("dies")
    sender.deliveries.forget = lambda token: None  # type: ignore[method-assign]
    sender.sweep()
    notify.postbox.answered.clear()

    notify.now += LEASE
    send_all(notify.sender("heir"))

    assert states(notify) == {"sent": 2}


def test_who_wakes_up_after_its_lease_has_gone_hands_nothing_over(notify: Notify) -> None:
    tell(notify, *members(3))
    late, heir = notify.sender("late"), notify.sender("heir")

    def sleep(step: str) -> None:
        # In the middle of its first mail: the server has agreed to take it, nothing is written down yet.
        if step == "sender":
            notify.postbox.at_step = lambda step: None
            heir.deliveries.recover(notify.now + LEASE)

    notify.postbox.at_step = sleep
    late.sweep()

    assert notify.postbox.mails == []
    notify.now += LEASE
    send_all(heir)
    assert len(notify.postbox.mails) == 3
    assert states(notify) == {"sent": 3}


def test_mails_that_cannot_be_marked_stop_the_pass_and_are_marked_when_the_database_is_back(
    notify: Notify,
) -> None:
    tell(notify, *members(40))
    sender = notify.sender()
    works = sender.deliveries.mark_sent

    def broken(deliveries: Sequence[Delivery], now: datetime) -> int:
        raise AutoReconnect("the database is away")

    sender.deliveries.mark_sent = broken  # type: ignore[method-assign]
    with pytest.raises(AutoReconnect):
        sender.sweep()
    with pytest.raises(AutoReconnect):
        sender.sweep()
    sent = len(notify.postbox.mails)
    assert 0 < sent < 40
    sender.deliveries.mark_sent = works  # type: ignore[method-assign]
    send_all(sender)

    assert states(notify) == {"sent": 40}
    assert len(notify.postbox.mails) == 40


def test_a_mail_that_cannot_be_written_down_is_not_handed_over_and_not_in_doubt(notify: Notify) -> None:
    tell(notify, *members(3))
    sender = notify.sender()
    works = sender.deliveries.begin

    def broken(delivery: Delivery, accepted: Sequence[Delivery]) -> bool:
        works(delivery, accepted)  # it is written, and the answer is lost
        raise AutoReconnect("the database is away")

    sender.deliveries.begin = broken  # type: ignore[method-assign]
    with pytest.raises(AutoReconnect):
        sender.sweep()
    assert notify.postbox.mails == []
    sender.deliveries.begin = works  # type: ignore[method-assign]
    send_all(sender)

    assert states(notify) == {"sent": 3}
    assert len(notify.postbox.mails) == 3


@pytest.fixture
def doubts(notify: Notify) -> SettleDoubts:
    """Three mails in doubt, in the hands of an operator."""
    tell(notify, *members(3))
    for number in range(3):
        notify.postbox.hangs_up = {f"a{number}@example.org" for number in range(3)}
        notify.sender().sweep()
        notify.later(seconds=number + 1)
    notify.postbox.hangs_up.clear()
    assert states(notify) == {"in_doubt": 3}
    return SettleDoubts(MongoDoubtfulMails(notify.db), notify.clock)


def test_an_operator_sees_the_mails_in_doubt_by_ids_that_name_nobody(
    doubts: SettleDoubts, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(doubts, []) == 0

    shown = capsys.readouterr().out
    assert "3 mails in doubt" in shown
    assert all(one.message.id in shown for one in doubts.oldest(10))
    assert "smtp-unanswered" in shown
    assert "example.org" not in shown
    assert [one.since for one in doubts.oldest(2)] == sorted(one.since for one in doubts.oldest(3))[:2]


def test_an_operator_has_one_sent_again_and_discards_another(doubts: SettleDoubts, notify: Notify) -> None:
    again, enough, _ = (one.message.id for one in doubts.oldest(3))

    assert run(doubts, ["resend", again]) == 0
    assert run(doubts, ["discard", enough]) == 0
    send_all(notify.sender())

    assert states(notify) == {"sent": 2, "in_doubt": 1}
    assert len(notify.postbox.mails) == 4
    assert len({str(mail["Message-ID"]) for mail in notify.postbox.mails}) == 3


def test_all_that_are_in_doubt_are_sent_again_at_once_and_what_is_not_is_refused(
    doubts: SettleDoubts, notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(doubts, ["resend", "--all"]) == 0
    notify.now += timedelta(seconds=1)
    send_all(notify.sender())

    assert states(notify) == {"sent": 3}
    assert run(doubts, ["resend", notify.mails()[0]["_id"]]) == 1
    assert "0 of 1" in capsys.readouterr().out
    assert len(notify.postbox.mails) == 6
    with pytest.raises(SystemExit):
        run(doubts, ["resend"])
