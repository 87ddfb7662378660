"""The embedded platform of one home as an object: start, stop, kill, status. The command line and the tests
use it. It prints nothing and reports progress to its caller.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

import psutil

from sangkienctl import databases
from sangkienctl import ports as port_table
from sangkienctl.databases import DatabaseEngine, EngineChoice
from sangkienctl.home import HOME_VARIABLE, REPOSITORY, Home, PlatformError
from sangkienctl.orphans import end_orphans, find_orphans
from sangkienctl.ports import SERVICES, PortChoice
from sangkienctl.processes import (
    EXTERNAL_DATABASES,
    Addresses,
    KafkaEngine,
    ProcessSpec,
    Stage,
    catalogue,
    service_environment,
)
from sangkienctl.readiness import is_ready, last_line, wait_ready
from sangkienctl.supervision import Supervisor
from sangkienctl.tokens import TokenSource

RECORD_VERSION = 1
LEAST_FREE_BYTES = 1024**3
MIGRATE_SECONDS = 120
STOP_SECONDS = 30
BROKER_SECONDS = 30
MONGO_SECRET = "mongo-uri"  # noqa: S105 - the name of a file


class Progress(Protocol):
    """Receives the progress of a start or stop."""

    def plan(self, steps: int) -> None: ...
    def begin(self, what: str) -> None: ...
    def done(self, what: str) -> None: ...


class Silent:
    """Ignores progress."""

    def plan(self, steps: int) -> None:
        pass

    def begin(self, what: str) -> None:
        pass

    def done(self, what: str) -> None:
        pass


@dataclass(frozen=True)
class ProcessStatus:
    """One line of `status`. ready: the current result of its probe."""

    name: str
    state: str
    pid: int
    ready: bool
    uptime_seconds: int
    address: str
    note: str


class Platform:
    """The platform whose home is `home`.

    ports: "default", or "auto" for free ones (kept over restarts while they stay free);
    kafka: "embedded", "apache" or "apache-cluster"; engine: of the embedded databases, "auto", "python" or
    "fast"; mongo: the URI of the operator's own MongoDB instead. None keeps the choice of the last start.
    """

    def __init__(
        self,
        home: Path | str,
        ports: str | None = None,
        kafka: str | None = None,
        engine: str | None = None,
        mongo: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.home = Home(Path(home))
        self._port_choice = ports
        self._kafka_choice = kafka
        self._engine_choice = engine
        self._mongo = mongo
        self._progress: Progress = progress or Silent()
        self._supervisor = Supervisor(self.home)

    # ── what is known ──

    @property
    def record(self) -> dict[str, Any]:
        """platform.json. Raises PlatformError before the first start."""
        record = self.home.record()
        if not record:
            raise PlatformError(f"no platform was started in {self.home.path}; run `sangkienctl up`")
        return record

    @property
    def addresses(self) -> Addresses:
        return self._addresses(self.record["ports"], self.engine)

    def _addresses(self, ports: Mapping[str, int], engine: DatabaseEngine) -> Addresses:
        external = engine is DatabaseEngine.EXTERNAL
        return Addresses(ports, self._mongo or self.home.kept_secret(MONGO_SECRET) if external else None)

    @property
    def gateway(self) -> str:
        """The public address, no trailing slash."""
        return str(self.record["gateway"])

    @property
    def kafka(self) -> KafkaEngine:
        return KafkaEngine(self._kafka_choice or self.home.record().get("kafka") or KafkaEngine.EMBEDDED)

    @property
    def engine(self) -> DatabaseEngine:
        """The database engine, as chosen by the last start."""
        return DatabaseEngine(self.record.get("engine", DatabaseEngine.PYTHON))

    def specs(self) -> list[ProcessSpec]:
        return self._catalogue(self.addresses, self.engine)

    def _catalogue(self, addresses: Addresses, engine: DatabaseEngine) -> list[ProcessSpec]:
        return catalogue(self.home, addresses, self.kafka, engine)

    @property
    def running(self) -> bool:
        """Whether the supervisor answers; `status` gives details."""
        return self._supervisor.pid is not None

    def pid(self, name: str) -> int:
        """The pid of a running process. Raises PlatformError if it does not run or is unknown."""
        state = self._supervisor.states().get(name)
        if state is None or not state.pid:
            raise PlatformError(f"{name} does not run")
        return state.pid

    def status(self) -> list[ProcessStatus]:
        """Every process, in start order."""
        states = self._supervisor.states()
        lines = []
        for spec in self.specs():
            state = states.get(spec.name)
            running = state is not None and state.running
            lines.append(
                ProcessStatus(
                    name=spec.name,
                    state=state.state if state else "STOPPED",
                    pid=state.pid if state else 0,
                    ready=running and is_ready(spec.probe),
                    uptime_seconds=state.uptime_seconds if state else 0,
                    address=f"{port_table.LOOPBACK}:{spec.probe.port}",
                    note=state.note if state else "",
                )
            )
        return lines

    # ── start ──

    def start(self) -> Self:
        """Start all processes that do not run, in dependency order, and wait until all are ready. Idempotent.

        Raises PlatformError: a busy port, too little disk, another running command, a process that does not
        become ready (the rest is left running, so that logs can be read and `start` can continue).
        """
        with self.home.locked():
            self.home.prepare()
            self.home.secret("sangkienctl")
            self._require_disk()
            fresh = not self.running
            specs = self._configure(fresh)
            self._progress.plan(len(specs) + 2)
            engines, identity, *rest = [
                [spec for spec in specs if spec.stage is stage] for stage in sorted(Stage)
            ]
            self._bring_up(engines)
            self._step("topics", self._apply_topics)
            # The issuer and the mailbox need no schema; they start while the migrations run.
            for spec in identity:
                self._supervisor.launch(spec.name)
            self._step("migrations", self._migrate)
            for stage in (identity, *rest):
                self._bring_up(stage)
            self._write_record("ready")
        return self

    def _require_disk(self) -> None:
        free = shutil.disk_usage(self.home.path).free
        if free < LEAST_FREE_BYTES:
            raise PlatformError(
                f"only {free // 1024**2} MiB of disk are free at {self.home.path}, at least "
                f"{LEAST_FREE_BYTES // 1024**2} are needed; free some or choose another folder with --home"
            )

    def _configure(self, fresh: bool) -> list[ProcessSpec]:
        if not fresh:
            specs = self.specs()
            choice = self._port_choice or self.record["port_choice"]
            same = choice == self.record["port_choice"] and self._chosen_engine() is self.engine
            if not same or not self._supervisor.configured_as(specs):
                raise PlatformError(
                    "the platform runs with other settings; run `sangkienctl down` first, then `up` again"
                )
            return specs
        # Processes left by an interrupted start or a killed supervisor hold our ports and our data.
        end_orphans(find_orphans(self.home))
        earlier = self.home.record()
        choice = PortChoice(self._port_choice or earlier.get("port_choice") or PortChoice.DEFAULT)
        engine = self._chosen_engine()
        self._require_same_place(earlier, engine)
        ports = port_table.choose_ports(choice, earlier.get("ports", {}), self.kafka.ports)
        port_table.require_free(ports, list(ports))
        if self._mongo is not None:
            databases.require_transactions(self._mongo, list(EXTERNAL_DATABASES.values()))
            self.home.keep_secret(MONGO_SECRET, self._mongo)
        addresses = self._addresses(ports, engine)
        specs = self._catalogue(addresses, engine)
        self.home.write_record({**self._describe(addresses, choice, engine), "state": "starting"})
        self._supervisor.start(specs)
        return specs

    def _chosen_engine(self) -> DatabaseEngine:
        """The engine for this start: the requested one, else where the data are, else what is built."""
        if self._mongo is not None:
            return DatabaseEngine.EXTERNAL
        if self._engine_choice is not None:
            return databases.chosen_engine(EngineChoice(self._engine_choice))
        record = self.home.record()
        if record.get("engine") == DatabaseEngine.EXTERNAL:
            return DatabaseEngine.EXTERNAL
        if self.running:
            return self.engine
        return databases.chosen_engine(EngineChoice(record.get("engine_choice", EngineChoice.AUTO)))

    def _require_same_place(self, earlier: Mapping[str, Any], engine: DatabaseEngine) -> None:
        """Both embedded engines read the same files; data are never copied to or from another MongoDB."""
        if not earlier:
            return
        was_external = earlier.get("engine") == DatabaseEngine.EXTERNAL
        if was_external is not (engine is DatabaseEngine.EXTERNAL):
            place = "a MongoDB of your own" if was_external else "the embedded databases"
            raise PlatformError(
                f"the data of {self.home.path} are in {place} and would not be copied; "
                "choose another folder with --home, or delete the data with `sangkienctl reset`"
            )

    def _bring_up(self, specs: list[ProcessSpec]) -> None:
        for spec in specs:
            self._supervisor.launch(spec.name)
        self._progress.begin(", ".join(spec.name for spec in specs))
        wait_ready(specs, self._supervisor.states, self.home.logs, self._progress.done)

    def _step(self, name: str, work: Callable[[], None]) -> None:
        self._progress.begin(name)
        work()
        self._progress.done(name)

    def _apply_topics(self) -> None:
        # Imported here: status and down need no Kafka client.
        from sangkienctl.kafka_access import KafkaAccess
        from sangkienctl.topics import apply_topics

        apply_topics(KafkaAccess(kafka_bootstrap=self.addresses.kafka), patience_seconds=BROKER_SECONDS)

    def _migrate(self) -> None:
        self.run_roles([(service, "migrate") for service in SERVICES])

    def run_roles(self, roles: Iterable[tuple[str, str]], seconds: float = MIGRATE_SECONDS) -> None:
        """Run one-off roles of services in parallel and wait for them; their output goes to logs/.

        If one fails, raises PlatformError with the last line of its output.
        """
        running = []
        for service, role in roles:
            log = self.home.logs / f"{service}-{role}.log"
            with log.open("ab") as output:
                environment = {**os.environ, **service_environment(service, self.addresses)}
                environment[HOME_VARIABLE] = str(self.home.path)
                process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", service, role],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=REPOSITORY,
                )
            running.append((f"{service} {role}", log, process))
        deadline = time.monotonic() + seconds
        failures = [
            failure for what, log, process in running if (failure := _ended(what, log, process, deadline))
        ]
        if failures:
            raise PlatformError(failures[0])

    def _describe(self, addresses: Addresses, choice: PortChoice, engine: DatabaseEngine) -> dict[str, Any]:
        earlier = self.home.record().get("engine_choice", EngineChoice.AUTO)
        return {
            "version": RECORD_VERSION,
            "home": str(self.home.path),
            "port_choice": str(choice),
            "kafka": str(self.kafka),
            "engine": str(engine),
            "engine_choice": str(self._engine_choice or earlier),
            "ports": dict(addresses.ports),
            "gateway": addresses.gateway,
            "issuer": addresses.issuer,
            "kafka_bootstrap": addresses.kafka,
            "mongo": {service: databases.without_password(addresses.mongo(service)) for service in SERVICES},
            "mail_api": f"{addresses.mail}/api/v1",
            "smtp": addresses.host("smtp"),
        }

    def _write_record(self, state: str) -> None:
        states = self._supervisor.states()
        record = {
            **self.record,
            "state": state,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "supervisor_pid": self._supervisor.pid,
            "processes": {name: process.pid for name, process in states.items()},
        }
        self.home.write_record(record)

    # ── tokens ──

    def token(self, username: str) -> str:
        """A new access token for a demo account."""
        return self._tokens().for_account(username)

    def service_token(self, *roles: str) -> str:
        """A new access token for the operators' command itself, with these roles over the whole tree."""
        return self._tokens().for_client(*roles)

    def _tokens(self) -> TokenSource:
        return TokenSource(f"http://{self.addresses.host('issuer')}/auth", self.home.secret("sangkienctl"))

    # ── stop and disturb ──

    def stop(self) -> None:
        """Stop everything in reverse order, the supervisor last; data are kept. No effect if it is down."""
        with self.home.locked():
            pid = self._supervisor.pid
            if pid is not None:
                self._stop_stages()
                self._supervisor.shutdown()
                _wait_gone(pid, "supervisord")
            end_orphans(find_orphans(self.home))
            record = self.home.record()
            if record:
                self.home.write_record(
                    {**record, "state": "stopped", "processes": {}, "supervisor_pid": None}
                )

    def _stop_stages(self) -> None:
        specs = self.specs()
        self._progress.plan(len(specs))
        for stage in sorted(Stage, reverse=True):
            names = {spec.name for spec in specs if spec.stage is stage}
            self._progress.begin(", ".join(sorted(names)))
            for name in names:
                self._supervisor.halt(name)
            deadline = time.monotonic() + STOP_SECONDS
            while names:
                states = self._supervisor.states()
                for name in [name for name in names if name not in states or not states[name].pid]:
                    names.remove(name)
                    self._progress.done(name)
                if time.monotonic() > deadline:
                    raise PlatformError(f"{', '.join(sorted(names))} did not stop within {STOP_SECONDS} s")
                time.sleep(0.05)

    def kill(self, name: str) -> int:
        """SIGKILL a process and all it forked; the supervisor starts it again. Returns the pid that was."""
        pid = self.pid(name)
        os.killpg(pid, signal.SIGKILL)
        return pid

    def halt(self, name: str) -> None:
        """Stop one process and keep it stopped until `launch`."""
        pid = self.pid(name)
        self._supervisor.halt(name)
        _wait_gone(pid, name)

    def launch(self, name: str, wait: bool = True) -> None:
        """Start one process that was stopped by `halt`."""
        self._supervisor.launch(name)
        if wait:
            self.wait_ready(name)

    def wait_ready(self, *names: str) -> None:
        """Wait until these processes (all if none is named) are ready again."""
        specs = [spec for spec in self.specs() if not names or spec.name in names]
        wait_ready(specs, self._supervisor.states, self.home.logs, lambda name: None)


def _ended(what: str, log: Path, process: subprocess.Popen[bytes], deadline: float) -> str | None:
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"{what} did not finish in time; see {log}"
    return None if code == 0 else f"{what} failed (exit {code}); its log {log} ends: {last_line(log)}"


def _wait_gone(pid: int, name: str) -> None:
    try:
        psutil.Process(pid).wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired as error:
        raise PlatformError(f"{name} (pid {pid}) did not stop within {STOP_SECONDS} s") from error
