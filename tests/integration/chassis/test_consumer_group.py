"""Several members of a group: rebalances in mid-batch and processes that are killed lose no record."""

from __future__ import annotations

import sys
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from chassis.consumer.errors import Transient
from tests.support.consuming import Recorder, consuming, wait_for
from tests.support.messaging import Channel, open_channel, record_of
from tests.support.processes import ServerProcess, wait_until

CONSUMER_PROCESS = """
import os, signal, sys, threading
from chassis.consumer.loop import ConsumerLoop
from tests.support.messaging import Channel, MessagingSettings, Spec

bootstrap, group, topic, held = sys.argv[1:]
channel = Channel(MessagingSettings(bootstrap), group, (Spec(topic),))

def handle(events):
    for event in events:
        print("handled", event.data["n"], flush=True)
        if event.data["n"] == 5:
            if held == "held":
                signal.pause()
            if held == "frozen":
                os.kill(os.getpid(), signal.SIGSTOP)

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
ConsumerLoop(channel.settings, group=group, topics=[topic], codec=channel.codec, handler=handle).run(stop)
"""


class ConsumerProcess(ServerProcess):
    """A consumer in a process of its own; with `held` it stops for ever in the middle of its first batch,
    with `frozen` until SIGCONT."""

    def __init__(self, directory: Path, channel: Channel, held: str) -> None:
        script = directory / "consumer.py"
        script.write_text(CONSUMER_PROCESS)
        command = [sys.executable, str(script), channel.settings.kafka_bootstrap]
        command += [channel.group, channel.topic, held]
        root = str(Path(__file__).parents[3])
        super().__init__("consumer", command, 0, directory / "consumer.log", {"PYTHONPATH": root})

    def ready(self) -> bool:
        return "handled" in self.output()


def committed_in_all(channel: Channel) -> int:
    return sum(channel.committed(partition=partition) or 0 for partition in range(4))


def handled_by(*recorders: Recorder) -> set[int]:
    return {number for recorder in recorders for number in recorder.handled}


def have_handled(numbers: set[int], *recorders: Recorder) -> bool:
    return numbers <= handled_by(*recorders)


def test_a_second_member_takes_over_a_part_and_nothing_is_lost(kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap, partitions=4)
    channel.write_events(range(40))
    first, second = Recorder(), Recorder()

    with consuming(channel, first):
        wait_for(first, range(40))
        with consuming(channel, second):
            numbers = count(40, 20)
            while not second.handled:
                start = next(numbers)
                assert start < 4000, "the second member gets nothing"
                channel.write_events(range(start, start + 20))
                written = set(range(start + 20))
                wait_until(partial(have_handled, written, first, second), "all are handled", 40)
            wait_until(lambda: committed_in_all(channel) == len(written), "all are committed")


def test_a_rebalance_while_a_batch_is_retried_gives_it_up_and_loses_nothing(kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap, partitions=4)
    away = threading.Event()
    away.set()

    def fails(numbers: list[int]) -> None:
        if away.is_set():
            raise Transient

    channel.write_events(range(60))
    first, second = Recorder(fails), Recorder(fails)

    with consuming(channel, first, batch=200):
        wait_until(lambda: len(first.calls) > 2, "the first member retries its batch")
        with consuming(channel, second, batch=200):
            wait_until(lambda: len(second.calls) > 2, "the second got partitions while the first retried", 40)
            away.clear()
            wait_until(lambda: handled_by(first, second) >= set(range(60)), "all are handled", 40)
            wait_until(lambda: committed_in_all(channel) == 60, "all are committed")


def test_a_rebalance_while_a_handler_works_loses_nothing(kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap, partitions=2)
    entered, release = threading.Event(), threading.Event()

    def blocks_once(numbers: list[int]) -> None:
        entered.set()
        release.wait(30)

    channel.write_events(range(20))
    first, second = Recorder(blocks_once), Recorder()

    with consuming(channel, first):
        assert entered.wait(20)
        with consuming(channel, second):
            # Joining takes until the first member polls again, or the broker's patience ends.
            wait_until(lambda: channel.members() == 2, "the second asks to join")
            release.set()
            wait_until(lambda: handled_by(first, second) >= set(range(20)), "all are handled", 40)
            channel.write_events(range(20, 60))
            wait_until(lambda: handled_by(first, second) >= set(range(60)), "all are handled", 40)

    assert handled_by(first, second) == set(range(60))


def test_a_rebalance_that_outlasts_a_poll_is_brought_to_its_end(
    kafka_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The join for the new partition begins in one poll and is answered after it.
    monkeypatch.setattr("chassis.consumer.loop.POLL_MS", 1)
    monkeypatch.setattr("chassis.consumer.loop.METADATA_MS", 200)
    channel = open_channel(kafka_server.bootstrap)
    recorder = Recorder()

    with consuming(channel, recorder):
        for partitions in range(1, 7):
            channel.grow(partitions)
            channel.write_events(range(20 * (partitions - 1), 20 * partitions))
            wait_for(recorder, range(20 * partitions), seconds=60)


def test_a_member_that_was_put_out_of_the_group_sets_no_offset_back(
    kafka_server: Any, tmp_path: Path
) -> None:
    channel = open_channel(kafka_server.bootstrap, partitions=4)
    channel.write_events(range(20))
    with ConsumerProcess(tmp_path, channel, "frozen") as frozen:
        wait_until(lambda: psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED, "it is frozen")
        channel.write_events(range(20, 40))
        other = Recorder()
        with consuming(channel, other):
            wait_for(other, range(40), seconds=60)
            wait_until(lambda: committed_in_all(channel) == 40, "all are committed")

        frozen.thaw()
        wait_until(lambda: channel.members() == 1, "it has joined again", 60)
        channel.write_events([40])
        wait_until(lambda: "handled 40" in frozen.output(), "it goes on", 60)
        wait_until(lambda: committed_in_all(channel) == 41, "nothing was set back", 60)


def test_a_killed_consumer_s_batch_comes_again(kafka_server: Any, tmp_path: Path) -> None:
    channel = open_channel(kafka_server.bootstrap)
    channel.write([record_of(channel.event(n)) for n in range(10)])

    process = ConsumerProcess(tmp_path, channel, "held")
    process.start()
    wait_until(lambda: "handled 5" in process.output(), "it is in the middle of its batch")
    process.kill()
    again = Recorder()
    with consuming(channel, again):
        wait_for(again, range(10), seconds=60)

    assert again.handled == list(range(10))


def test_a_terminated_consumer_commits_leaves_and_ends_well(kafka_server: Any, tmp_path: Path) -> None:
    channel = open_channel(kafka_server.bootstrap)
    channel.write([record_of(channel.event(n)) for n in range(10)])

    process = ConsumerProcess(tmp_path, channel, "free")
    process.start()
    wait_until(lambda: channel.committed() == 10, "all are committed")

    assert process.stop() == 0
    assert channel.members() == 0
