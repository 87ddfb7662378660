"""The SMTP server: accepts mails from any sender to any recipient, limited in size and connections."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.mailbox.store import MailStore

log = logging.getLogger(__name__)

LARGEST_MAIL = 10 * 1024 * 1024
MOST_CONNECTIONS = 50


class KeepEverything:
    """aiosmtpd's handler: acknowledges a mail only after it is on disk."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        try:
            identifier = await asyncio.to_thread(self._store.add, content, list(envelope.rcpt_tos))
        except OSError:
            log.exception("a mail could not be stored")
            return "451 the mail could not be stored, try again"
        log.info("mail kept", extra={"mail": identifier})
        return "250 kept"


class MailCatcher:
    """The SMTP server on its own thread. Port 0 is not supported: senders are configured with a fixed
    port."""

    def __init__(self, store: MailStore, host: str, port: int) -> None:
        self._controller = _BoundedController(
            KeepEverything(store), hostname=host, port=port, data_size_limit=LARGEST_MAIL
        )

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


class _BoundedController(Controller):
    def factory(self) -> SMTP:
        return _BoundedSMTP(self.handler, **self.SMTP_kwargs)


class _BoundedSMTP(SMTP):
    """Refuses connections over the limit, so that a flood does not exhaust the machine."""

    open_connections = 0

    def connection_made(self, transport: Any) -> None:
        _BoundedSMTP.open_connections += 1
        super().connection_made(transport)
        if _BoundedSMTP.open_connections > MOST_CONNECTIONS:
            transport.write(b"421 too many connections, try again later\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        _BoundedSMTP.open_connections -= 1
        super().connection_lost(error)
