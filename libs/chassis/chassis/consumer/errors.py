"""Classifies the errors that a handler raises. The retries themselves are in `batch.py`."""

from __future__ import annotations

from enum import StrEnum

from kafka.errors import KafkaError
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from chassis.events.codec import DecodeError


class ErrorClass(StrEnum):
    TRANSIENT = "transient"  # blocking retry with backoff, for as long as it takes
    DETERMINISTIC = "deterministic"  # dead letter at once
    UNKNOWN = "unknown"  # a few tries, then dead letter


class Transient(Exception):
    """A dependency is temporarily unavailable; retrying the batch will succeed."""


class Refused(Exception):
    """The domain refuses this event; a retry cannot succeed. `code` is stable and goes into the dead
    letter."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


TRANSIENT_ERRORS: tuple[type[BaseException], ...] = (
    Transient,
    AutoReconnect,  # with its subclasses: not primary, server selection and network timeouts
    NetworkTimeout,
    ExecutionTimeout,
    WTimeoutError,
    WaitQueueTimeoutError,
    ConnectionError,
    TimeoutError,
)


def classify(error: BaseException) -> ErrorClass:
    """The class of an error that a handler raised."""
    if isinstance(error, Refused | DecodeError):
        return ErrorClass.DETERMINISTIC
    if isinstance(error, TRANSIENT_ERRORS):
        return ErrorClass.TRANSIENT
    if isinstance(error, PyMongoError) and (error.timeout or _retryable(error)):
        return ErrorClass.TRANSIENT
    if isinstance(error, KafkaError) and getattr(error, "retriable", False):
        return ErrorClass.TRANSIENT
    return ErrorClass.UNKNOWN


# Server errors that say "not now": interrupted at shutdown, not primary, exceeded time limit, write conflict.
RETRYABLE_CODES = frozenset(
    {6, 7, 43, 50, 89, 91, 112, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}
)


def _retryable(error: PyMongoError) -> bool:
    if error.has_error_label("TransientTransactionError") or error.has_error_label("RetryableWriteError"):
        return True
    return isinstance(error, OperationFailure) and error.code in RETRYABLE_CODES


def error_code(error: BaseException) -> str:
    """The stable code for a dead letter: the domain's own, else the exception's class."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else type(error).__name__
