"""The fields of work that an initiative may name: packaged data, read once."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


@cache
def field_names() -> dict[str, str]:
    """The Vietnamese name of each field by its slug."""
    text = resources.files("submission").joinpath("data/fields.json").read_text(encoding="utf-8")
    return {field["slug"]: field["name_vi"] for field in json.loads(text)}
