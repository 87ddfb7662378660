"""The demo accounts, read from the accounts file. Passwords are stored as argon2 hashes."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from embedded.issuer.store import Store

# OWASP's minimum for argon2id: 19 MiB, 2 passes. About 20 ms, so a first start hashes all accounts in a
# second.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
LONGEST_PASSWORD = 256


class AccountsError(Exception):
    """The accounts file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Account:
    """A demo person. member_id: the subject of tokens; grants: {role, unit} as in the file."""

    username: str
    member_id: str
    name: str
    email: str
    locale: str
    grants: tuple[Mapping[str, str], ...]

    def get_user_id(self) -> str:
        """For Authlib: the subject."""
        return self.member_id


class Accounts:
    """All accounts by user name. Hashes are made only when the file has changed, and only of the
    passwords that have."""

    def __init__(self, file: Path, store: Store) -> None:
        content = file.read_bytes()
        entries = _entries(content, file)
        self._store = store
        self._by_name = {entry["username"]: _account(entry) for entry in entries}
        self._by_member = {account.member_id: account for account in self._by_name.values()}
        if len(self._by_member) != len(entries):
            raise AccountsError(f"{file}: a user name or a member id occurs twice")
        state = hashlib.sha256(content).hexdigest()
        if store.setting("accounts_digest") != state:
            hashes = {entry["username"]: self._hash(entry) for entry in entries}
            store.replace_password_hashes(hashes, state)
        # Verified for unknown names, so that the answer takes as long as for known ones.
        self._nobody = HASHER.hash("nobody")

    def _hash(self, entry: Mapping[str, Any]) -> str:
        # An unchanged password keeps its hash: another one would sign its owner out.
        kept = self._store.password_hash(entry["username"])
        return (
            kept if kept and _verifies(kept, entry["password"]) else HASHER.hash(_normal(entry["password"]))
        )

    def named(self, username: str) -> Account | None:
        return self._by_name.get(username)

    def with_member_id(self, member_id: str) -> Account | None:
        return self._by_member.get(member_id)

    def check(self, username: str, password: str) -> Account | None:
        """The account if the password is correct, else None."""
        account = self._by_name.get(username)
        expected = self._store.password_hash(username) if account else None
        if len(password) > LONGEST_PASSWORD:
            return None
        right = _verifies(expected or self._nobody, password)
        return account if right and expected else None


def _verifies(expected: str, password: str) -> bool:
    try:
        return HASHER.verify(expected, _normal(password))
    except (Argon2Error, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # The same spelling whatever the keyboard sends (RFC 8265 asks for NFC).
    return unicodedata.normalize("NFC", password)


def _entries(content: bytes, file: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(content)
    except ValueError as error:
        raise AccountsError(f"{file} is not JSON: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AccountsError(f"{file}: expected a list of accounts")
    return entries


def _account(entry: Mapping[str, Any]) -> Account:
    try:
        return Account(
            username=entry["username"],
            member_id=entry["member_id"],
            name=entry["name"],
            email=entry["email"],
            locale=entry.get("locale", "vi"),
            grants=tuple({"role": grant["role"], "unit": grant["unit"]} for grant in entry["grants"]),
        )
    except KeyError as error:
        raise AccountsError(f"account {entry.get('username', '?')}: {error} is missing") from error
