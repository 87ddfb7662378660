"""Accepted mails are marked in groups beside the sending; which are not marked yet is always known."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from notify.application.marking import Marking
from notify.application.ports import Delivery
from notify.domain.kinds import Channel, Kind, Queue
from notify.domain.messages import Message
from tests.support.notify_news import NOW
from tests.support.processes import wait_until


def delivery(number: int) -> Delivery:
    message = Message(f"e{number}", "m", Channel.EMAIL, Kind.APPROVED, NOW, {}, {}, Queue.PERSONAL)
    return Delivery(message, 1, Queue.PERSONAL, NOW, "token")


DELIVERIES = [delivery(number) for number in range(12)]


def test_every_accepted_mail_is_marked_once_and_in_order() -> None:
    marked: list[Delivery] = []

    with Marking(marked.extend, group=5) as marking:
        for one in DELIVERIES:
            marking.add(one)

    assert marked == DELIVERIES


def test_mails_that_are_accepted_quickly_are_marked_in_whole_groups() -> None:
    groups: list[int] = []

    with Marking(lambda group: groups.append(len(group)), group=4, gathering=30) as marking:
        for one in DELIVERIES:
            marking.add(one)

    assert groups == [4, 4, 4]


def test_the_end_does_not_wait_for_a_group_to_fill() -> None:
    groups: list[int] = []

    with Marking(lambda group: groups.append(len(group)), group=10, gathering=3600) as marking:
        marking.add(DELIVERIES[0])

    assert groups == [1]


def test_a_mail_that_nothing_follows_is_marked_all_the_same_before_the_end() -> None:
    marked: list[Delivery] = []

    with Marking(marked.extend, group=10, gathering=0.01) as marking:
        marking.add(DELIVERIES[0])
        wait_until(lambda: bool(marked), "the mail is marked")


def test_who_begins_a_mail_sees_which_before_it_are_not_marked_yet() -> None:
    goes_on = threading.Event()

    def slow(group: Sequence[Delivery]) -> None:
        goes_on.wait(20)

    with Marking(slow, group=2, gathering=30) as marking:
        assert list(marking.unmarked) == []
        for one in DELIVERIES[:3]:
            marking.add(one)
        seen = marking.unmarked
        assert list(seen) == DELIVERIES[:3]
        goes_on.set()
        wait_until(lambda: list(marking.unmarked) == DELIVERIES[2:3], "the first group is marked")

    assert list(seen) == DELIVERIES[:3]
    assert list(marking.unmarked) == []


def test_no_more_than_two_groups_are_unmarked_while_the_database_is_slow() -> None:
    goes_on = threading.Event()
    added: list[Delivery] = []

    def slow(group: Sequence[Delivery]) -> None:
        goes_on.wait(20)

    with Marking(slow, group=3, gathering=30) as marking:

        def add_all() -> None:
            for one in DELIVERIES:
                marking.add(one)
                added.append(one)

        sender = threading.Thread(target=add_all)
        sender.start()
        wait_until(lambda: len(added) == 6, "two groups are taken")
        sender.join(0.2)
        held = len(added)
        goes_on.set()
        sender.join(20)

    assert held == 6
    assert added == DELIVERIES


def test_a_write_that_fails_is_told_and_raised_and_nothing_is_written_after_it() -> None:
    tried: list[int] = []

    def broken(group: Sequence[Delivery]) -> None:
        tried.append(len(group))
        raise ConnectionError("the database is away")

    marking = Marking(broken, group=4)

    def mark_all() -> None:
        with marking:
            for one in DELIVERIES[:4]:
                marking.add(one)
            wait_until(lambda: marking.failed, "the failure is seen")
            for one in DELIVERIES[4:]:
                marking.add(one)

    with pytest.raises(ConnectionError, match="away"):
        mark_all()

    assert tried == [4]
    assert list(marking.unmarked) == DELIVERIES


def test_an_error_of_the_sending_is_not_hidden_by_one_of_the_marking() -> None:
    def broken(group: Sequence[Delivery]) -> None:
        raise ConnectionError("the database is away")

    def send() -> None:
        with Marking(broken) as marking:
            marking.add(DELIVERIES[0])
            raise LookupError

    with pytest.raises(LookupError):
        send()
