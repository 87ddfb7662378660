from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from embedded.broker.groups.offsets import SECTION as OFFSETS
from embedded.broker.groups.offsets import CommittedOffset, Offsets
from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.log.partition import PartitionLog
from embedded.broker.metadata.configs import Defaults
from embedded.broker.metadata.journal import Journal
from embedded.broker.metadata.topics import SECTION as TOPICS
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from embedded.broker.transactions.coordinator import SECTION as TRANSACTIONS
from embedded.broker.transactions.coordinator import ProducerIdentity, TransactionCoordinator
from embedded.broker.transactions.producer_ids import SECTION as PRODUCER_IDS
from embedded.broker.transactions.producer_ids import ProducerIds
from tests.support.kafka_batches import append, record_batch

PLACE = ("topic", 0)
COMMITTED = CommittedOffset(5, "", -1)


class KilledError(Exception):
    """Stands for kill -9: nothing after it happens."""


@dataclass
class Rooms:
    journal: Journal
    topics: Topics
    offsets: Offsets
    transactions: TransactionCoordinator
    clock: list[int]

    @property
    def log(self) -> PartitionLog:
        log = self.topics.partition(*PLACE)
        assert log is not None
        return log

    def close(self) -> None:
        self.topics.close()
        self.journal.close()

    def begin(self, transactional_id: str = "tx") -> ProducerIdentity:
        """A producer with an open transaction of one record and one group's offset."""
        identity = self.transactions.identify(transactional_id, 1000, None)
        self.transactions.add_partitions(transactional_id, identity, {PLACE})
        producer = (identity.producer_id, identity.epoch, 0)
        append(self.log, record_batch(b"v", producer=producer, transactional=True))
        self.transactions.add_group(transactional_id, identity, "group")
        self.transactions.add_offsets(transactional_id, identity, "group", {PLACE: COMMITTED})
        return identity


def _start(directory: Path) -> Rooms:
    flusher = Flusher(FsyncPolicy.NEVER)
    journal = Journal(directory / "journal", flusher)
    topics = Topics(directory / "topics", journal, flusher, Defaults({}), 10)
    offsets, producer_ids = Offsets(journal), ProducerIds(journal)
    clock = [1000]
    transactions = TransactionCoordinator(journal, topics, offsets, producer_ids, lambda: clock[0], 60000)
    journal.open({PRODUCER_IDS: producer_ids, TOPICS: topics, OFFSETS: offsets, TRANSACTIONS: transactions})
    topics.open()
    transactions.resume()
    if "topic" not in topics:
        topics.create("topic", 1, {})
    return Rooms(journal, topics, offsets, transactions, clock)


