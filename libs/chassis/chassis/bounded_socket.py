"""A socket with a deadline for reading a whole request and for each write, so slow clients cannot tie up a
thread. It knows nothing about HTTP.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

# Deadline for reading a whole request; the gateway allows the same time for a body.
READ_SECONDS = 30.0
# Timeout of one send to a client that has stopped reading.
WRITE_SECONDS = 60.0


class BoundedSocket(socket.socket):
    """A blocking socket whose reads together take at most `read_seconds` from the last `setblocking(True)`.
    After that it fails as if the client had disconnected, which servers handle without an error.
    """

    read_seconds = READ_SECONDS
    write_seconds = WRITE_SECONDS
    _until = float("inf")

    @classmethod
    def taking(cls, connection: socket.socket) -> BoundedSocket:
        """Wrap the same connection; the original socket object cannot be used any more."""
        return cls(fileno=connection.detach())

    def setblocking(self, flag: bool, /) -> None:
        """True starts the deadline of a request."""
        super().setblocking(flag)
        if flag:
            self._until = time.monotonic() + self.read_seconds

    def recv(self, *args: Any) -> bytes:
        """Like socket.recv. Raises ConnectionResetError after the deadline of the request."""
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
        """Like socket.sendall. Raises ConnectionResetError if the client does not read in time."""
        self.settimeout(self.write_seconds)
        try:
            super().sendall(*args)
        except TimeoutError:
            raise _gone() from None


def _gone() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
