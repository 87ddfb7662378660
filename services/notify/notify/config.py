"""The settings of the notification service, read from the environment and checked at start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr

from chassis.plain_connections import mail_contradictions
from chassis.settings import ServiceSettings, http_url, seconds, setting, whole_number


def mail_address(text: str) -> Address:
    """Parser of an address with or without a name: Sáng Kiến <no-reply@example.org>."""
    name, spec = parseaddr(text.strip())
    remedy = f"is {text!r}; set it to an address such as Sáng Kiến <no-reply@example.org>"
    try:
        address = Address(name, addr_spec=spec)
    except (MessageError, ValueError, IndexError):
        raise ValueError(remedy) from None
    if not text.isprintable() or not spec.isascii() or not address.username or not address.domain:
        raise ValueError(remedy)
    return address


def ascii_text(text: str) -> str:
    """Parser of a name or password for signing in; the text is not repeated, for it may be the password."""
    if not text.isascii():
        raise ValueError(
            "has a character that SMTP cannot sign in with; set it to one of ASCII characters only"
        )
    return text


@dataclass(frozen=True)
class Settings(ServiceSettings):
    smtp_host: str = setting("SMTP_HOST", help="the host of the mail server that mail is handed to")
    smtp_port: int = setting(
        "SMTP_PORT", default=25, parse=whole_number(1, 65535), help="the port of that mail server"
    )
    smtp_username: str | None = setting(
        "SMTP_USERNAME",
        default=None,
        parse=ascii_text,
        help="the user name there; without one nobody signs in",
    )
    smtp_password: str | None = setting(
        "SMTP_PASSWORD",
        default=None,
        secret=True,
        parse=ascii_text,
        help="the password there; needed with SMTP_USERNAME",
    )
    smtp_starttls: bool = setting(
        "SMTP_STARTTLS", default=False, help="true to encrypt the connection; the certificate is checked"
    )
    smtp_seconds: float = setting(
        "SMTP_SECONDS",
        default=15.0,
        parse=seconds(0.1, 30),
        help="how long each step of the conversation with the mail server may take",
    )
    mail_from: Address = setting(
        "MAIL_FROM", parse=mail_address, help="the sender of all mail: Name <address>; bounces go there"
    )
    mail_poll_seconds: float = setting(
        "MAIL_POLL_SECONDS",
        default=0.5,
        parse=seconds(0.05, 60),
        help="how often a worker looks for mail that is due",
    )
    public_url: str = setting(
        "PUBLIC_URL", parse=http_url, help="the address of the portal, for the links in messages"
    )
    messages_days: int = setting(
        "MESSAGES_DAYS",
        default=730,
        parse=whole_number(90, 36_500),
        help="days for which inbox entries and the records of mails are kept, 90 to 36500",
    )
    consumer_batch: int = setting(
        "CONSUMER_BATCH",
        default=200,
        parse=whole_number(1, 5000),
        help="events that are handled at once, 1 to 5000",
    )

    @property
    def keep_messages(self) -> timedelta:
        return timedelta(days=self.messages_days)

    def contradictions(self) -> tuple[str, ...]:
        """Those of every service, and of the sign-in at the mail server."""
        mail = mail_contradictions(
            self.smtp_host, self.smtp_username, self.smtp_password, self.smtp_starttls, self.plain_hosts
        )
        return (*super().contradictions(), *mail)
