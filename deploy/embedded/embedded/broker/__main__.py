"""`python -m embedded.broker`: reads the settings, runs the broker, stops it on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import sys

from embedded.broker.broker import Broker, DataInUseError
from embedded.broker.logs import log_to_standard_error
from embedded.broker.metadata.journal import JournalCorruptError
from embedded.broker.settings import Settings, SettingsError, read_settings

log = logging.getLogger("embedded.broker")


def main(argv: list[str] | None = None) -> None:
    log_to_standard_error()
    try:
        settings = read_settings(argv)
        _allow_many_files()
        asyncio.run(_run(settings))
    except (SettingsError, DataInUseError, JournalCorruptError) as error:
        sys.exit(f"embedded broker: {error}")
    except OSError as error:
        sys.exit(f"embedded broker: cannot start on {settings.listen} with {settings.data}: {error}")


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    broker = Broker(settings)
    address = await broker.start()
    # Objects loaded so far live as long as the process: the garbage collector need not visit them again.
    gc.freeze()
    log.info(
        "listening",
        extra={
            "address": str(address),
            "advertised": str(settings.advertise or address),
            "data": str(settings.data),
            "fsync": settings.fsync,
        },
    )
    await stop.wait()
    await broker.stop()
    log.info("stopped")


def _allow_many_files() -> None:
    """Raise the soft limit of open files: each partition keeps a file open, each client a socket."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
