"""What becomes of a mail after an attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.application.deliver import pause_after
from notify.domain.deliveries import FINAL, JITTER, TRIED_AGAIN, WAITS, Outcome, State, judge, wait_after
from tests.support.notify_news import NOW

chances = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_the_waits_go_from_a_minute_to_a_day() -> None:
    assert WAITS[0] == timedelta(minutes=1)
    assert WAITS[-1] == timedelta(hours=24)
    assert list(WAITS) == sorted(set(WAITS))


@given(st.integers(min_value=1, max_value=len(WAITS)), chances)
def test_a_wait_is_spread_by_no_more_than_a_fifth(attempt: int, chance: float) -> None:
    wait = wait_after(attempt, chance)

    assert wait is not None
    assert WAITS[attempt - 1] * (1 - JITTER) <= wait <= WAITS[attempt - 1] * (1 + JITTER)


def test_mails_deferred_together_come_back_apart() -> None:
    assert wait_after(1, 0.0) == timedelta(seconds=48)
    assert wait_after(1, 0.5) == timedelta(seconds=60)


def test_after_the_last_wait_there_is_none() -> None:
    assert wait_after(len(WAITS) + 1, 0.5) is None


def test_an_accepted_mail_is_sent_and_never_due_again() -> None:
    verdict = judge(Outcome.ACCEPTED, None, attempt=1, now=NOW, chance=0.5)

    assert (verdict.state, verdict.due_at, verdict.reason) == (State.SENT, None, None)


@pytest.mark.parametrize("outcome", sorted(FINAL))
def test_what_cannot_get_better_fails_at_once_and_says_why(outcome: Outcome) -> None:
    assert judge(outcome, "smtp-550", attempt=1, now=NOW, chance=0.5).reason == "smtp-550"
    assert judge(outcome, None, attempt=1, now=NOW, chance=0.5).reason == outcome.value
    assert judge(outcome, None, attempt=1, now=NOW, chance=0.5).state is State.FAILED


@pytest.mark.parametrize("outcome", sorted(TRIED_AGAIN))
def test_what_may_get_better_is_due_again_later_and_given_up_after_two_days(outcome: Outcome) -> None:
    again = judge(outcome, "smtp-451", attempt=2, now=NOW, chance=0.5)
    last = judge(outcome, "smtp-451", attempt=len(WAITS) + 1, now=NOW, chance=0.5)

    assert (again.state, again.due_at) == (State.DUE, NOW + timedelta(minutes=5))
    assert (last.state, last.due_at, last.reason) == (State.FAILED, None, "smtp-451")
    assert sum(WAITS, timedelta()) < timedelta(days=2)


@pytest.mark.parametrize("attempt", [1, len(WAITS) + 1])
def test_a_mail_that_the_server_may_have_is_in_doubt_and_never_due_again(attempt: int) -> None:
    verdict = judge(Outcome.UNANSWERED, "smtp-unanswered", attempt=attempt, now=NOW, chance=0.5)

    assert (verdict.state, verdict.due_at, verdict.reason) == (State.IN_DOUBT, None, "smtp-unanswered")


def test_a_mail_server_that_is_away_gives_no_mail_up() -> None:
    verdict = judge(Outcome.UNAVAILABLE, None, attempt=99, now=NOW, chance=0.5)

    assert (verdict.state, verdict.due_at) == (State.DUE, NOW)


def test_every_outcome_has_a_verdict() -> None:
    for outcome in Outcome:
        assert judge(outcome, "code", attempt=1, now=NOW, chance=0.5).state in State


@given(st.integers(min_value=1, max_value=10_000), chances)
def test_the_pause_while_the_server_is_away_stays_within_a_second_and_some_minute(
    passes: int, chance: float
) -> None:
    assert 0.8 <= pause_after(passes, chance) <= 72
