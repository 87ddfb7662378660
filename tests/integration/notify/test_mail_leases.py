"""Several workers, dead and slow ones: each mail is with one of them at a time."""

from __future__ import annotations

import threading
from collections import Counter

from notify.adapters.reads import KEYS_PER_READ
from notify.application.deliver import LEASE, LIMITS
from notify.domain.kinds import Queue
from tests.support.notify_mails import READER, members, send_all, states, tell
from tests.support.notify_stage import Notify


def test_two_workers_share_the_mails_and_none_is_sent_twice(notify: Notify) -> None:
    tell(notify, *members(60))
    one, other = notify.sender("one"), notify.sender("other")
    workers = [threading.Thread(target=send_all, args=(sender,)) for sender in (one, other)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert Counter(notify.postbox.recipients) == Counter(f"a{number}@example.org" for number in range(60))
    assert states(notify) == {"sent": 60}


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
    heir.deliveries.recover(notify.now)
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


def test_a_stopping_worker_begins_no_mail_and_gives_back_what_it_leased(notify: Notify) -> None:
    tell(notify, *members(3))
    before = notify.mails()
    sender = notify.sender()
    sender.stopping = lambda: True

    assert sender.sweep().settled == 0

    assert notify.mails() == before
    assert notify.postbox.mails == []
