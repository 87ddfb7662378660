"""The thread that refreshes a copy in memory."""

from __future__ import annotations

import threading

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from tests.support.processes import wait_until
from union.refresher import Refresher


def test_it_goes_on_while_the_database_is_unavailable_until_it_is_stopped() -> None:
    calls: list[int] = []

    def refresh() -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise ServerSelectionTimeoutError("down")

    refresher = Refresher("copy-under-test", refresh, every=0.001)
    refresher.start()

    wait_until(lambda: len(calls) > 4, "it goes on")
    refresher.stop()
    assert "copy-under-test" not in {thread.name for thread in threading.enumerate()}


def test_the_log_says_which_copy_was_not_refreshed(caplog: pytest.LogCaptureFixture) -> None:
    def refresh() -> None:
        raise ServerSelectionTimeoutError("mongodb://internal-host")

    refresher = Refresher("copy-under-test", refresh, every=0.001)
    refresher.start()
    wait_until(lambda: len(caplog.records) > 0, "a record")
    refresher.stop()

    record = caplog.records[0]
    assert (record.levelname, vars(record)["copy"]) == ("WARNING", "copy-under-test")
    assert "internal-host" not in record.getMessage()
