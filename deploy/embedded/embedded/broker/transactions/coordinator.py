"""Transactions: their states, partitions and groups, fencing by epoch, and ending them so that after a kill
at any time a transaction has taken effect as a whole or not at all.

A transaction is decided when its decision is in the journal; markers and offsets follow, and are completed
at the next start if the broker is killed in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from embedded.broker.groups.offsets import CommittedOffset, Offsets, TopicPartition
from embedded.broker.log.batch import MARKER_ABORT, MARKER_COMMIT
from embedded.broker.metadata.journal import Fact, Journal
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from embedded.broker.transactions.producer_ids import ProducerIds

log = logging.getLogger(__name__)

SECTION = "transactions"
_LAST_EPOCH = 32766


class TransactionState(StrEnum):
    EMPTY = "empty"
    ONGOING = "ongoing"
    COMMITTING = "committing"
    ABORTING = "aborting"
    COMMITTED = "committed"
    ABORTED = "aborted"


_DECIDED = {
    TransactionState.COMMITTING: TransactionState.COMMITTED,
    TransactionState.ABORTING: TransactionState.ABORTED,
}


@dataclass(slots=True)
class Transaction:
    """timeout_ms: how long it may stay open; started: ms since the epoch."""

    transactional_id: str
    producer_id: int
    epoch: int
    timeout_ms: int
    state: TransactionState = TransactionState.EMPTY
    started: int = 0
    partitions: set[TopicPartition] = field(default_factory=set)
    offsets: dict[str, dict[TopicPartition, CommittedOffset]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProducerIdentity:
    producer_id: int
    epoch: int


class TransactionCoordinator:
    """clock: ms since the epoch. max_timeout_ms: the longest a producer may ask to keep a transaction
    open.
    """

    def __init__(
        self,
        journal: Journal,
        topics: Topics,
        offsets: Offsets,
        producer_ids: ProducerIds,
        clock: Callable[[], int],
        max_timeout_ms: int,
    ) -> None:
        self._journal = journal
        self._topics = topics
        self._offsets = offsets
        self._producer_ids = producer_ids
        self._clock = clock
        self._max_timeout_ms = max_timeout_ms
        self._transactions: dict[str, Transaction] = {}

    # ---- identity

    def identify(
        self, transactional_id: str | None, timeout_ms: int, present: ProducerIdentity | None
    ) -> ProducerIdentity:
        """A producer id and epoch; with a transactional id the epoch fences every earlier producer.

        present: the producer id and epoch of a recovering producer. Raises BrokerError.
        """
        if transactional_id is None:
            return ProducerIdentity(self._producer_ids.allocate(), 0)
        if not transactional_id:
            raise BrokerError(ErrorCode.INVALID_REQUEST, "the transactional id is empty")
        if not 0 < timeout_ms <= self._max_timeout_ms:
            raise BrokerError(
                ErrorCode.INVALID_TRANSACTION_TIMEOUT, f"at most {self._max_timeout_ms} ms are allowed"
            )
        transaction = self._transactions.get(transactional_id)
        if transaction is None:
            transaction = Transaction(transactional_id, self._producer_ids.allocate(), -1, timeout_ms)
            self._transactions[transactional_id] = transaction
        elif present not in (None, ProducerIdentity(transaction.producer_id, transaction.epoch)):
            raise BrokerError(ErrorCode.PRODUCER_FENCED, "a newer producer has this transactional id")
        self._raise_epoch(transaction)
        if transaction.state is TransactionState.ONGOING:
            self._finish(transaction, commit=False)
        transaction.timeout_ms = timeout_ms
        transaction.state = TransactionState.EMPTY
        self._save(transaction)
        return ProducerIdentity(transaction.producer_id, transaction.epoch)

    def _raise_epoch(self, transaction: Transaction) -> None:
        if transaction.epoch >= _LAST_EPOCH and transaction.state is not TransactionState.ONGOING:
            transaction.producer_id, transaction.epoch = self._producer_ids.allocate(), -1
        transaction.epoch += 1

    def _owned(self, transactional_id: str, identity: ProducerIdentity) -> Transaction:
        transaction = self._transactions.get(transactional_id)
        if transaction is None or transaction.producer_id != identity.producer_id:
            raise BrokerError(
                ErrorCode.INVALID_PRODUCER_ID_MAPPING, "the producer id is not this transaction's"
            )
        if transaction.epoch != identity.epoch:
            raise BrokerError(ErrorCode.PRODUCER_FENCED, "a newer producer has this transactional id")
        return transaction

    # ---- in a transaction

    def add_partitions(
        self, transactional_id: str, identity: ProducerIdentity, partitions: set[TopicPartition]
    ) -> None:
        """Raises BrokerError; the partitions must exist."""
        transaction = self._owned(transactional_id, identity)
        self._begin(transaction)
        transaction.partitions |= partitions
        self._save(transaction)

    def add_group(self, transactional_id: str, identity: ProducerIdentity, group_id: str) -> None:
        transaction = self._owned(transactional_id, identity)
        self._begin(transaction)
        transaction.offsets.setdefault(group_id, {})
        self._save(transaction)

    def add_offsets(
        self,
        transactional_id: str,
        identity: ProducerIdentity,
        group_id: str,
        offsets: dict[TopicPartition, CommittedOffset],
    ) -> None:
        """Offsets that are committed together with the transaction. Raises BrokerError."""
        transaction = self._owned(transactional_id, identity)
        if transaction.state is not TransactionState.ONGOING or group_id not in transaction.offsets:
            raise BrokerError(ErrorCode.INVALID_TXN_STATE, "the group is not part of an open transaction")
        transaction.offsets[group_id].update(offsets)
        self._save(transaction)
        self._offsets.hold(group_id, transactional_id, set(offsets))

    def check_write(
        self, transactional_id: str | None, identity: ProducerIdentity, partition: TopicPartition
    ) -> None:
        """Check that a transactional batch may be written to this partition. Raises BrokerError if not."""
        transaction = self._transactions.get(transactional_id or "")
        if transaction is None or transaction.producer_id != identity.producer_id:
            raise BrokerError(
                ErrorCode.INVALID_PRODUCER_ID_MAPPING, "the producer id is not this transaction's"
            )
        if transaction.epoch != identity.epoch:
            raise BrokerError(ErrorCode.INVALID_PRODUCER_EPOCH, "a newer producer has this transactional id")
        if transaction.state is not TransactionState.ONGOING or partition not in transaction.partitions:
            raise BrokerError(ErrorCode.INVALID_TXN_STATE, "the partition is not part of an open transaction")

    def _begin(self, transaction: Transaction) -> None:
        if transaction.state is not TransactionState.ONGOING:
            transaction.state = TransactionState.ONGOING
            transaction.started = self._clock()

    # ---- its end

    def end(self, transactional_id: str, identity: ProducerIdentity, commit: bool) -> None:
        """Commit or abort; repeating a completed request is not an error. Raises BrokerError."""
        transaction = self._owned(transactional_id, identity)
        if transaction.state is TransactionState.ONGOING:
            self._finish(transaction, commit)
        elif transaction.state in _DECIDED:
            self._carry_out(transaction)  # an earlier write of it failed
        done = TransactionState.COMMITTED if commit else TransactionState.ABORTED
        if transaction.state is not done:
            raise BrokerError(ErrorCode.INVALID_TXN_STATE, f"the transaction is {transaction.state}")

    def expire(self) -> None:
        """Abort transactions that have been open for too long, and fence their producers."""
        now = self._clock()
        for transaction in self._transactions.values():
            overdue = now - transaction.started > transaction.timeout_ms
            if transaction.state is TransactionState.ONGOING and overdue:
                log.info("transaction timed out", extra={"transactional_id": transaction.transactional_id})
                transaction.epoch += 1
                self._finish(transaction, commit=False)

    def _finish(self, transaction: Transaction, commit: bool) -> None:
        transaction.state = TransactionState.COMMITTING if commit else TransactionState.ABORTING
        self._save(transaction)  # decided: it will be carried out, at the next start if necessary
        self._carry_out(transaction)

    def _carry_out(self, transaction: Transaction) -> None:
        commit = transaction.state is TransactionState.COMMITTING
        for name, index in sorted(transaction.partitions):
            partition = self._topics.partition(name, index)
            if partition is not None and partition.producers.has_open_transaction(transaction.producer_id):
                marker = MARKER_COMMIT if commit else MARKER_ABORT
                partition.end_transaction(transaction.producer_id, transaction.epoch, marker)
        for group_id, offsets in transaction.offsets.items():
            self._offsets.release(group_id, transaction.transactional_id)
            if commit:
                for committed_partition, committed in offsets.items():
                    self._offsets.commit(group_id, committed_partition, committed)
        transaction.partitions, transaction.offsets = set(), {}
        transaction.state = _DECIDED[transaction.state]
        self._save(transaction)

    # ---- the journal

    def _save(self, transaction: Transaction) -> None:
        self._journal.record(SECTION, _fact(transaction))

    def restore(self, fact: Fact) -> None:
        transactional_id, producer_id, epoch, timeout_ms, state, started, partitions, groups = fact
        self._transactions[transactional_id] = Transaction(
            transactional_id,
            producer_id,
            epoch,
            timeout_ms,
            TransactionState(state),
            started,
            {(topic, index) for topic, index in partitions},
            {
                group_id: {
                    (topic, index): CommittedOffset(*committed) for topic, index, *committed in offsets
                }
                for group_id, offsets in groups
            },
        )

    def resume(self) -> None:
        """After a start: complete decided transactions, and keep the offsets of open ones pending."""
        for transaction in self._transactions.values():
            if transaction.state in _DECIDED:
                self._carry_out(transaction)
            for group_id, offsets in transaction.offsets.items():
                self._offsets.hold(group_id, transaction.transactional_id, set(offsets))

    def facts(self) -> Iterator[Fact]:
        for transaction in self._transactions.values():
            yield _fact(transaction)


def _fact(transaction: Transaction) -> Fact:
    return [
        transaction.transactional_id,
        transaction.producer_id,
        transaction.epoch,
        transaction.timeout_ms,
        transaction.state,
        transaction.started,
        sorted(transaction.partitions),
        [
            [group_id, [[*partition, *committed] for partition, committed in offsets.items()]]
            for group_id, offsets in transaction.offsets.items()
        ],
    ]
