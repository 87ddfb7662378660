"""The caught mails on disk, in SQLite: limited in number and size; the oldest are deleted first."""

from __future__ import annotations

import email.policy
import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL,
    received TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, subject TEXT NOT NULL,
    snippet TEXT NOT NULL, size INTEGER NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS addressees (
    number INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE, address TEXT NOT NULL,
    PRIMARY KEY (address, number)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS addressees_by_message ON addressees (number);
"""
MOST_MESSAGES = 50_000
SNIPPET_CHARACTERS = 250

Address = dict[str, str]


@dataclass(frozen=True)
class Summary:
    """One mail in a list. received: UTC; size: bytes; to: {Name, Address} of header and envelope."""

    id: str
    message_id: str
    received: str
    sender: Address
    recipients: list[Address]
    subject: str
    snippet: str
    size: int


class MailStore:
    """The mails in a folder, created if absent. Thread-safe."""

    def __init__(
        self, folder: Path, most: int = MOST_MESSAGES, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            folder / "mailbox.sqlite", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, raw: bytes, envelope_to: Sequence[str]) -> str:
        """Store one mail; it is on disk when this returns. Each delivery gets a new id."""
        message = parse(raw)
        recipients = _addresses(message, "To", "Cc")
        known = {recipient["Address"].lower() for recipient in recipients}
        recipients += [{"Name": "", "Address": to} for to in envelope_to if to.lower() not in known]
        sender = (_addresses(message, "From") or [{"Name": "", "Address": ""}])[0]
        identifier = secrets.token_urlsafe(16)
        row = (
            identifier,
            str(message.get("Message-ID", "")).strip("<> "),
            self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            json.dumps(sender),
            json.dumps(recipients),
            str(message.get("Subject", "")),
            re.sub(r"\s+", " ", body(message, "plain"))[:SNIPPET_CHARACTERS],
            len(raw),
            raw,
        )
        addressees = {recipient["Address"].lower() for recipient in recipients}
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            number = connection.execute(
                "INSERT INTO messages"
                " (id, message_id, received, sender, recipients, subject, snippet, size, raw)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            connection.executemany(
                "INSERT INTO addressees VALUES (?, ?)", [(number, address) for address in addressees]
            )
            connection.execute("DELETE FROM messages WHERE number <= ?", ((number or 0) - self._most,))
        return identifier

    def newest(self, start: int, limit: int, to: str | None = None) -> list[Summary]:
        """Newest first; only the mails to one address if `to` is given."""
        where, values = _filter(to)
        with self._lock:
            query = f"SELECT {_COLUMNS} FROM messages m{where} ORDER BY m.number DESC LIMIT ? OFFSET ?"  # noqa: S608
            rows = self._connection.execute(query, (*values, limit, start)).fetchall()
        return [_summary(row) for row in rows]

    def count(self, to: str | None = None) -> int:
        where, values = _filter(to)
        with self._lock:
            counted = self._connection.execute(f"SELECT count(*) FROM messages m{where}", values)  # noqa: S608
            return int(counted.fetchone()[0])

    def get(self, identifier: str) -> tuple[Summary, bytes] | None:
        with self._lock:
            row = self._connection.execute(
                f"SELECT {_COLUMNS}, m.raw FROM messages m WHERE m.id = ?",  # noqa: S608
                (identifier,),
            ).fetchone()
        return None if row is None else (_summary(row[:-1]), row[-1])


_COLUMNS = "m.id, m.message_id, m.received, m.sender, m.recipients, m.subject, m.snippet, m.size"


def _filter(to: str | None) -> tuple[str, tuple[str, ...]]:
    if to is None:
        return "", ()
    return " JOIN addressees a ON a.number = m.number AND a.address = ?", (to.lower(),)


def _summary(row: Sequence[Any]) -> Summary:
    return Summary(row[0], row[1], row[2], json.loads(row[3]), json.loads(row[4]), *row[5:])


def parse(raw: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)


def body(message: EmailMessage, kind: str) -> str:
    """The text of the part `plain` or `html`; empty if the mail has none or it cannot be decoded."""
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return ""


def _addresses(message: EmailMessage, *headers: str) -> list[Address]:
    values = [str(value) for header in headers for value in message.get_all(header, [])]
    return [{"Name": name, "Address": address} for name, address in getaddresses(values) if address]
