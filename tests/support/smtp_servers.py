"""A mail server for tests that accepts, refuses, defers, stalls or disconnects, depending on the address."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME, PASSWORD = "notify", "a-password"


class Postbox:
    """The mails that the server received, and how it answers; attributes may be changed between mails.

    refused: recipient → the answer to RCPT; answered: recipient → the answer after the mail's text; drops:
    recipients at whose RCPT the connection is dropped; hangs_up: recipients after whose mail, although
    stored, it is dropped; stalls: recipients whose mail is not answered; sender_refused: the answer to MAIL,
    if any; at_step: called with "sender", with "text" before the mail is stored, with "kept" before it is
    answered.
    """

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.refused: dict[str, str] = {}
        self.answered: dict[str, str] = {}
        self.drops: set[str] = set()
        self.hangs_up: set[str] = set()
        self.stalls: set[str] = set()
        self.sender_refused: str | None = None
        self.at_step: Callable[[str], None] = lambda step: None

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.at_step("sender")
        if self.sender_refused is not None:
            return self.sender_refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.drops:
            _drop(server)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        self.at_step("text")
        if recipient in self.answered:
            return self.answered[recipient]
        if recipient in self.stalls:
            await asyncio.sleep(30)
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients.append(recipient)
        self.at_step("kept")
        if recipient in self.hangs_up:
            _drop(server)
        return "250 OK"


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


class _OnAnyPort(Controller):
    """The library requires a fixed port; this class lets the system choose a free one and reports it."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def smtp_server(postbox: Postbox, *, sign_in: bool = False) -> Iterator[Postbox]:
    """Serve `postbox` on a free loopback port. sign_in: offers AUTH, for USERNAME and PASSWORD only."""

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USERNAME.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=known)

    controller = _OnAnyPort(
        postbox,
        hostname=postbox.host,
        port=0,
        authenticator=authenticate if sign_in else None,
        auth_require_tls=False,
    )
    controller.start()
    postbox.port = controller.port
    try:
        yield postbox
    finally:
        controller.stop()
