from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from embedded.issuer.throttle import ACCOUNT_FAILURES, ADDRESS_FAILURES, MOST_KEYS, WINDOW_SECONDS, Throttle

HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_an_account_waits_where_it_was_guessed_until_the_window_ends_and_nowhere_else() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(ACCOUNT_FAILURES):
        assert throttle.begin("an", HERE) == 0

    assert throttle.begin("an", HERE) == WINDOW_SECONDS
    assert throttle.begin("an", ELSEWHERE) == 0
    assert throttle.begin("binh", HERE) == 0
    clock.seconds += WINDOW_SECONDS
    assert throttle.begin("an", HERE) == 0


def test_of_attempts_at_once_no_more_go_on_than_of_attempts_one_by_one() -> None:
    throttle = Throttle(Clock())

    with ThreadPoolExecutor(40) as pool:
        waits = list(pool.map(lambda _: throttle.begin("an", HERE), range(40)))

    assert waits.count(0) == ACCOUNT_FAILURES


def test_an_address_waits_after_failures_over_many_accounts() -> None:
    throttle = Throttle(Clock())
    for number in range(ADDRESS_FAILURES):
        assert throttle.begin(f"name-{number}", HERE) == 0

    assert throttle.begin("fresh", HERE) > 0
    assert throttle.begin("fresh", ELSEWHERE) == 0


def test_a_refused_attempt_is_not_counted() -> None:
    throttle = Throttle(Clock())
    for _ in range(ADDRESS_FAILURES * 2):
        throttle.begin("an", HERE)

    assert throttle.begin("binh", HERE) == 0


def test_a_success_forgets_the_failures_of_the_account() -> None:
    throttle = Throttle(Clock())
    for _ in range(ACCOUNT_FAILURES):
        throttle.begin("an", HERE)

    throttle.succeeded("an", HERE)

    assert throttle.begin("an", HERE) == 0


def test_many_who_sign_in_rightly_at_one_address_never_wait() -> None:
    throttle = Throttle(Clock())

    for number in range(ADDRESS_FAILURES * 3):
        assert throttle.begin(f"name-{number}", HERE) == 0
        throttle.succeeded(f"name-{number}", HERE)


def test_a_success_here_forgets_nothing_of_another_address() -> None:
    throttle = Throttle(Clock())
    for _ in range(ACCOUNT_FAILURES):
        throttle.begin("an", ELSEWHERE)

    throttle.begin("an", HERE)
    throttle.succeeded("an", HERE)

    assert throttle.begin("an", ELSEWHERE) > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("", "", True),
        ("unix", "10.0.0.1", False),
    ],
)
def test_the_addresses_of_one_subscriber_count_as_one(one: str, other: str, same: bool) -> None:
    throttle = Throttle(Clock())
    for _ in range(ACCOUNT_FAILURES):
        throttle.begin("an", one)

    assert (throttle.begin("an", other) > 0) == same


def test_the_memory_of_failures_is_bounded() -> None:
    throttle = Throttle(Clock())

    for number in range(MOST_KEYS + 100):
        throttle.begin(f"name-{number}", f"address-{number}")

    assert len(throttle._windows) == MOST_KEYS
