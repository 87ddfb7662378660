"""Which class an error belongs to, and the backoff between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError, UnknownError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from chassis.consumer.backoff import Backoff
from chassis.consumer.errors import ErrorClass, Refused, Transient, classify, error_code
from chassis.events.codec import ContractViolation, InvalidData, Undecodable


def labelled(label: str) -> PyMongoError:
    error = PyMongoError("conflict")
    error._add_error_label(label)
    return error


@pytest.mark.parametrize(
    "error",
    [
        Transient(),
        AutoReconnect(),
        NetworkTimeout(),
        ServerSelectionTimeoutError(),
        ExecutionTimeout("slow"),
        OperationFailure("not primary", 10107),
        OperationFailure("write conflict", 112),
        labelled("TransientTransactionError"),
        labelled("RetryableWriteError"),
        KafkaTimeoutError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_work_later_is_transient(error: Exception) -> None:
    assert classify(error) is ErrorClass.TRANSIENT


@pytest.mark.parametrize(
    "error", [Refused("no"), Undecodable("malformed", ""), InvalidData("invalid-data", "")]
)
def test_what_will_never_work_is_deterministic(error: Exception) -> None:
    assert classify(error) is ErrorClass.DETERMINISTIC


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        KeyError("x"),
        ContractViolation("bug"),
        DuplicateKeyError("E11000", 11000),
        OperationFailure("bad value", 2),
        BulkWriteError({}),
        UnknownError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_else_is_unknown(error: Exception) -> None:
    assert classify(error) is ErrorClass.UNKNOWN


def test_the_code_is_the_domain_s_own_or_the_class() -> None:
    assert error_code(Refused("unit-unknown")) == "unit-unknown"
    assert error_code(OperationFailure("x", 2)) == "OperationFailure"
    assert error_code(KeyError("x")) == "KeyError"
    assert str(Refused("no", "the unit is closed")) == "the unit is closed"


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_bounded_and_never_nothing(failures: int, chance: float) -> None:
    seconds = Backoff(first=0.1, longest=15, chance=lambda: chance).seconds(failures)

    assert 0.05 <= seconds <= 15


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1, longest=5, chance=lambda: 0.0)

    assert [backoff.seconds(n) for n in range(1, 6)] == [1, 2, 4, 5, 5]
