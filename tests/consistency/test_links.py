"""Every relative link between the pages of the repository leads to something that is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.repository import files

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)")


def test_every_relative_link_of_a_page_leads_somewhere() -> None:
    pages = [ROOT / name for name in files() if name.endswith(".md")]

    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not target.startswith("/") and not (page.parent / target).exists()
    ]

    assert broken == []
    assert len(pages) > 50
