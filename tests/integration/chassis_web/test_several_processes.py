"""An API of several processes on one address: each answers for the others and shows the metrics of all."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chassis.shared_metrics import FOLDER
from tests.support.api_process import Api
from tests.support.processes import wait_until

PROCESSES, REQUESTS = 3, 60
NOBODY = "http://127.0.0.1:1/jwks"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with Api(tmp_path, NOBODY, WEB_PROCESSES=str(PROCESSES)) as running:
        wait_until(lambda: len(workers(running)) == PROCESSES, "all processes are there")
        yield running


def workers(api: Api) -> list[psutil.Process]:
    return psutil.Process(api.pid).children()


def served_by(api: Api) -> int:
    return int(api.ask("GET", "/v1/process/origin").json["served_by"])


def counted(api: Api) -> float:
    route = r'http_request_seconds_count\{method="GET",route="/v1/process/origin",status="200"\} (\S+)'
    found = re.findall(route, api.ask("GET", "/metrics").body.decode())
    return float(found[0]) if found else 0.0


def test_any_process_shows_what_all_have_counted(api: Api) -> None:
    pids = {served_by(api) for _ in range(REQUESTS)}

    assert len(pids) > 1
    assert pids <= {worker.pid for worker in workers(api)}
    assert {counted(api) for _ in range(10)} == {REQUESTS}
    assert "\naccepting_requests 1.0" in api.ask("GET", "/metrics").body.decode()


def test_what_a_process_counted_outlives_it(api: Api) -> None:
    pids = {served_by(api) for _ in range(REQUESTS)}
    killed = pids.pop()

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: killed not in {worker.pid for worker in workers(api)}, "it is gone")
    wait_until(lambda: len(workers(api)) == PROCESSES, "another one is there")
    wait_until(api.ready, "requests are answered")
    assert counted(api) == REQUESTS


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_stop_ends_all_of_them_and_leaves_no_file(api: Api) -> None:
    folder = Path(psutil.Process(api.pid).environ()[FOLDER])
    children = workers(api)
    assert list(folder.iterdir())

    assert api.stop() == 0

    assert not folder.exists()
    # One that has ended and that nobody has collected yet (a zombie) counts as gone.
    assert not [child for child in children if _runs(child)]
    assert [line["message"] for line in api.lines()].count("stopping") == PROCESSES


def test_each_process_is_small(api: Api) -> None:
    for _ in range(100):
        served_by(api)

    assert all(worker.memory_full_info().uss / 2**20 < 60 for worker in workers(api))


def test_one_process_shares_nothing(tmp_path: Path) -> None:
    with Api(tmp_path, NOBODY) as single:
        assert FOLDER not in psutil.Process(single.pid).environ()
        assert len(workers(single)) == 1
