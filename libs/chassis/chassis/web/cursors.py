"""Opaque keyset cursors: where the next page of a list starts. A cursor carries values, never rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def encode(value: Mapping[str, str | int]) -> str:
    """A text that is safe in a query."""
    raise NotImplementedError


def decode(text: str, fields: Mapping[str, type] | Iterable[str]) -> dict[str, str | int]:
    """The value of a cursor. fields: exactly the names it must have, with the type of each (str or int) or
    without. Problem `bad-cursor` for anything else."""
    raise NotImplementedError
