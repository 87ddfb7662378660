"""The processes that benchmarks measure: roles of the services and the bare application, each as a process of
its own on a free port, with tokens signed by a key of this run.
"""

from __future__ import annotations

import http.client
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from tests.support import signed_tokens
from tests.support.processes import ServerProcess, free_port, wait_until

THREADS = 8
NOWHERE = "127.0.0.1:1"
TOKEN_SECONDS = 6 * 3600
KEY = signed_tokens.ec_key()


def end_cleanly() -> None:
    """Let SIGTERM end the benchmark as Ctrl-C does, so that it stops what it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextmanager
def issuer() -> Iterator[str]:
    """The address of a key set; the services verify real signatures."""
    body = json.dumps(signed_tokens.key_set(KEY)).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
    finally:
        server.shutdown()
        server.server_close()


def bearer(subject: str, *grants: tuple[str, str]) -> dict[str, str]:
    """The Authorization header of a person with (role, unit) grants, for the length of a run."""
    granted = [{"role": role, "unit": unit} for role, unit in grants]
    signed = signed_tokens.token(
        key=KEY, algorithm="ES256", subject=subject, grants=granted, exp=int(time.time()) + TOKEN_SECONDS
    )
    return {"Authorization": f"Bearer {signed}"}


def settings(
    name: str,
    port: int,
    *,
    mongo: str,
    database: str | None = None,
    kafka: str = NOWHERE,
    keys: str = f"http://{NOWHERE}/jwks",
    **changes: str,
) -> dict[str, str]:
    """The environment of a service's role. database: as the service if None; changes: further settings."""
    return {
        "MONGO_URI": mongo,
        "MONGO_DATABASE": database or name,
        "KAFKA_BOOTSTRAP": kafka,
        "OIDC_ISSUER": signed_tokens.ISSUER,
        "OIDC_AUDIENCE": signed_tokens.AUDIENCE,
        "OIDC_JWKS_URL": keys,
        "HTTP_BIND": f"127.0.0.1:{port}",
        "WORKER_BIND": f"127.0.0.1:{port}",
        "WEB_THREADS": str(THREADS),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1",
        "MAIL_FROM": "no-reply@example.org",
        "PUBLIC_URL": "http://127.0.0.1",
        # Load comes from a few accounts and one address.
        "WRITE_RATE": "0",
        "ANONYMOUS_RATE": "0",
        "SUBMISSIONS_PER_DAY": "0",
        "SUBMISSIONS_FOR_OTHERS_PER_DAY": "0",
        "OPEN_DRAFTS": "0",
        "OPEN_DRAFTS_FOR_OTHERS": "0",
        **changes,
    }


def service(folder: Path, name: str, role: str, *, mongo: str, **changes: str) -> ServerProcess:
    """A role of a service that is not started yet. changes: as `settings` takes them."""
    port = free_port()
    log = folder / f"{name}-{role}-{port}.log"
    command = [sys.executable, "-m", name, role]
    return ServerProcess(f"{name} {role}", command, port, log, settings(name, port, mongo=mongo, **changes))


def bare(folder: Path, mongo: str) -> ServerProcess:
    """The bare application under the same server and settings as an API; not started yet."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("gunicorn")), "-w", "1", "-k", "gthread"]
    command += ["--threads", str(THREADS), "--keep-alive", "150", "-b", f"127.0.0.1:{port}"]
    command += ["tests.load.bench.bare_app:app"]
    return ServerProcess("bare", command, port, folder / f"bare-{port}.log", {"MONGO_URI": mongo})


@contextmanager
def running(processes: Sequence[ServerProcess], path: str = "/livez") -> Iterator[None]:
    """All of them started and answering; stopped at the end."""
    with ExitStack() as stack:
        for process in processes:
            stack.callback(process.stop)
            process.start()
            wait_until(answering(process.port, path), f"{process.name} answers {path}", seconds=60)
        yield


def answering(port: int, path: str) -> Callable[[], bool]:
    def look() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    return look


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it forked."""
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    times = [member.cpu_times() for member in family(pid)]
    return sum(t.user + t.system for t in times)


def uss_mib(pid: int) -> float:
    """Memory that only this process and its children hold, in MiB."""
    return sum(float(member.memory_full_info().uss) for member in family(pid)) / 2**20


def worker_uss_mib(pid: int) -> float:
    """Of the largest of a process and its children: of an API, the one that answers and not its parent."""
    return max(float(member.memory_full_info().uss) for member in family(pid)) / 2**20


def per_second(work: Callable[[], Sized], measured: Mapping[str, int]) -> dict[str, float]:
    """Run `work`, which returns one item per operation: `rate` a second, and milliseconds of CPU per
    operation in each of the measured processes."""
    before = {name: cpu_seconds(pid) for name, pid in measured.items()}
    started = time.perf_counter()
    done = len(work())
    seconds = time.perf_counter() - started
    cost = {name: (cpu_seconds(pid) - before[name]) / done * 1000 for name, pid in measured.items()}
    return {"rate": done / seconds, **cost}
