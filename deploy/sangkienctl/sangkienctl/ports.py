"""Which loopback ports the embedded platform listens on, and who holds one that is busy."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping, Sequence
from enum import StrEnum

import psutil

from sangkienctl.home import PlatformError

LOOPBACK = "127.0.0.1"
SERVICES = ("submission", "review", "stats", "notify")


class PortChoice(StrEnum):
    DEFAULT = "default"
    AUTO = "auto"


DEFAULT_PORTS: Mapping[str, int] = {
    "gateway": 8080,
    "broker": 19092,
    **{f"{service}-db": 27101 + index for index, service in enumerate(SERVICES)},
    **{f"{service}-api": 8101 + index for index, service in enumerate(SERVICES)},
    **{f"{service}-worker": 8111 + index for index, service in enumerate(SERVICES)},
    "issuer": 8105,
    "smtp": 8106,
    "mailbox": 8107,
}

# Additional ports of a cluster of three Kafka nodes.
CLUSTER_PORTS: Mapping[str, int] = {
    "broker-2": 19093,
    "broker-3": 19094,
    "controller-1": 19192,
    "controller-2": 19193,
    "controller-3": 19194,
}

# Below the range of ports for outgoing connections: otherwise a client that keeps connecting to a stopped
# process would eventually get that very port as its own.
NOT_OUTGOING = range(15000, 32000)


def choose_ports(
    choice: PortChoice,
    earlier: Mapping[str, int],
    table: Mapping[str, int] = DEFAULT_PORTS,
) -> dict[str, int]:
    """The port of each listener of `table`.

    With `auto`, a port of an earlier start is kept if it is still free, so that addresses stay the same.
    """
    if choice is PortChoice.DEFAULT:
        return dict(table)
    chosen = {name: port for name, port in earlier.items() if name in table and is_free(port)}
    missing = [name for name in table if name not in chosen]
    return {**chosen, **dict(zip(missing, _free_ports(len(missing)), strict=True))}


def _free_ports(count: int) -> list[int]:
    listeners: list[socket.socket] = []
    try:
        # All sockets are open at the same time, so that no port is chosen twice.
        while len(listeners) < count:
            listener = socket.socket()
            try:
                listener.bind((LOOPBACK, random.choice(NOT_OUTGOING)))  # noqa: S311 - no secret
            except OSError:
                listener.close()
            else:
                listeners.append(listener)
        return [int(listener.getsockname()[1]) for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: a port in TIME_WAIT does not count as busy.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(ports: Mapping[str, int], names: Sequence[str]) -> None:
    """Raise PlatformError, one line with every busy port, its process and the remedy."""
    busy = [
        f"{ports[name]} ({name}; held by {holder(ports[name])})" for name in names if not is_free(ports[name])
    ]
    if busy:
        noun = "port is" if len(busy) == 1 else "ports are"
        raise PlatformError(
            f"{noun} busy: {', '.join(busy)}. "
            "Stop that process, or use free ports: `sangkienctl up --ports auto`"
        )


def holder(port: int) -> str:
    """The process that listens on the port, as far as this user may see it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "a process that this user may not see"
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            if connection.pid is None:
                return "a process of another user"
            try:
                return f"pid {connection.pid}, {' '.join(psutil.Process(connection.pid).cmdline())[:80]}"
            except psutil.Error:
                return f"pid {connection.pid}"
    return "an unknown process"
