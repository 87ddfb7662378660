"""Owns the form of a mail on the wire: headers, parts, Message-ID. It must never let a value end a header."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import jinja2

from notify.adapters.wording import Words, one_line
from notify.domain.contacts import Contact
from notify.domain.messages import Message


class MailComposer:
    """Makes the mail for a message.

    sender: the address that mails come from; sender_name: shown beside it.
    """

    def __init__(self, words: Words, sender: str, sender_name: str) -> None:
        self._words = words
        self._sender = Address(sender_name, addr_spec=sender)

    def compose(self, message: Message, contact: Contact, now: datetime) -> EmailMessage:
        """The mail to `contact`; ValueError when it cannot be made."""
        if contact.email is None:
            raise ValueError("the contact has no address")
        try:
            letter = self._words.letter(message, contact.language, contact.name)
        except (jinja2.TemplateError, LookupError) as error:
            raise ValueError("the message lacks a fact that its words need") from error
        mail = EmailMessage(policy=SMTP)
        mail["Message-ID"] = self.message_id(message)
        mail["Date"] = now
        mail["From"] = self._sender
        mail["To"] = Address(one_line(contact.name or ""), addr_spec=contact.email)
        mail["Subject"] = letter.subject
        # RFC 3834: answering machines must not answer.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text, cte="base64")
        mail.add_alternative(letter.html, subtype="html", cte="base64")
        # After the content: set_content drops every Content-* header that stands before it.
        mail["Content-Language"] = contact.language.value
        return mail

    def message_id(self, message: Message) -> str:
        """The same at every attempt, so that a mail sent twice is recognisable; names no person."""
        digest = hashlib.sha256(message.id.encode()).hexdigest()[:40]
        return f"<{digest}@{self._sender.domain}>"