def test_a_commit_applies_records_and_offsets_together(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()
    assert rooms.log.last_stable_offset == 0
    assert rooms.offsets.is_unstable("group", PLACE)

    rooms.transactions.end("tx", identity, commit=True)

    assert rooms.log.last_stable_offset == 2
    assert rooms.offsets.of("group") == {PLACE: COMMITTED}
    assert not rooms.offsets.is_unstable("group", PLACE)
    rooms.close()


def test_an_abort_applies_neither(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()

    rooms.transactions.end("tx", identity, commit=False)

    assert len(rooms.log.producers.aborted_in(0, 9)) == 1
    assert rooms.offsets.of("group") == {}
    rooms.close()


def test_ending_twice_the_same_way_is_no_error_but_the_other_way_is(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()
    rooms.transactions.end("tx", identity, commit=True)

    rooms.transactions.end("tx", identity, commit=True)

    with pytest.raises(BrokerError) as refused:
        rooms.transactions.end("tx", identity, commit=False)
    assert refused.value.code is ErrorCode.INVALID_TXN_STATE
    assert rooms.log.next_offset == 2
    rooms.close()


@pytest.mark.parametrize("writes_before_the_kill", range(4))
@pytest.mark.parametrize("commit", [True, False])
def test_a_kill_within_the_end_leaves_all_of_a_transaction_or_nothing(
    tmp_path: Path, writes_before_the_kill: int, commit: bool
) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()
    left = [writes_before_the_kill]
    real_record = Journal.record

    def record_until_killed(journal: Journal, section: str, fact: list[object]) -> None:
        if not left[0]:
            raise KilledError
        left[0] -= 1
        real_record(journal, section, fact)

    killed = False
    with mock.patch.object(Journal, "record", record_until_killed):
        try:
            rooms.transactions.end("tx", identity, commit=commit)
        except KilledError:
            killed = True
    rooms.close()

    after = _start(tmp_path)
    decided = writes_before_the_kill >= 1
    if not decided:
        assert killed
        assert after.log.last_stable_offset == 0
        assert after.offsets.is_unstable("group", PLACE)
        after.transactions.end("tx", identity, commit=commit)
    assert after.log.last_stable_offset == after.log.next_offset == 2
    assert (after.offsets.of("group") == {PLACE: COMMITTED}) is commit
    assert bool(after.log.producers.aborted_in(0, 9)) is not commit
    after.close()


def test_a_new_producer_aborts_and_fences_the_old_one(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    old = rooms.begin()

    new = rooms.transactions.identify("tx", 1000, None)

    assert new == ProducerIdentity(old.producer_id, old.epoch + 1)
    assert len(rooms.log.producers.aborted_in(0, 9)) == 1
    for attempt in (
        lambda: rooms.transactions.end("tx", old, commit=True),
        lambda: rooms.transactions.add_partitions("tx", old, {PLACE}),
        lambda: rooms.transactions.identify("tx", 1000, old),
    ):
        with pytest.raises(BrokerError) as refused:
            attempt()
        assert refused.value.code is ErrorCode.PRODUCER_FENCED
    rooms.close()


def test_an_overdue_transaction_is_aborted_and_its_producer_fenced(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()
    rooms.clock[0] += 1000
    rooms.transactions.expire()
    assert rooms.log.last_stable_offset == 0

    rooms.clock[0] += 1
    rooms.transactions.expire()

    assert rooms.log.last_stable_offset == 2
    with pytest.raises(BrokerError):
        rooms.transactions.end("tx", identity, commit=True)
    rooms.close()


def test_a_write_outside_the_transaction_is_refused(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    identity = rooms.begin()

    def refusal(transactional_id: str | None, who: ProducerIdentity, place: tuple[str, int]) -> ErrorCode:
        with pytest.raises(BrokerError) as refused:
            rooms.transactions.check_write(transactional_id, who, place)
        return refused.value.code

    rooms.transactions.check_write("tx", identity, PLACE)
    assert refusal("tx", identity, ("topic", 7)) is ErrorCode.INVALID_TXN_STATE
    assert refusal(None, identity, PLACE) is ErrorCode.INVALID_PRODUCER_ID_MAPPING
    older = ProducerIdentity(identity.producer_id, identity.epoch - 1)
    assert refusal("tx", older, PLACE) is ErrorCode.INVALID_PRODUCER_EPOCH
    rooms.close()


def test_a_worn_out_epoch_gives_a_new_producer_id(tmp_path: Path) -> None:
    rooms = _start(tmp_path)
    first = rooms.transactions.identify("tx", 1000, None)
    rooms.transactions._transactions["tx"].epoch = 32766

    second = rooms.transactions.identify("tx", 1000, None)

    assert second.producer_id != first.producer_id
    assert second.epoch == 0
    rooms.close()


@pytest.mark.parametrize("timeout", [0, -5, 60001])
def test_a_timeout_that_is_too_long_or_none_is_refused(tmp_path: Path, timeout: int) -> None:
    rooms = _start(tmp_path)

    with pytest.raises(BrokerError) as refused:
        rooms.transactions.identify("tx", timeout, None)

    assert refused.value.code is ErrorCode.INVALID_TRANSACTION_TIMEOUT
    rooms.close()


def test_no_producer_id_is_given_twice_over_restarts(tmp_path: Path) -> None:
    given = []
    for _ in range(3):
        rooms = _start(tmp_path)
        given += [rooms.transactions.identify(None, 0, None).producer_id for _ in range(150)]
        rooms.close()

    assert len(set(given)) == 450
