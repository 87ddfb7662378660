"""Accepts connections up to the limits, and closes them all when the broker stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Mapping

from embedded.broker.protocol.codec import Api
from embedded.broker.server.connection import Connection, ConnectionLimits
from embedded.broker.server.quotas import MemoryGate, Quotas
from embedded.broker.settings import Address

log = logging.getLogger(__name__)

_READ_AHEAD_BYTES = 512 * 1024
_BACKLOG = 512


class Listener:
    """max_connections, max_per_host: limits of open connections; further ones are closed immediately."""

    def __init__(
        self,
        limits: ConnectionLimits,
        quotas: Quotas,
        memory: MemoryGate,
        max_connections: int,
        max_per_host: int,
    ) -> None:
        self._limits = limits
        self._quotas = quotas
        self._memory = memory
        self._max_connections = max_connections
        self._max_per_host = max_per_host
        self._apis: Mapping[int, Api] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._per_host: Counter[str] = Counter()
        self._server: asyncio.Server | None = None

    async def bind(self, address: Address) -> Address:
        """Bind the address without accepting yet; returns it with the actual port."""
        self._server = await asyncio.start_server(
            self._accept,
            address.host,
            address.port,
            limit=_READ_AHEAD_BYTES,
            backlog=_BACKLOG,
            start_serving=False,
        )
        return Address(address.host, self._server.sockets[0].getsockname()[1])

    async def start(self, apis: Mapping[int, Api]) -> None:
        assert self._server is not None, "bind first"  # noqa: S101
        self._apis = apis
        await self._server.start_serving()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str((writer.get_extra_info("peername") or ("?",))[0])
        task = asyncio.current_task()
        if (
            task is None
            or len(self._open) >= self._max_connections
            or self._per_host[host] >= self._max_per_host
        ):
            log.warning("refused a connection: too many are open", extra={"host": host})
            writer.close()
            return
        self._open.add(task)
        self._per_host[host] += 1
        try:
            await Connection(
                reader, writer, host, self._apis, self._limits, self._quotas, self._memory
            ).serve()
        except asyncio.CancelledError:
            log.debug("connection closed by the shutdown", extra={"host": host})
        finally:
            self._open.discard(task)
            self._per_host[host] -= 1
            if not self._per_host[host]:
                del self._per_host[host]
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # closing would wait indefinitely for a client that does not read
            else:
                writer.close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
