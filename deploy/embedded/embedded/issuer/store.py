"""What the issuer keeps on disk: password hashes, sessions of browsers, authorization codes, refresh tokens,
small values. In SQLite, written through before an answer leaves. Codes, tokens and session ids are kept as
digests only.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS passwords (username TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS codes (
    digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, username TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL, nonce TEXT, challenge TEXT NOT NULL, auth_time INTEGER NOT NULL,
    expires INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refresh_tokens (
    digest TEXT PRIMARY KEY, family TEXT NOT NULL, client_id TEXT NOT NULL, username TEXT NOT NULL,
    scope TEXT NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY, username TEXT NOT NULL, auth_time INTEGER NOT NULL,
    expires INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX IF NOT EXISTS refresh_tokens_by_expiry ON refresh_tokens (expires);
"""
BUSY_SECONDS = 10


@dataclass(frozen=True)
class StoredCode:
    """An issued authorization code. auth_time, expires: seconds since 1970."""

    client_id: str
    username: str
    redirect_uri: str
    scope: str
    nonce: str | None
    challenge: str
    auth_time: int
    expires: int


@dataclass(frozen=True)
class StoredRefreshToken:
    """A refresh token; all tokens of one sign-in have the same `family`."""

    digest: str
    family: str
    client_id: str
    username: str
    scope: str
    expires: int
    used: bool


@dataclass(frozen=True)
class StoredSession:
    """A browser that is signed in. auth_time, expires: seconds since 1970."""

    username: str
    auth_time: int
    expires: int


def digest(token: str) -> str:
    """Tokens have 256 random bits, so a plain SHA-256 is enough here."""
    return hashlib.sha256(token.encode()).hexdigest()


class Store:
    """The database file in a folder, created if absent. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._connection = sqlite3.connect(
            folder / "issuer.sqlite", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def setting(self, name: str) -> str | None:
        with self._lock:
            row = self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_setting(self, name: str, value: str) -> None:
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def password_hash(self, username: str) -> str | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT hash FROM passwords WHERE username = ?", (username,)
            ).fetchone()
        return None if row is None else str(row[0])

    def replace_password_hashes(self, hashes: dict[str, str], accounts_digest: str) -> None:
        """All hashes at once, and which state of the accounts file they are of. Whose hash is another than
        before, or none, is signed out everywhere."""
        with self._write() as connection:
            before = connection.execute("SELECT username, hash FROM passwords").fetchall()
            for username, earlier in before:
                if hashes.get(username) != earlier:
                    _sign_out(connection, username)
            connection.execute("DELETE FROM passwords")
            connection.executemany("INSERT INTO passwords VALUES (?, ?)", hashes.items())
            connection.execute(
                "INSERT OR REPLACE INTO settings VALUES ('accounts_digest', ?)", (accounts_digest,)
            )

    def add_code(self, code: str, stored: StoredCode, now: int) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM codes WHERE expires < ?", (now,))
            connection.execute(
                "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    digest(code),
                    stored.client_id,
                    stored.username,
                    stored.redirect_uri,
                    stored.scope,
                    stored.nonce,
                    stored.challenge,
                    stored.auth_time,
                    stored.expires,
                ),
            )

    def take_code(self, code: str) -> StoredCode | None:
        """Return the code and delete it: it can be used once, whether the exchange succeeds or not."""
        with self._write() as connection:
            row = connection.execute("SELECT * FROM codes WHERE digest = ?", (digest(code),)).fetchone()
            connection.execute("DELETE FROM codes WHERE digest = ?", (digest(code),))
        return None if row is None else StoredCode(*row[1:])

    def add_refresh_token(
        self, token: str, family: str, client_id: str, username: str, scope: str, expires: int, now: int
    ) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM refresh_tokens WHERE expires < ?", (now,))
            connection.execute(
                "INSERT INTO refresh_tokens VALUES (?, ?, ?, ?, ?, ?, 0)",
                (digest(token), family, client_id, username, scope, expires),
            )

    def refresh_token(self, token: str) -> StoredRefreshToken | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT * FROM refresh_tokens WHERE digest = ?", (digest(token),)
            ).fetchone()
        return None if row is None else StoredRefreshToken(*row)

    def use_refresh_token(self, stored: StoredRefreshToken) -> bool:
        """Mark it as used; False if it was already used."""
        with self._write() as connection:
            changed = connection.execute(
                "UPDATE refresh_tokens SET used = 1 WHERE digest = ? AND used = 0", (stored.digest,)
            ).rowcount
        return changed == 1

    def revoke_family(self, family: str) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM refresh_tokens WHERE family = ?", (family,))

    def add_session(self, identifier: str, stored: StoredSession, now: int) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM sessions WHERE expires < ?", (now,))
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)",
                (digest(identifier), stored.username, stored.auth_time, stored.expires),
            )

    def session(self, identifier: str) -> StoredSession | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT username, auth_time, expires FROM sessions WHERE digest = ?", (digest(identifier),)
            ).fetchone()
        return None if row is None else StoredSession(*row)

    def end_session(self, identifier: str) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (digest(identifier),))

    def revoke_account(self, username: str) -> None:
        """End every session of the account, and what came of them: codes and refresh tokens."""
        with self._write() as connection:
            _sign_out(connection, username)


def _sign_out(connection: sqlite3.Connection, username: str) -> None:
    connection.execute("DELETE FROM sessions WHERE username = ?", (username,))
    connection.execute("DELETE FROM codes WHERE username = ?", (username,))
    connection.execute("DELETE FROM refresh_tokens WHERE username = ?", (username,))
