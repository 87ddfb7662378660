"""One client's connection: reads a request, handles it, writes the answer, and only then reads the next, as
Kafka does. The connection is closed if the client stalls within a request or does not read its answers.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from embedded.broker.protocol.codec import Api, Client, Fields, Header, MalformedRequestError, read_header
from embedded.broker.protocol.errors import ErrorCode
from embedded.broker.server.quotas import MemoryGate, Quotas

log = logging.getLogger(__name__)

_API_VERSIONS = 18
_UNSENT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bytes, and seconds."""

    max_request_bytes: int
    idle_seconds: float
    stall_seconds: float


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        host: str,
        apis: Mapping[int, Api],
        limits: ConnectionLimits,
        quotas: Quotas,
        memory: MemoryGate,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host
        self._apis = apis
        self._limits = limits
        self._quotas = quotas
        self._memory = memory
        self._client = Client(host, "")

    async def serve(self) -> None:
        """Answer requests until the client disconnects, is idle, or violates the protocol."""
        try:
            while await self._serve_one():
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client disconnected
        except TimeoutError:
            log.info("closed a stalled or idle connection", extra=self._fields())
        except MalformedRequestError as error:
            log.warning("closed a connection", extra={**self._fields(), "reason": str(error)})
        except Exception:  # the top of the connection's loop: one client's request must not stop the broker
            log.exception("a request failed", extra=self._fields())

    def _fields(self) -> dict[str, str]:
        return {"host": self._host, "client_id": self._client.client_id}

    async def _serve_one(self) -> bool:
        async with asyncio.timeout(self._limits.idle_seconds):
            (size,) = struct.unpack(">i", await self._reader.readexactly(4))
        if not 0 < size <= self._limits.max_request_bytes:
            limit = self._limits.max_request_bytes
            raise MalformedRequestError(f"a request of {size} bytes; the limit is {limit}")
        async with self._memory.hold(size):
            async with asyncio.timeout(self._limits.stall_seconds):
                frame = await self._reader.readexactly(size)
            header, position = read_header(frame)
            if header.client_id != self._client.client_id:
                self._client = Client(self._host, header.client_id)
            response = await self._answer(header, frame, position)
            del frame
            if response is not None:
                await self._send(response)
        pause = self._quotas.requested(self._client)
        if pause > 0:
            await asyncio.sleep(pause)
        return True

    async def _answer(self, header: Header, frame: bytes, position: int) -> bytes | None:
        api = self._apis.get(header.api_key)
        if api is None or not api.speaks(header.version):
            return await self._refuse_version(header)
        try:
            request = api.decode(frame, position, header.version)
        except (ValueError, IndexError, KeyError, TypeError, struct.error) as error:
            raise MalformedRequestError(f"a {api.name} request cannot be read: {error}") from error
        fields = await api.handle(request, self._client)
        return None if fields is None else api.encode(header.correlation_id, header.version, fields)

    async def _refuse_version(self, header: Header) -> bytes:
        """Send a newer client the supported versions; other clients should have asked for them first."""
        versions = self._apis[_API_VERSIONS]
        if header.api_key != _API_VERSIONS:
            raise MalformedRequestError(f"API {header.api_key} version {header.version} is not spoken here")
        fields: Fields | None = await versions.handle(None, self._client)
        told = {**(fields or {}), "error_code": ErrorCode.UNSUPPORTED_VERSION}
        return versions.encode(header.correlation_id, 0, told)

    async def _send(self, response: bytes) -> None:
        self._writer.write(response)
        if self._writer.transport.get_write_buffer_size() > _UNSENT_BYTES:
            async with asyncio.timeout(self._limits.stall_seconds):
                await self._writer.drain()
