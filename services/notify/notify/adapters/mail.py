"""Owns the form of a mail on the wire: headers, parts, Message-ID. It must never let a value end a header.

The bytes are written here and not by `email.message`, which takes some 5 ms of CPU for one mail: more than
the mail server takes to accept it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime
from typing import Final

import jinja2

from notify.adapters.wording import Words, one_line
from notify.domain.contacts import Contact
from notify.domain.messages import Message

CRLF: Final = "\r\n"
# Of text in one encoded word, so that the longest line, with its header's name, keeps below 76 signs.
WORD_BYTES: Final = 39
# What may stand between < and >: nothing that closes it or starts a second address.
_PLAIN_ADDRESS = re.compile(r"[^\s<>,;:\"()\\@]+@[^\s<>,;:\"()\\@]+")


class MailComposer:
    """Makes the mail for a message.

    sender: the address that mails come from, with the name shown beside it.
    """

    def __init__(self, words: Words, sender: Address) -> None:
        self._words = words
        self._domain = sender.domain
        self._from = _mailbox("From", sender.display_name, sender.addr_spec)

    def compose(self, message: Message, contact: Contact, now: datetime) -> bytes:
        """The mail to `contact`; ValueError when it cannot be made."""
        if contact.email is None:
            raise ValueError("the contact has no address")
        try:
            letter = self._words.letter(message, contact.language, contact.name)
        except (jinja2.TemplateError, LookupError) as error:
            raise ValueError("the message lacks a fact that its words need") from error
        mark = _mark(message)
        # Base64 has no hyphen, so no text can hold the boundary.
        boundary = f"--{mark}"
        lines = [
            f"Message-ID: <{mark}@{self._domain}>",
            f"Date: {format_datetime(now)}",
            self._from,
            _mailbox("To", contact.name or "", contact.email),
            f"Subject: {_encoded(letter.subject)}",
            f"Content-Language: {contact.language.value}",
            # RFC 3834: answering machines must not answer.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative;{CRLF} boundary="{boundary}"',
            "",
            *_part(boundary, "plain", letter.text),
            *_part(boundary, "html", letter.html),
            f"--{boundary}--",
            "",
        ]
        return CRLF.join(lines).encode("ascii")


def _mark(message: Message) -> str:
    """The same at every attempt, so that a mail sent twice is recognisable; names no person."""
    return hashlib.sha256(message.id.encode()).hexdigest()[:40]


def _encoded(text: str) -> str:
    """Text as RFC 2047 encoded words, folded: whatever it holds, it is a few plain signs now."""
    words = [b""]
    for sign in one_line(text):
        # A word holds whole signs only, or a reader's program shows broken ones.
        encoded = sign.encode()
        if len(words[-1]) + len(encoded) > WORD_BYTES:
            words.append(b"")
        words[-1] += encoded
    return f"{CRLF} ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _mailbox(header: str, name: str, address: str) -> str:
    if not address.isascii() or _PLAIN_ADDRESS.fullmatch(address) is None:
        raise ValueError("not an address that can stand in a header")
    shown = one_line(name)
    return f"{header}: {_encoded(shown)}{CRLF} <{address}>" if shown else f"{header}: <{address}>"


def _part(boundary: str, subtype: str, text: str) -> list[str]:
    canonical = text.replace("\n", CRLF).encode()
    content = base64.encodebytes(canonical).decode("ascii").rstrip("\n").replace("\n", CRLF)
    return [
        f"--{boundary}",
        f'Content-Type: text/{subtype}; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        content,
    ]
