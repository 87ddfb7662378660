"""Owns the SMTP conversation: one connection for many mails, every step bounded in time, every ending turned
into a code. It must never let the server's words through, because they repeat addresses."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from notify.application.ports import Attempt, MailServerAway
from notify.domain.deliveries import Outcome

# RFC 5321, 4.2.3: 421 closes the connection, whatever it answers.
CLOSING: Final = 421


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over.

    sender: the envelope's sender, where bounces go; seconds: for each step of the conversation.
    """

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = False
    seconds: float = 15.0

    @contextmanager
    def session(self) -> Iterator[SmtpSession]:
        """A connection that is ready for mails; MailServerAway when there is none to be had."""
        # Our own name is given because looking it up can take longer than sending a mail.
        client = smtplib.SMTP(timeout=self.seconds, local_hostname=self.sender.rpartition("@")[2])
        try:
            self._open(client)
            yield SmtpSession(client, self.sender)
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
        finally:
            client.close()

    def _open(self, client: smtplib.SMTP) -> None:
        try:
            code, _ = client.connect(self.host, self.port)
            if code != 220:
                raise MailServerAway(f"smtp-greeting-{code}")
            if self.starttls:
                client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
            if self.username is not None:
                client.login(self.username, self.password or "")
        except smtplib.SMTPAuthenticationError as error:
            raise MailServerAway(f"smtp-sign-in-{error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            raise MailServerAway(f"smtp-{error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            raise MailServerAway("smtp-not-supported") from None
        except (smtplib.SMTPException, OSError):
            raise MailServerAway("smtp-no-connection") from None


class SmtpSession:
    def __init__(self, client: smtplib.SMTP, sender: str) -> None:
        self._client = client
        self._sender = sender
        self._usable = True

    @property
    def usable(self) -> bool:
        return self._usable and self._client.sock is not None

    def send(self, mail: bytes, recipient: str) -> Attempt:
        """Hand one mail over. Any code but ACCEPTED leaves open only for BROKEN whether the server has it."""
        try:
            self._client.sendmail(self._sender, [recipient], mail)
        except smtplib.SMTPRecipientsRefused as error:
            return self._answered(next(iter(error.recipients.values()))[0])
        except smtplib.SMTPSenderRefused as error:
            # Refused before the recipient was named: it is us, or the server's mood, not this mail.
            self._usable = False
            return Attempt(Outcome.UNAVAILABLE, f"smtp-sender-{error.smtp_code}")
        except smtplib.SMTPResponseException as error:
            return self._answered(error.smtp_code)
        except (smtplib.SMTPException, OSError):
            self._usable = False
            return Attempt(Outcome.BROKEN, "smtp-connection-lost")
        return Attempt(Outcome.ACCEPTED)

    def _answered(self, code: int) -> Attempt:
        self._usable = code != CLOSING
        return Attempt(Outcome.REFUSED if code >= 500 else Outcome.DEFERRED, f"smtp-{code}")
