"""Owns the SMTP conversation: one connection for many mails, every step bounded in time, every ending turned
into a code. It must never let the server's words through, because they repeat addresses."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from notify.application.ports import Attempt, MailServerAway
from notify.domain.deliveries import Outcome

# Answers of RFC 5321, 4.2.3; 421 closes the connection, whatever it answers.
OK: Final = 250
FORWARDED: Final = 251
GO_AHEAD: Final = 354
FIRST_REFUSAL: Final = 400
CLOSING: Final = 421
FIRST_FINAL: Final = 500
# A server may look at the text before it answers, and who does not wait never knows: RFC 5321, 4.5.3.2.6.
ANSWER_STEPS: Final = 4

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


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
            yield SmtpSession(client, self.sender, self.seconds)
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
    """One mail after the other: `offer`, and if the server agrees, `hand_over`.

    seconds: for each step; the answer to a mail's text may take ANSWER_STEPS times as long.
    """

    def __init__(self, client: smtplib.SMTP, sender: str, seconds: float) -> None:
        self._client = client
        self._sender = sender
        self._seconds = seconds
        self._usable = True

    @property
    def usable(self) -> bool:
        return self._usable and self._client.sock is not None

    def offer(self, recipient: str) -> Attempt | None:
        """Sender and recipient; None when the server takes both. Whatever else it says, it has no mail."""
        try:
            code, _ = self._client.mail(self._sender)
            if code != OK:
                # Refused before the recipient was named: it is us, or the server's mood, not this mail.
                self._usable = False
                return Attempt(Outcome.UNAVAILABLE, f"smtp-sender-{code}")
            code, _ = self._client.rcpt(recipient)
            return None if code in (OK, FORWARDED) else self._begin_anew(code)
        except (smtplib.SMTPException, OSError):
            return self._lost(Outcome.BROKEN, "smtp-connection-lost")

    def hand_over(self, mail: bytes) -> Attempt:
        """The text. Only UNANSWERED leaves open whether the server has the mail."""
        try:
            code, _ = self._client.docmd("DATA")
            if code != GO_AHEAD:
                return self._begin_anew(code)
        except (smtplib.SMTPException, OSError):
            return self._lost(Outcome.BROKEN, "smtp-connection-lost")
        try:
            self._client.send(_as_data(mail))
            code = self._answer()
        except (smtplib.SMTPException, OSError):
            return self._lost(Outcome.UNANSWERED, "smtp-unanswered")
        if code == OK:
            return Attempt(Outcome.ACCEPTED)
        if code < FIRST_REFUSAL:  # Not an answer that RFC 5321 knows: it says neither yes nor no.
            return self._lost(Outcome.UNANSWERED, "smtp-answer-unknown")
        return self._refused(code)

    def _answer(self) -> int:
        connection = self._client.sock
        if connection is None:
            raise smtplib.SMTPServerDisconnected
        connection.settimeout(self._seconds * ANSWER_STEPS)
        code, _ = self._client.getreply()
        connection.settimeout(self._seconds)
        return code

    def _begin_anew(self, code: int) -> Attempt:
        """After a refusal in the middle of a mail, the server has to forget what it heard of it."""
        attempt = self._refused(code)
        if self._usable:
            # If the connection does not survive it, the next mail gets a new one.
            with suppress(smtplib.SMTPException, OSError):
                self._client.rset()
        return attempt

    def _refused(self, code: int) -> Attempt:
        self._usable = code != CLOSING
        return Attempt(Outcome.REFUSED if code >= FIRST_FINAL else Outcome.DEFERRED, f"smtp-{code}")

    def _lost(self, outcome: Outcome, reason: str) -> Attempt:
        self._usable = False
        return Attempt(outcome, reason)


def _as_data(mail: bytes) -> bytes:
    """A mail as it goes over the wire: leading dots doubled, a dot alone at the end (RFC 5321, 4.5.2)."""
    ended = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended) + b".\r\n"
