"""Which type a content is of, by its bytes and never by a name that somebody gave it. It recognises what an
allow-list may name; everything else, HTML and SVG among it, is of no type.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

# Enough for every signature, and for the first names within an office document.
HEAD_BYTES: Final = 64 * 1024

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
WEBP: Final = "image/webp"
TEXT: Final = "text/plain"
ZIP: Final = "application/zip"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
DOCX: Final = f"{_OFFICE}wordprocessingml.document"
XLSX: Final = f"{_OFFICE}spreadsheetml.sheet"
PPTX: Final = f"{_OFFICE}presentationml.presentation"

_LOCAL_HEADER: Final = b"PK\x03\x04"
_FOLDERS: Final = {b"word": DOCX, b"xl": XLSX, b"ppt": PPTX}
# Text that a browser might run, were it ever shown inline.
_MARKUP: Final = re.compile(rb"<\s*(!doctype|html|svg|script|head|body|\?xml)", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def type_of(head: bytes) -> str | None:
    """The media type by the first HEAD_BYTES of a content; None when it is none of the above."""
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(_LOCAL_HEADER):
        return _of_archive(head)
    return TEXT if _is_text(head) else None


def _of_archive(head: bytes) -> str:
    """An office document is an archive with a folder of its own; its entries may be in any order."""
    if b"[Content_Types].xml" not in head and b"_rels/.rels" not in head:
        return ZIP
    at = 0
    while (at := head.find(_LOCAL_HEADER, at)) >= 0:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        folder, slash, _ = head[at + 30 : at + 30 + length].partition(b"/")
        if slash and folder in _FOLDERS:
            return _FOLDERS[folder]
        at += 4
    return ZIP


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters and without what looks like a page; CSV is text."""
    if not head or _CONTROL.search(head) or _MARKUP.search(head):
        return False
    try:
        # Not final: the head may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
