"""The mail server's answers and troubles: refused, deferred, broken, away; nothing is sent twice for them."""

from __future__ import annotations

import pytest

from notify.application.ports import MailServerAway
from notify.domain.deliveries import WAITS, Outcome
from tests.support.notify_mails import READER, members, states, tell
from tests.support.notify_stage import Notify
from tests.support.smtp_servers import PASSWORD, USERNAME, Postbox, smtp_server


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


def test_a_connection_lost_before_the_text_is_tried_again_later(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.drops.add("anh@example.org")
    notify.sender().sweep()
    assert [(row["state"], row["reason"]) for row in notify.mails()] == [("due", "smtp-connection-lost")]
    notify.postbox.drops.clear()
    notify.later(minutes=1)

    notify.sender().sweep()

    assert states(notify) == {"sent": 1}
    assert notify.postbox.recipients == ["anh@example.org"]


def test_the_mails_after_a_lost_connection_go_over_a_new_one(notify: Notify) -> None:
    tell(notify, *members(3))
    notify.postbox.drops.add("a0@example.org")

    notify.sender().sweep()

    assert states(notify) == {"sent": 2, "due": 1}
    assert notify.postbox.connections == 2


def test_a_server_that_hangs_up_again_and_again_is_left_alone_for_a_while(notify: Notify) -> None:
    tell(notify, *members(8))
    notify.postbox.drops.update(f"a{number}@example.org" for number in range(8))

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


def test_a_text_with_dots_arrives_as_it_was(notify: Notify) -> None:
    text = b"Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\nend"

    with notify.sender().server.session() as session:
        assert session.offer("anh@example.org") is None
        assert session.hand_over(text).outcome is Outcome.ACCEPTED

    assert notify.postbox.mails[0].get_content().splitlines() == [".one", "..two", ".", "end"]


def test_an_answer_that_says_neither_yes_nor_no_leaves_a_mail_in_doubt(notify: Notify) -> None:
    tell(notify, READER)
    notify.postbox.answered["anh@example.org"] = "what was that"

    notify.sender().sweep()

    assert [(row["state"], row["reason"]) for row in notify.mails()] == [("in_doubt", "smtp-answer-unknown")]
