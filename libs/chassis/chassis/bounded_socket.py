"""A client's connection that a request cannot hold for ever: the reading of one request and each writing end
in time. It knows nothing of HTTP.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

# The whole of a request, from its first byte; the gateway gives a body as long.
READ_SECONDS = 30.0
# One part of an answer to a client that takes nothing of it.
WRITE_SECONDS = 60.0


class BoundedSocket(socket.socket):
    """A blocking socket whose reads together take no longer than `read_seconds` from the last
    `setblocking(True)`. When the time is over it fails as if the client had gone: a server knows how to end
    that quietly.
    """

    read_seconds = READ_SECONDS
    write_seconds = WRITE_SECONDS
    _until = float("inf")

    @classmethod
    def taking(cls, connection: socket.socket) -> BoundedSocket:
        """The same connection; the socket that it was cannot be used any more."""
        return cls(fileno=connection.detach())

    def setblocking(self, flag: bool, /) -> None:
        """True begins the time of a request."""
        super().setblocking(flag)
        if flag:
            self._until = time.monotonic() + self.read_seconds

    def recv(self, *args: Any) -> bytes:
        """As a socket's. ConnectionResetError once the time of the request is over."""
        left = self._until - time.monotonic()
        given = self.gettimeout()
        if left <= 0:
            raise _gone()
        if given is not None and given <= left:
            return super().recv(*args)
        self.settimeout(left)
        try:
            return super().recv(*args)
        except TimeoutError:
            raise _gone() from None

    def sendall(self, *args: Any) -> None:
        """As a socket's. ConnectionResetError when the client does not take it in time."""
        self.settimeout(self.write_seconds)
        try:
            super().sendall(*args)
        except TimeoutError:
            raise _gone() from None


def _gone() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
