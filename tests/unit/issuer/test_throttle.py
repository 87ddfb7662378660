from __future__ import annotations

from embedded.issuer.throttle import ACCOUNT_FAILURES, ADDRESS_FAILURES, MOST_KEYS, WINDOW_SECONDS, Throttle


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_an_account_waits_after_too_many_failures_until_the_window_ends() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(ACCOUNT_FAILURES):
        assert throttle.wait_seconds("an", "10.0.0.1") == 0
        throttle.failed("an", "10.0.0.1")

    assert throttle.wait_seconds("an", "10.0.0.2") == WINDOW_SECONDS
    assert throttle.wait_seconds("binh", "10.0.0.1") == 0
    clock.seconds += WINDOW_SECONDS
    assert throttle.wait_seconds("an", "10.0.0.1") == 0


def test_an_address_waits_after_failures_over_many_accounts() -> None:
    throttle = Throttle(Clock())
    for number in range(ADDRESS_FAILURES):
        throttle.failed(f"name-{number}", "10.0.0.1")

    assert throttle.wait_seconds("fresh", "10.0.0.1") > 0
    assert throttle.wait_seconds("fresh", "10.0.0.2") == 0


def test_a_success_forgets_the_failures_of_the_account() -> None:
    throttle = Throttle(Clock())
    for _ in range(ACCOUNT_FAILURES):
        throttle.failed("an", "10.0.0.1")

    throttle.succeeded("an")

    assert throttle.wait_seconds("an", "10.0.0.1") == 0


def test_the_memory_of_failures_is_bounded() -> None:
    throttle = Throttle(Clock())

    for number in range(MOST_KEYS + 100):
        throttle.failed(f"name-{number}", f"address-{number}")

    assert len(throttle._windows) == MOST_KEYS
