"""Starting, watching and stopping, with small processes in the place of the real ones."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sangkienctl import platform as platform_module
from sangkienctl import ports as port_table
from sangkienctl.databases import DatabaseEngine
from sangkienctl.home import PlatformError
from sangkienctl.orphans import find_orphans
from sangkienctl.platform import Platform
from sangkienctl.processes import Addresses, Probe, ProcessSpec, Stage
from tests.support.processes import wait_until

SERVER = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *ignored): pass
open(sys.argv[0] + sys.argv[1], "w").close()
os.makedirs(sys.argv[0] + ".d/" + sys.argv[1], exist_ok=True)
print("serving", os.environ.get("GREETING"), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


class SmallPlatform(Platform):
    """Two processes, the gateway on the engines."""

    steps: list[str]

    def _catalogue(self, addresses: Addresses, engine: DatabaseEngine) -> list[ProcessSpec]:
        return [
            self._spec("broker", Stage.ENGINES, addresses),
            self._spec("gateway", Stage.GATEWAY, addresses),
        ]

    def _spec(self, name: str, stage: Stage, addresses: Addresses) -> ProcessSpec:
        port = addresses.ports[name]
        script = self.home.path / "server.py"
        script.write_text(SERVER, encoding="utf-8")
        command = (sys.executable, str(script), str(port))
        greeting = {"GREETING": "100 % của tôi"}
        return ProcessSpec(name, stage, command, Probe(port, "/"), greeting, ready_seconds=20)

    def _apply_topics(self) -> None:
        self.steps = [*getattr(self, "steps", []), "topics"]

    def _migrate(self) -> None:
        self.steps = [*getattr(self, "steps", []), "migrations"]


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="small-platform-"))
    yield home
    SmallPlatform(home).stop()
    shutil.rmtree(home)


def small(home: Path) -> SmallPlatform:
    return SmallPlatform(home, ports="auto")


def test_what_a_process_writes_is_for_its_owner_alone(home: Path) -> None:
    previous = os.umask(0o022)
    try:
        platform = small(home).start()
    finally:
        os.umask(previous)

    made = [*home.glob("server.py?*"), *home.glob("server.py.d/*"), *platform.home.logs.iterdir()]
    made.append(platform.home.supervisor_config)
    assert len(made) >= 8
    assert not [path for path in made if path.stat().st_mode & 0o077]


def test_everything_is_ready_after_the_start_and_gone_after_the_stop(home: Path) -> None:
    platform = small(home).start()

    pids = [status.pid for status in platform.status()]
    assert all(status.ready for status in platform.status())
    assert platform.record["state"] == "ready"
    assert platform.record["processes"] == {"broker": pids[0], "gateway": pids[1]}
    assert platform.steps == ["topics", "migrations"]

    platform.stop()

    assert not platform.running
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert platform.record["state"] == "stopped"


def test_a_second_start_changes_nothing_that_runs(home: Path) -> None:
    first = small(home).start()
    pids = {status.name: status.pid for status in first.status()}

    second = small(home).start()

    assert {status.name: status.pid for status in second.status()} == pids


def test_a_start_after_a_stop_keeps_the_addresses(home: Path) -> None:
    platform = small(home).start()
    ports = platform.record["ports"]
    platform.stop()

    assert small(home).start().record["ports"] == ports


def test_a_killed_process_is_started_again(home: Path) -> None:
    platform = small(home).start()

    killed = platform.kill("broker")

    wait_until(lambda: _pid(platform, "broker") not in (None, killed), "the broker has a new pid")
    platform.wait_ready("broker")


def test_a_process_that_was_halted_stays_away_until_it_is_launched(home: Path) -> None:
    platform = small(home).start()

    platform.halt("broker")

    assert [status.ready for status in platform.status()] == [False, True]
    platform.launch("broker")
    assert [status.ready for status in platform.status()] == [True, True]


def test_a_start_completes_what_an_interrupted_start_left_undone(home: Path) -> None:
    platform = small(home).start()
    platform.halt("gateway")

    small(home).start()

    assert all(status.ready for status in platform.status())


def test_what_a_killed_supervisor_left_is_ended_before_a_new_start(home: Path) -> None:
    platform = small(home).start()
    pids = {status.pid for status in platform.status()}
    os.kill(platform.record["supervisor_pid"], signal.SIGKILL)
    wait_until(lambda: not platform.running, "the supervisor is gone")
    assert {orphan.process.pid for orphan in find_orphans(platform.home)} == pids

    small(home).start()

    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert all(status.ready for status in platform.status())


def test_stop_ends_what_a_killed_supervisor_left(home: Path) -> None:
    platform = small(home).start()
    pids = {status.pid for status in platform.status()}
    os.kill(platform.record["supervisor_pid"], signal.SIGKILL)
    wait_until(lambda: not platform.running, "the supervisor is gone")

    platform.stop()

    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_processes_of_another_home_are_nobodys_orphans(home: Path, tmp_path: Path) -> None:
    small(home).start()

    assert find_orphans(SmallPlatform(tmp_path).home) == []


def test_a_busy_port_is_named_with_its_holder_and_the_remedy(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        platform = SmallPlatform(home, ports="default")
        defaults = {name: 1 for name in port_table.DEFAULT_PORTS}

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(port_table, "DEFAULT_PORTS", {**_free(defaults), "gateway": port})
            with pytest.raises(PlatformError) as refused:
                platform.start()

    message = str(refused.value)
    assert f"{port} (gateway" in message
    assert f"pid {os.getpid()}" in message
    assert "--ports auto" in message
    assert "\n" not in message
    assert not platform.running


def _free(names: dict[str, int]) -> dict[str, int]:
    from sangkienctl.ports import PortChoice, choose_ports

    return choose_ports(PortChoice.AUTO, {})


def test_too_little_disk_is_said_before_anything_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_module, "LEAST_FREE_BYTES", 1 << 60)

    with pytest.raises(PlatformError, match=r"MiB of disk are free at .*--home"):
        small(home).start()

    assert not small(home).running


def test_two_starts_at_once_do_not_mix(home: Path) -> None:
    platform = small(home)

    with platform.home.locked(), pytest.raises(PlatformError, match=f"pid {os.getpid()}.*wait"):
        small(home).start()


def test_other_settings_ask_for_a_stop_first(home: Path) -> None:
    small(home).start()

    with pytest.raises(PlatformError, match="sangkienctl down"):
        SmallPlatform(home, ports="default").start()


def test_a_process_that_keeps_dying_is_named_with_the_end_of_its_log(home: Path) -> None:
    class Broken(SmallPlatform):
        def _spec(self, name: str, stage: Stage, addresses: Addresses) -> ProcessSpec:
            command = (sys.executable, "-c", "import sys; sys.exit('the disk is made of cheese')")
            return ProcessSpec(name, stage, command, Probe(addresses.ports[name]), ready_seconds=30)

    with pytest.raises(PlatformError, match=r"broker keeps dying.*made of cheese"):
        Broken(home, ports="auto").start()


def test_each_process_has_a_log_of_its_own(home: Path) -> None:
    platform = small(home).start()

    for name in ("broker", "gateway"):
        assert (platform.home.logs / f"{name}.log").read_text().strip() == "serving 100 % của tôi"


def test_a_home_with_a_long_path_works_too(home: Path) -> None:
    deep = home / ("d" * 120)

    platform = small(deep).start()

    assert platform.running
    platform.stop()


def _pid(platform: Platform, name: str) -> int | None:
    try:
        return platform.pid(name)
    except PlatformError:
        return None
