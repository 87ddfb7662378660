from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chassis.bounded_socket import BoundedSocket


@pytest.fixture
def pair() -> Iterator[tuple[BoundedSocket, socket.socket]]:
    near, far = socket.socketpair()
    bounded = BoundedSocket.taking(near)
    with bounded, far:
        yield bounded, far


def test_what_is_there_is_read_and_written(pair: tuple[BoundedSocket, socket.socket]) -> None:
    bounded, far = pair
    bounded.setblocking(True)
    far.sendall(b"asked")

    assert bounded.recv(100) == b"asked"
    bounded.sendall(b"answered")
    assert far.recv(100) == b"answered"


def test_a_client_that_sends_nothing_more_is_gone_when_its_time_is_over(
    pair: tuple[BoundedSocket, socket.socket],
) -> None:
    bounded, _ = pair
    bounded.read_seconds = 0.05
    bounded.setblocking(True)

    with pytest.raises(ConnectionResetError):
        bounded.recv(100)


def test_bytes_now_and_then_win_no_more_time(pair: tuple[BoundedSocket, socket.socket]) -> None:
    bounded, far = pair
    bounded.read_seconds = 0.1
    bounded.setblocking(True)

    def trickle() -> None:
        # Each read finds a byte at once, for longer than the request may take.
        while True:
            far.sendall(b"x")
            bounded.recv(1)

    with pytest.raises(ConnectionResetError):
        trickle()


def test_the_next_request_of_a_connection_has_its_own_time(pair: tuple[BoundedSocket, socket.socket]) -> None:
    bounded, far = pair
    bounded.read_seconds = 0.05
    bounded.setblocking(True)
    with pytest.raises(ConnectionResetError):
        bounded.recv(1)
    far.sendall(b"next")
    bounded.read_seconds = 60

    bounded.setblocking(True)

    assert bounded.recv(100) == b"next"


def test_a_shorter_limit_of_the_server_stays(pair: tuple[BoundedSocket, socket.socket]) -> None:
    bounded, _ = pair
    bounded.setblocking(True)
    bounded.settimeout(0.05)

    with pytest.raises(TimeoutError):
        bounded.recv(1)


def test_a_client_that_takes_nothing_is_gone(pair: tuple[BoundedSocket, socket.socket]) -> None:
    bounded, _ = pair
    bounded.write_seconds = 0.05
    bounded.setblocking(True)

    with pytest.raises(ConnectionResetError):
        bounded.sendall(b"x" * 50_000_000)
