"""Carries out the disturbances of the plan. Each has a function here that starts it, waits, and restores the
platform; it returns the outcome in a few words.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from sangkienctl.home import HOME_VARIABLE, REPOSITORY, PlatformError
from sangkienctl.kafka_access import KafkaAccess, admin_client
from sangkienctl.orphans import PROCESS_VARIABLE
from sangkienctl.processes import service_environment
from tests.resilience.drill.control import Control
from tests.resilience.drill.log import write_again, write_poison
from tests.resilience.drill.plan import KAFKA, Disturbance
from tests.support.platform import RunningPlatform
from tests.support.processes import free_port

# How long the expected effect of a disturbance may take on a slow machine.
GRACE_SECONDS = 120
PARTITIONS = 6


class NotDone(Exception):
    """The disturbance was impossible: its target was already down."""


@dataclass
class Actions:
    """The disturbances of one platform. poison: keys of all poison records so far, by topic."""

    platform: RunningPlatform
    control: Control
    rng: random.Random
    poison: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _fouled: list[tuple[str, int]] = field(default_factory=list)

    def do(self, disturbance: Disturbance) -> str:
        """Carry out one completely; return its outcome."""
        try:
            return _KINDS[disturbance.kind](self, disturbance)
        except (NotDone, PlatformError, KafkaError, ProcessLookupError) as error:
            return f"not done: {type(error).__name__} {error}"[:200]

    def kill(self, what: Disturbance) -> str:
        return f"pid {self.platform.kill(what.target)}"

    def freeze(self, what: Disturbance) -> str:
        with self._alone(what.target), _frozen(self.platform.control.pid(what.target)):
            time.sleep(what.seconds)
        return "thawed"

    def outage(self, what: Disturbance) -> str:
        """Stop the target and start it again; Kafka with all its nodes."""
        control, halted = self.platform.control, []
        all_nodes = [name for name in self.platform.process_names if name.split("-")[0] == KAFKA]
        with self._alone(what.target):
            try:
                for name in all_nodes if what.target == KAFKA else [what.target]:
                    control.halt(name)
                    halted.append(name)
                time.sleep(what.seconds)
            finally:
                for name in halted:
                    control.launch(name, wait=False)
                control.wait_ready(*halted or [what.target])
        return "back"

    def poison_topic(self, what: Disturbance) -> str:
        # Never twice in a row into one partition: see plan.MOST_POISON.
        clean = [n for n in range(PARTITIONS) if (what.target, n) not in self._fouled[-3:]]
        partition = self.rng.choice(clean)
        keys = write_poison(self.platform.kafka_bootstrap, what.target, int(what.amount), partition)
        self._fouled.append((what.target, partition))
        self.poison[what.target] += keys
        return f"{len(keys)} records in partition {partition}"

    def repeat(self, what: Disturbance) -> str:
        count = write_again(self.platform.kafka_bootstrap, what.target, int(what.amount), self.rng.sample)
        return f"{count} old records written again"

    def redeliver(self, what: Disturbance) -> str:
        """Reset the group's offsets while it is empty, as Kafka requires."""
        worker = f"{what.target}-worker"
        with self._alone(worker):
            self.platform.control.halt(worker)
            try:
                count = self._rewind(what.target, int(what.amount))
            finally:
                self.platform.control.launch(worker)
        return f"{count} records to be delivered again"

    def _rewind(self, group: str, back: int) -> int:
        access = KafkaAccess(kafka_bootstrap=self.platform.kafka_bootstrap)
        deadline = time.monotonic() + GRACE_SECONDS
        while True:
            try:
                with admin_client(access) as admin:
                    committed = admin.list_group_offsets(group).get(group, {})
                    set_back = {p: max(0, o.offset - back) for p, o in committed.items() if o.offset > 0}
                    offsets = {p: OffsetAndMetadata(offset, "", -1) for p, offset in set_back.items()}
                    errors = set(admin.alter_group_offsets(group, offsets).values())
            except KafkaError as error:
                errors = {type(error)}
            if all(error.__name__ == "NoError" for error in errors):
                return sum(committed[partition].offset - offset for partition, offset in set_back.items())
            if time.monotonic() > deadline:
                raise NotDone(f"offsets of {group} not altered: {errors}")
            time.sleep(0.5)

    def clock(self, what: Disturbance) -> str:
        self.control.move_clock(what.target, what.amount)
        try:
            time.sleep(what.seconds)
        finally:
            self.control.move_clock(what.target, 0)
        return "put right"

    def overtake(self, what: Disturbance) -> str:
        """A second worker starts, the first is frozen for longer than lease and session and then continues,
        and the second is killed: each has taken over the other's leases and partitions."""
        worker = f"{what.target}-worker"
        with self._alone(worker), self._second_worker(what.target):
            with _frozen(self.platform.control.pid(worker)):
                time.sleep(what.seconds)
            time.sleep(self.rng.uniform(0, 3))
        return "second worker killed"

    @contextmanager
    def _second_worker(self, service: str) -> Iterator[None]:
        name, port = f"{service}-worker", free_port()
        environment = self._environment(service, f"second-{name}") | {"WORKER_BIND": f"127.0.0.1:{port}"}
        process = self._begin([sys.executable, "-m", service, "worker"], environment, f"second-{name}")
        try:
            time.sleep(3)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def rebuild(self, what: Disturbance) -> str:
        """Rebuild the statistics; the rebuild may be frozen for longer than its lease."""
        process = self.begin_rebuild()
        try:
            if what.seconds:
                time.sleep(self.rng.uniform(0.8, 2.0))
                with _frozen(process.pid):
                    time.sleep(what.seconds)
            return f"ended with {process.wait(GRACE_SECONDS)}"
        except subprocess.TimeoutExpired:
            return "did not end"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def begin_rebuild(self) -> subprocess.Popen[bytes]:
        """A rebuild in a separate process, known to the control as stats-rebuild."""
        environment = self._environment("stats", "stats-rebuild")
        return self._begin([sys.executable, "-m", "stats", "rebuild"], environment, "stats-rebuild")

    def _environment(self, service: str, process: str) -> dict[str, str]:
        control = self.platform.control
        marked = {HOME_VARIABLE: str(control.home.path), PROCESS_VARIABLE: process}
        return {
            **os.environ,
            **service_environment(service, control.addresses),
            **self.control.environment,
            **marked,
        }

    def _begin(self, command: list[str], environment: Mapping[str, str], log: str) -> subprocess.Popen[bytes]:
        with (self.platform.control.home.logs / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, cwd=REPOSITORY, start_new_session=True
            )

    @contextmanager
    def _alone(self, target: str) -> Iterator[None]:
        """Reserve the target: no other lasting disturbance of it meanwhile. A kill may happen, as in
        reality."""
        with self._locks[target]:
            yield

    def recover(self) -> None:
        """After a round: correct every clock and wait until every process is ready. Raises AssertionError or
        PlatformError if that fails."""
        for spec in self.platform.control.specs():
            self.control.move_clock(spec.name, 0)
        self.platform.wait_ready()


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    """SIGSTOP for the process and its children, SIGCONT at the end."""
    os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # killed meanwhile
            os.killpg(pid, signal.SIGCONT)


_KINDS: Mapping[str, Callable[[Actions, Disturbance], str]] = {
    "kill": Actions.kill,
    "freeze": Actions.freeze,
    "kafka-down": Actions.outage,
    "database-down": Actions.outage,
    "poison": Actions.poison_topic,
    "redeliver": Actions.redeliver,
    "repeat": Actions.repeat,
    "clock": Actions.clock,
    "overtake": Actions.overtake,
    "rebuild": Actions.rebuild,
}
